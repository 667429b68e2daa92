//! Errors of Redis in the log: of each agent at most one a minute.

use std::time::Duration;

use tracing::{debug, error};

use crate::store::StoreError;
use crate::throttle::Throttle;

/// One agent's errors of Redis, logged once a minute.
#[derive(Debug)]
pub(crate) struct StoreErrorLog(Throttle);

impl Default for StoreErrorLog {
    fn default() -> Self {
        Self(Throttle::new(Duration::from_secs(60)))
    }
}

impl StoreErrorLog {
    /// Logs what could not be done. The store logs disconnections; this logs refusals.
    pub(crate) fn log(&self, what: &str, error: &StoreError) {
        if !matches!(error, StoreError::Away) && self.0.due() {
            error!(%error, "{what}; will keep trying. Redis answers with an error: is it out of memory, read-only, \
            or out of disk?");
        } else {
            debug!(%error, "{what}; will try again");
        }
    }
}
