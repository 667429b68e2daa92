//! Builds the agents for customers who wait.

use tokio::sync::mpsc;

use super::shared::Shared;
use crate::ids::SessionName;
use crate::service::line::announcer::Announcer;
use crate::service::line::expiry::Expiry;

pub(super) fn announcer(shared: &Shared) -> Announcer {
    Announcer::new(shared.store.clone(), shared.flows.clone())
}

pub(super) fn expiry(shared: &Shared, sessions: mpsc::UnboundedReceiver<SessionName>) -> Expiry {
    Expiry {
        flows: shared.flows.clone(),
        store: shared.store.clone(),
        duties: shared.duties.clone(),
        sessions,
    }
}
