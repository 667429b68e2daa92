//! Builds the client for WAHA, and the sender.

use std::time::Duration;

use tokio::sync::mpsc;

use super::shared::Shared;
use super::start_error::StartError;
use crate::config::{HandlingConfig, WahaConfig};
use crate::service::deliver::send_config::SendConfig;
use crate::service::deliver::send_context::SendContext;
use crate::service::deliver::sender::Sender;
use crate::service::kit::handover::GivenLanes;
use crate::store::Bell;
use crate::waha::client::{Client, ClientConfig};

/// Parallel requests to WAHA. Each uses a thread.
const REQUESTS_MAX: usize = 64;
/// WAHA itself may wait up to 15 s for a session before it answers (`waitUntilStatus` in its source).
const WAHA_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn client(config: WahaConfig) -> Result<Client, StartError> {
    Ok(Client::new(ClientConfig {
        base_url: config.url.reveal().to_owned(),
        api_key: config.api_key.map(|key| key.reveal().to_owned()),
        timeout: WAHA_TIMEOUT,
        connections: REQUESTS_MAX,
    })?)
}

pub(super) fn sender(
    shared: &Shared,
    config: &HandlingConfig,
    bells: mpsc::UnboundedReceiver<Bell>,
    given: GivenLanes,
) -> Sender {
    let context = SendContext::new(
        shared.process.clone(),
        shared.store.clone(),
        shared.client.clone(),
        shared.notifier.clone(),
        shared.lease.clone(),
        shared.access.clone(),
        SendConfig {
            pacing: config.pacing,
            in_doubt: config.in_doubt,
            requests: REQUESTS_MAX,
        },
    );
    Sender {
        context,
        bells,
        given,
    }
}
