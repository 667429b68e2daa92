//! Who notifies the owner, and who finds out what about.

use std::sync::Arc;

use super::Shared;
use crate::flows::Flows;
use crate::service::owner::handoffs::Handoffs;
use crate::service::owner::notifier::Owner;
use crate::service::owner::notify_chat::NotifyChat;
use crate::service::owner::reachability::Hearing;
use crate::store::Store;

pub(super) fn notifier(
    store: &Store,
    notify_chat: Option<NotifyChat>,
    flows: &Arc<Flows>,
) -> Owner {
    Owner::new(store.clone(), notify_chat, flows.loaded().locale())
}

pub(super) fn reachability(shared: &Shared) -> Hearing {
    Hearing {
        store: shared.store.clone(),
        ears: shared.reachability.clone(),
    }
}

pub(super) fn handoffs(shared: &Shared) -> Handoffs {
    Handoffs {
        store: shared.store.clone(),
        owner: shared.owner.clone(),
    }
}
