//! Builds the dispatcher, which handles conversations.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::shared::Shared;
use crate::secret::Secret;
use crate::service::handle::calls::Calls;
use crate::service::handle::conversation::ConversationContext;
use crate::service::handle::dispatcher::Dispatcher;
use crate::service::kit::handover::Handover;
use crate::store::Bell;

pub(super) fn dispatcher(
    shared: &Shared,
    workers: usize,
    call_secret: Option<Secret>,
    handover: Handover,
    bells: mpsc::UnboundedReceiver<Bell>,
) -> Dispatcher {
    let context = ConversationContext {
        process: shared.process.clone(),
        store: shared.store.clone(),
        flows: shared.flows.clone(),
        pickup_latency: shared.pickup_latency.clone(),
        reachability: shared.reachability.clone(),
        lease: shared.lease.clone(),
        calls: Arc::new(Calls::new(call_secret)),
        handover,
    };
    Dispatcher {
        context: Arc::new(context),
        workers,
        bells,
    }
}
