//! The connections that read the history: few, because each query uses a thread and the disk.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tracing::warn;

use crate::describe::describe;
use crate::history::{History, HistoryError};

/// How many queries run at once.
const READERS: usize = 2;

/// How long a connection is used.
const OPEN_FOR: Duration = Duration::from_secs(60);

/// Reads the history on blocking threads.
#[derive(Clone)]
pub(super) struct Readers(Arc<ReadersState>);

struct ReadersState {
    path: PathBuf,
    turns: Semaphore,
    /// Open connections that nobody uses now. A std mutex, because no await happens while it is held.
    idle: Mutex<Vec<(Instant, History)>>,
}

/// The history can't be read; the reason is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoHistory;

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(Arc::new(ReadersState {
            path,
            turns: Semaphore::new(READERS),
            idle: Mutex::default(),
        }))
    }

    /// Runs a query when it is its turn.
    ///
    /// # Errors
    /// If the history can't be read.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&History) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, NoHistory> {
        let Ok(_turn) = self.0.turns.acquire().await else {
            return Err(NoHistory);
        };
        let state = self.0.clone();
        let read = tokio::task::spawn_blocking(move || {
            let idle = state.idle.lock().ok().and_then(|mut idle| idle.pop());
            // Somebody may have put another file in its place.
            let (opened, history) = match idle {
                Some((opened, history)) if opened.elapsed() < OPEN_FOR => (opened, history),
                _ => (Instant::now(), History::open_read_only(&state.path)?),
            };
            let result = query(&history);
            // After an error it may be another file by now: the next query opens it again.
            if result.is_ok()
                && let Ok(mut idle) = state.idle.lock()
            {
                idle.push((opened, history));
            }
            result
        });
        match read.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => {
                warn!(
                    reason = describe(&error),
                    "the console can't read the history"
                );
                Err(NoHistory)
            }
            // The panic is logged where it happens.
            Err(_) => Err(NoHistory),
        }
    }
}
