//! What goes wrong again and again is told, or tried, now and then, not each time.

use std::sync::Mutex;
use std::time::{Duration, Instant};

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
