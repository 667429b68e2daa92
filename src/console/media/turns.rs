//! Turns at downloading: only a few files are read at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many files are read at once. Each has a thread, and the pieces that are on their way.
const DOWNLOADS: usize = 8;
/// How long a file waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(15);

/// See the module.
pub(in crate::console) struct Downloads(Arc<Semaphore>);

impl Default for Downloads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(DOWNLOADS)))
    }
}

impl Downloads {
    /// A turn, which ends when it is dropped; `None` if none is free in time.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = timeout(TURN_TIMEOUT, self.0.clone().acquire_owned());
        turn.await.ok()?.ok()
    }
}
