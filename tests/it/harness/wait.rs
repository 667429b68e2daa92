//! Waiting for something to become true, never for a fixed time.

use std::time::{Duration, Instant};

/// How long a condition may take on a busy machine before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` returns something.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "not true after {PATIENCE:?}: {what}"
        );
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
