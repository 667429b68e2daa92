//! The write-back is responsible for what Redis may have forgotten: when a connection is lost or made, this process writes back what it sent
//! lately, so that nobody takes it for the owner's, or sends it again.

use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::{ConnectionChanges, Store, StoreError};

/// The pause before the next try if Redis can't be used.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// How many sessions it does at a time.
const SESSIONS_AT_ONCE: usize = 16;

/// See the module.
pub struct WriteBack {
    store: Store,
    connection_changes: ConnectionChanges,
    store_errors: StoreErrorLog,
}

impl WriteBack {
    /// Writes back at the start, and after each change of a connection from now on.
    pub fn new(store: Store) -> Self {
        Self {
            connection_changes: store.connection_changes(),
            store,
            store_errors: StoreErrorLog::default(),
        }
    }

    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = self.write_back() => {}
                () = shutdown.cancelled() => return,
            }
            tokio::select! {
                more = self.connection_changes.next() => if !more { return },
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Tries until it is done in all sessions.
    async fn write_back(&mut self) {
        while let Err(error) = self.run_once().await {
            self.store_errors
                .log("could not write back what was sent", &error);
            sleep(RETRY_AFTER).await;
        }
    }

    /// Writes back in each session. A session that can't be reached delays no other.
    ///
    /// # Errors
    /// The last one of the store.
    pub async fn run_once(&self) -> Result<(), StoreError> {
        let mut tasks = JoinSet::new();
        let mut result = Ok(());
        let mut note = |done: Option<Result<Result<(), StoreError>, JoinError>>| {
            // If it panics, the panic is logged where it happens.
            if let Some(Ok(Err(error))) = done {
                result = Err(error);
            }
        };
        for session in self.store.sessions().await? {
            if tasks.len() >= SESSIONS_AT_ONCE {
                note(tasks.join_next().await);
            }
            let store = self.store.clone();
            tasks.spawn(async move { store.write_back(&session).await });
        }
        while !tasks.is_empty() {
            note(tasks.join_next().await);
        }
        result
    }
}
