//! The lease of this process: its right to act on what it holds, for as long as its heartbeats are heard.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Five heartbeats missed. A process that stalls for longer than this loses what it holds, and its late writes are
/// refused.
pub(crate) const SILENT_AFTER: Duration = Duration::from_millis(2_500);

/// Shared by those who act and the one who says that the process lives.
#[derive(Debug)]
pub struct Lease {
    /// When the last heartbeat that Redis took was begun.
    renewed: Mutex<Instant>,
    /// Others may have taken over what this process held.
    lapsed: AtomicBool,
}

impl Default for Lease {
    fn default() -> Self {
        Self {
            renewed: Mutex::new(Instant::now()),
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
        if let Ok(mut renewed) = self.renewed.lock() {
            *renewed = begun;
        }
    }

    /// Whether nobody else can have taken over what this process holds. By its own clock: a process that was stopped for a
    /// while must know before it acts, not be told afterwards.
    pub(crate) fn is_held(&self) -> bool {
        self.renewed
            .lock()
            .is_ok_and(|renewed| renewed.elapsed() < SILENT_AFTER)
    }

    /// Whether the lease has lapsed since this was last asked.
    pub(crate) fn take_lapse(&self) -> bool {
        self.lapsed.swap(false, Ordering::Relaxed)
    }
}
