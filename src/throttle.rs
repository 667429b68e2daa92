//! Limits how often something is logged or tried.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Allows something once in each interval.
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

    /// Whether the interval is over. If so, a new one starts.
    pub(crate) fn due(&self) -> bool {
        // Only a panic while the lock is held could poison it, and no line here can panic.
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
