//! Logs errors from Redis: at most one a minute for each agent.

use std::time::Duration;

use tracing::{debug, error};

use crate::ids::SessionName;
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
    /// Like [`Self::log`], for something that failed in one session. The others are served.
    pub(crate) fn log_of(&self, session: &SessionName, what: &str, error: &StoreError) {
        if !matches!(error, StoreError::Disconnected) && self.0.due() {
            error!(%session, %error, "{what} in this session, perhaps in others too; will keep trying. Redis answers with an \
            error: is it out of memory, read-only, or out of disk, or are keys of this session damaged?");
        } else {
            debug!(%session, %error, "{what} in this session; will try again");
        }
    }

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
