//! Who handles conversations, from claim to close.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Shared;
use crate::secret::Secret;
use crate::service::handle::calls::Calls;
use crate::service::handle::conversation::{self, HandedOver};
use crate::service::handle::dispatcher::Worker;
use crate::store::Bell;

pub(super) fn dispatcher(
    shared: &Shared,
    workers: usize,
    call_secret: Option<Secret>,
    lanes: mpsc::UnboundedSender<HandedOver>,
    bells: mpsc::UnboundedReceiver<Bell>,
) -> Worker {
    let context = conversation::Context {
        process: shared.process.clone(),
        store: shared.store.clone(),
        flows: shared.flows.clone(),
        wake_ups: shared.pickup_latency.clone(),
        ears: shared.reachability.clone(),
        lease: shared.lease.clone(),
        calls: Arc::new(Calls::new(call_secret)),
        lanes,
    };
    Worker {
        context: Arc::new(context),
        workers,
        bells,
    }
}
