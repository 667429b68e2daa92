//! Builds the listener, and the agents that find what it missed.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::shared::Shared;
use super::start_error::StartError;
use crate::config::{CatchUpConfig, WebhookConfig};
use crate::flows::Flows;
use crate::service::inlet::catch_up::CatchUp;
use crate::service::inlet::intake::Intake;
use crate::service::inlet::lid_lookup::LidLookup;
use crate::service::inlet::listener::{self, Listener};
use crate::service::kit::metrics::Metrics;
use crate::service::kit::readiness::Readiness;
use crate::service::owner::notifier::OwnerNotifier;
use crate::store::{Bell, Store};
use crate::waha::signature::Verifier;

pub(super) fn bind(listen: SocketAddr) -> Result<TcpListener, StartError> {
    listener::bind(listen).map_err(|source| StartError::Listen {
        address: listen,
        source,
    })
}

pub(super) fn intake(
    store: &Store,
    flows: &Arc<Flows>,
    notifier: OwnerNotifier,
    config: &CatchUpConfig,
) -> Intake {
    Intake::new(store.clone(), flows.clone(), notifier, config.max_age)
}

pub(super) fn listener(
    config: &WebhookConfig,
    intake: Intake,
    store: Store,
    metrics: &Arc<Metrics>,
    connections_max: usize,
    readiness: Arc<Readiness>,
) -> Listener {
    Listener {
        verifier: Verifier::new(&config.secrets()),
        intake,
        store,
        metrics: metrics.clone(),
        connections_max,
        readiness,
    }
}

pub(super) fn catch_up(
    shared: &Shared,
    config: &CatchUpConfig,
    bells: mpsc::UnboundedReceiver<Bell>,
) -> CatchUp {
    CatchUp {
        intake: intake(
            &shared.store,
            &shared.flows,
            shared.notifier.clone(),
            config,
        ),
        store: shared.store.clone(),
        client: shared.client.clone(),
        interval: config.interval,
        duties: shared.duties.clone(),
        bells,
    }
}

pub(super) fn lid_lookup(shared: &Shared) -> LidLookup {
    LidLookup {
        store: shared.store.clone(),
        client: shared.client.clone(),
    }
}
