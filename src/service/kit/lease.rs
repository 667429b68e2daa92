//! The lease of this process: its right to act on what it holds, for as long as its heartbeats arrive in Redis.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Five heartbeats missed. A process that stalls for longer than this loses what it holds, and its late writes are
/// refused.
pub(crate) const SILENT_AFTER: Duration = Duration::from_millis(2_500);

/// Shared by the agents that act and the one that sends the heartbeat.
#[derive(Debug)]
pub struct Lease {
    term: Mutex<Term>,
    /// Others may have taken over what this process held.
    lapsed: AtomicBool,
}

/// Heartbeats without a break between them.
#[derive(Debug)]
struct Term {
    /// When the first of them was begun.
    began: Instant,
    /// When the last that Redis took was begun.
    renewed: Instant,
}

impl Default for Lease {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            term: Mutex::new(Term {
                began: now,
                renewed: now,
            }),
            lapsed: AtomicBool::new(false),
        }
    }
}

impl Lease {
    /// A heartbeat that was begun at `begun` was taken; `alive`: the one before still counted.
    pub(crate) fn renewed(&self, begun: Instant, alive: bool) {
        if !alive {
            self.lapsed.store(true, Ordering::Relaxed);
        }
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        if let Ok(mut term) = self.term.lock() {
            if !alive || begun.duration_since(term.renewed) >= SILENT_AFTER {
                term.began = begun;
            }
            term.renewed = begun;
        }
    }

    /// Whether nobody else can have taken over what this process holds since `taken`. By its own clock: a process that was
    /// stopped for a while must know before it acts, not be told afterwards; and a heartbeat since then gives nothing back.
    pub(crate) fn is_held_since(&self, taken: Instant) -> bool {
        self.term
            .lock()
            .is_ok_and(|term| term.began <= taken && term.renewed.elapsed() < SILENT_AFTER)
    }

    /// Whether the lease has lapsed since this was last asked.
    pub(crate) fn take_lapse(&self) -> bool {
        self.lapsed.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_before_a_break_is_not_held_after_it() {
        let second = Duration::from_secs(1);
        let now = Instant::now();
        // By our clock alone, and by Redis' word.
        for (gap, alive) in [(SILENT_AFTER, true), (second, false)] {
            let lease = Lease::default();
            lease.renewed(now + second, true);
            assert!(lease.is_held_since(now + second));
            let back = now + second + gap;
            lease.renewed(back, alive);
            assert!(!lease.is_held_since(now + second));
            assert!(lease.is_held_since(back));
        }
    }
}
