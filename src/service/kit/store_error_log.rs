//! What an agent can't do in Redis is told now and then, not each time.

use std::time::Duration;

use tracing::{debug, error};

use crate::store::Error;
use crate::throttle::Throttle;

/// One agent's complaints about Redis, once a minute.
#[derive(Debug)]
pub(crate) struct Complaint(Throttle);

impl Default for Complaint {
    fn default() -> Self {
        Self(Throttle::new(Duration::from_secs(60)))
    }
}

impl Complaint {
    /// Tells what could not be done. That Redis is away the store has said; that it refuses nobody else does.
    pub(crate) fn tell(&self, what: &str, error: &Error) {
        if !matches!(error, Error::Away) && self.0.due() {
            error!(%error, "{what}; will try again and again. Redis answers but does not do it: is it full, read-only or out of disk?");
        } else {
            debug!(%error, "{what}; will try again");
        }
    }
}
