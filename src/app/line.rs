//! Builds the agents for customers who wait.

use tokio::sync::mpsc;

use super::shared::Shared;
use crate::service::kit::session_pages::SessionPages;
use crate::service::line::announcer::Announcer;
use crate::service::line::expiry::Expiry;
use crate::store::Bell;

pub(super) fn announcer(shared: &Shared, bells: mpsc::UnboundedReceiver<Bell>) -> Announcer {
    Announcer {
        store: shared.store.clone(),
        flows: shared.flows.clone(),
        bells,
    }
}

pub(super) fn expiry(shared: &Shared) -> Expiry {
    Expiry {
        flows: shared.flows.clone(),
        store: shared.store.clone(),
        pages: SessionPages::default(),
    }
}
