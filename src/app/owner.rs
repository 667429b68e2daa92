//! Builds the agents that notify the owner.

use std::sync::Arc;

use super::shared::Shared;
use crate::flows::Flows;
use crate::ids::NotifyChat;
use crate::service::owner::handoffs::HandoffNotifier;
use crate::service::owner::left_alone::LeftAloneNotifier;
use crate::service::owner::notifier::OwnerNotifier;
use crate::service::owner::reachability::ReachabilityMonitor;
use crate::service::owner::waha_monitor::WahaMonitor;
use crate::store::Store;

pub(super) fn notifier(
    store: &Store,
    notify_chat: Option<NotifyChat>,
    flows: &Arc<Flows>,
) -> OwnerNotifier {
    OwnerNotifier::new(store.clone(), notify_chat, flows.clone())
}

pub(super) fn reachability(shared: &Shared) -> ReachabilityMonitor {
    ReachabilityMonitor {
        store: shared.store.clone(),
        reachability: shared.reachability.clone(),
        duties: shared.duties.clone(),
    }
}

pub(super) fn waha_monitor(shared: &Shared) -> WahaMonitor {
    WahaMonitor {
        process: shared.process.clone(),
        store: shared.store.clone(),
        access: shared.access.clone(),
    }
}

pub(super) fn handoffs(shared: &Shared, console: Option<String>) -> HandoffNotifier {
    HandoffNotifier {
        store: shared.store.clone(),
        notifier: shared.notifier.clone(),
        flows: shared.flows.clone(),
        console,
    }
}

pub(super) fn left_alone(shared: &Shared) -> LeftAloneNotifier {
    LeftAloneNotifier {
        store: shared.store.clone(),
        flows: shared.flows.clone(),
        notifier: shared.notifier.clone(),
    }
}
