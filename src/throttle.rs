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

/// Allows the first ones, then one in each interval, and counts those between. For log lines that strangers can cause: they
/// must not fill the disk or hide other lines.
#[derive(Debug)]
pub(crate) struct CountingThrottle {
    at_first: u32,
    interval: Duration,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    /// How many are allowed now. Each interval allows one more.
    allowed: u32,
    since: Instant,
    skipped: u64,
}

/// One that may be logged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// How many before it were only counted.
    pub(crate) more: Option<u64>,
}

impl CountingThrottle {
    pub(crate) fn new(at_first: u32, interval: Duration) -> Self {
        Self {
            at_first,
            interval,
            counts: Mutex::new(Counts {
                allowed: at_first,
                since: Instant::now(),
                skipped: 0,
            }),
        }
    }

    /// `None` if this one should only be counted.
    pub(crate) fn due(&self) -> Option<Due> {
        self.due_at(Instant::now())
    }

    /// At the end of a flood: how many were counted and not logged.
    pub(crate) fn rest(&self) -> Option<u64> {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let mut counts = self.counts.lock().ok()?;
        counts.take_skipped()
    }

    fn due_at(&self, now: Instant) -> Option<Due> {
        let mut counts = self.counts.lock().ok()?;
        let passed = now.saturating_duration_since(counts.since).as_millis();
        let intervals = passed / self.interval.as_millis().max(1);
        let intervals = u32::try_from(intervals).unwrap_or(u32::MAX);
        if intervals > 0 {
            counts.allowed = counts.allowed.saturating_add(intervals).min(self.at_first);
            counts.since = now;
        }
        if counts.allowed == 0 {
            counts.skipped += 1;
            return None;
        }
        counts.allowed -= 1;
        Some(Due {
            more: counts.take_skipped(),
        })
    }
}

impl Counts {
    fn take_skipped(&mut self) -> Option<u64> {
        let skipped = std::mem::take(&mut self.skipped);
        (skipped > 0).then_some(skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_allowed_then_one_in_each_interval_with_the_number_of_the_others() {
        let interval = Duration::from_secs(1);
        let throttle = CountingThrottle::new(20, interval);
        let start = Instant::now();
        let allowed = (0..1_000).filter(|_| throttle.due_at(start).is_some());
        assert_eq!(allowed.count(), 20);
        let later = start + interval * 2;
        assert_eq!(throttle.due_at(later), Some(Due { more: Some(980) }));
        assert_eq!(throttle.due_at(later), Some(Due { more: None }));
        assert_eq!(throttle.due_at(later), None);
        let much_later = start + interval * 3600;
        assert_eq!(throttle.due_at(much_later), Some(Due { more: Some(1) }));
        assert_eq!(throttle.rest(), None);
        let allowed = (0..30).filter(|_| throttle.due_at(much_later).is_some());
        assert_eq!(allowed.count(), 19);
        assert_eq!(throttle.rest(), Some(11));
    }
}
