//! Logs errors from Redis: at most one a minute for each agent.

use std::time::Duration;

use tracing::{debug, error};

use crate::store::StoreError;
use crate::throttle::Throttle;

/// One agent's log of errors from Redis.
#[derive(Debug)]
pub(crate) struct StoreErrorLog(Throttle);

impl Default for StoreErrorLog {
    fn default() -> Self {
        Self(Throttle::new(Duration::from_secs(60)))
    }
}

impl StoreErrorLog {
    /// Logs `what` ("could not ..."). The store logs lost connections; this logs errors that Redis returns.
    pub(crate) fn log(&self, what: &str, error: &StoreError) {
        if !matches!(error, StoreError::Disconnected) && self.0.due() {
            error!(%error, "{what}; will keep trying. Redis answers with an error: is it out of memory, read-only, \
            or out of disk?");
        } else {
            debug!(%error, "{what}; will try again");
        }
    }
}
