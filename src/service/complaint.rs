//! What goes wrong again and again is told now and then, not each time.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tracing::{debug, error};

use crate::store::Error;

/// Lets something through once in an interval.
#[derive(Debug)]
pub(crate) struct Throttle {
    interval: Duration,
    last: Mutex<Option<Instant>>,
}

impl Throttle {
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval,
            last: Mutex::default(),
        }
    }

    /// Whether it is time again; if so, the interval begins anew.
    pub(crate) fn due(&self) -> bool {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let Ok(mut last) = self.last.lock() else {
            return true;
        };
        let due = last.is_none_or(|last| last.elapsed() > self.interval);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

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
