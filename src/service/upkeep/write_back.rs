//! The write-back is responsible for what Redis may have forgotten: when a connection is lost or made, this process writes back what it sent
//! lately, so that nobody takes it for the owner's, or sends it again.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::ids::SessionName;
use crate::service::kit::backoff;
use crate::service::kit::session_rounds::in_each;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::{ConnectionChanges, Store};

/// The pause before the next try if Redis can't be used.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// The longest pause before the next try in a session that fails. Catching up with it waits.
const RETRY_LONGEST: Duration = Duration::from_secs(2);

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
    pub async fn run(self, shutdown: CancellationToken) {
        let mut changes = self.connection_changes.clone();
        let mut is_done = false;
        loop {
            tokio::select! {
                () = self.write_back(), if !is_done => is_done = true,
                // A change begins all again, also while one session still fails.
                more = changes.next() => match more {
                    true => is_done = false,
                    false => return,
                },
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Tries until it is done in all sessions. A session that fails is tried again, less and less often, and the others are not.
    async fn write_back(&self) {
        let (mut left, mut failures): (Option<Vec<SessionName>>, u32) = (None, 0);
        loop {
            let sessions = match left.take() {
                Some(sessions) => sessions,
                None => match self.store.sessions().await {
                    Ok(sessions) => sessions,
                    Err(error) => {
                        self.store_errors
                            .log("could not write back what was sent", &error);
                        sleep(RETRY_AFTER).await;
                        continue;
                    }
                },
            };
            let failed = self.write_back_in(sessions).await;
            if failed.is_empty() {
                return;
            }
            left = Some(failed);
            sleep(backoff::delay(failures, RETRY_AFTER, RETRY_LONGEST)).await;
            failures += 1;
        }
    }

    /// Writes back in each of these sessions. Returns those where it failed.
    async fn write_back_in(&self, sessions: Vec<SessionName>) -> Vec<SessionName> {
        let writing = in_each(sessions, |session| {
            let store = self.store.clone();
            async move { store.write_back(&session).await }
        });
        let mut failed = Vec::new();
        for (session, written) in writing.await {
            if let Err(error) = written {
                let what = "could not write back what was sent";
                self.store_errors.log_of(&session, what, &error);
                failed.push(session);
            }
        }
        failed
    }
}
