//! The lease of this process: its right to act on what it holds, as long as its heartbeats reach Redis.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Five missed heartbeats. A process that stalls for longer loses what it holds, and its late writes are refused.
pub(crate) const SILENT_AFTER: Duration = Duration::from_millis(2_500);

/// Shared by the agent that sends the heartbeat and the agents that check the lease before they act.
#[derive(Debug)]
pub struct Lease {
    term: Mutex<Term>,
    /// Another process may have taken over what this process held.
    lapsed: AtomicBool,
}

/// A run of heartbeats without a gap.
#[derive(Debug)]
struct Term {
    /// When we started to send the first of them.
    began: Instant,
    /// When we started to send the last one that Redis confirmed.
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
    /// Redis confirmed a heartbeat that we started to send at `begun`. `alive`: Redis still counted this process as alive.
    pub(crate) fn on_heartbeat(&self, begun: Instant, alive: bool) {
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

    /// Whether this process surely still holds what it took at `taken`. Its own clock decides, because a process that was
    /// suspended must know before it acts. After a gap this stays false, even if heartbeats arrive again.
    pub(crate) fn is_held_since(&self, taken: Instant) -> bool {
        self.term
            .lock()
            .is_ok_and(|term| term.began <= taken && term.renewed.elapsed() < SILENT_AFTER)
    }

    /// Whether a heartbeat reached Redis lately.
    pub(crate) fn is_renewed(&self) -> bool {
        self.term
            .lock()
            .is_ok_and(|term| term.renewed.elapsed() < SILENT_AFTER)
    }

    /// Whether the lease has lapsed since the last call.
    pub(crate) fn take_lapsed(&self) -> bool {
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
        // First our own clock notices the gap, then Redis reports it.
        for (gap, alive) in [(SILENT_AFTER, true), (second, false)] {
            let lease = Lease::default();
            lease.on_heartbeat(now + second, true);
            assert!(lease.is_held_since(now + second));
            let back = now + second + gap;
            lease.on_heartbeat(back, alive);
            assert!(!lease.is_held_since(now + second));
            assert!(lease.is_held_since(back));
        }
    }
}
