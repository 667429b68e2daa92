//! The archiver is responsible for the history: it copies the stream to SQLite in batches, and trims what is
//! safely there.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::complaint::Throttle;
use super::metrics::Metrics;
use crate::history::{self, Archive, StreamEntry};
use crate::store::{self, Store};

/// Entries per transaction: enough that the disk's sync does not matter, few enough to fit in memory.
const BATCH: u64 = 1_000;
/// How long an entry may wait while little is written.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// After a failure; the entries wait in Redis.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// One clear error a minute, not one a second.
const COMPLAIN_INTERVAL: Duration = Duration::from_secs(60);

/// The last flush when stopping; what is left then is archived after the next start.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// See the module.
pub struct Archiver {
    /// Where entries come from.
    pub store: Store,
    /// Where they go.
    pub archive: Archive,
    /// Where that is, to open it again after a failure.
    pub path: PathBuf,
    /// Told whether the archive works.
    pub metrics: Arc<Metrics>,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    History(#[from] history::Error),
    #[error("the archive's thread ended early")]
    Thread,
}

impl Archiver {
    /// Runs until `shutdown`, then archives what is left, to a deadline.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self {
            store,
            archive,
            path,
            metrics,
        } = self;
        let mut round = Round {
            store,
            path,
            archive: Some(archive),
            trimmed: HashSet::new(),
        };
        let errors = Throttle::new(COMPLAIN_INTERVAL);
        let mut failing = false;
        let mut stop_at: Option<Instant> = None;
        loop {
            if shutdown.is_cancelled() {
                stop_at.get_or_insert_with(|| Instant::now() + FLUSH_TIMEOUT);
            }
            let wait = match round.run().await {
                Ok(archived) => {
                    if failing {
                        failing = false;
                        metrics.set_archive_error(None);
                        info!("the history is written again");
                    }
                    match (archived, stop_at) {
                        (0, Some(_)) => return,
                        (0, None) => POLL_INTERVAL,
                        _ => Duration::ZERO,
                    }
                }
                Err(error) => {
                    failing = true;
                    // Perhaps the file itself is at fault: opened anew, it shows.
                    round.archive = None;
                    let reason = crate::describe(&error);
                    if errors.due() {
                        error!(
                            reason,
                            "the history can't be written; it waits in Redis, and attendance goes on"
                        );
                    }
                    metrics.set_archive_error(Some(reason));
                    RETRY_AFTER
                }
            };
            if stop_at.is_some_and(|at| Instant::now() > at || failing) {
                warn!(
                    "not all of the history was written before the stop; the rest follows after the next start"
                );
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.cancelled(), if stop_at.is_none() => {}
            }
        }
    }
}

struct Round {
    store: Store,
    path: PathBuf,
    /// `None` after a failure, and while a blocking thread has it.
    archive: Option<Archive>,
    /// Sessions whose stream was trimmed since the start.
    trimmed: HashSet<String>,
}

impl Round {
    /// One batch of each session. Returns how many entries were archived.
    async fn run(&mut self) -> Result<usize, Error> {
        let mut archived = 0;
        for session in self.store.sessions().await? {
            let position = self
                .with({
                    let session = session.clone();
                    move |archive| archive.position(&session)
                })
                .await?;
            if let Some(position) = &position
                && !self.trimmed.contains(&session)
            {
                // We may have been killed between the archive's transaction and the trim.
                self.store.trim_history(&session, position).await?;
                self.trimmed.insert(session.clone());
            }
            let entries = self
                .store
                .history(&session, position.as_deref(), BATCH)
                .await?;
            let Some(last) = entries.last().map(|entry| entry.stream_id.clone()) else {
                continue;
            };
            archived += entries.len();
            let entries: Vec<StreamEntry> = entries
                .into_iter()
                .map(|entry| StreamEntry {
                    session: session.clone(),
                    stream_id: entry.stream_id,
                    fields: entry.fields,
                })
                .collect();
            let appended = self.with(move |archive| archive.append(&entries)).await?;
            if let Some(unreadable) = &appended.first_unreadable {
                warn!(
                    session,
                    unreadable,
                    "an entry of the history can't be understood; it is kept as it came"
                );
            }
            debug!(session, stored = appended.stored, "archived");
            // Only now: until the transaction is on disk, the stream is the only copy.
            self.store.trim_history(&session, &last).await?;
        }
        Ok(archived)
    }

    /// Does something with the archive on a blocking thread, opening it first where need be.
    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Archive) -> Result<T, history::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (archive, path) = (self.archive.take(), self.path.clone());
        let worked = tokio::task::spawn_blocking(move || {
            let mut archive = archive.map_or_else(|| Archive::open(&path), Ok)?;
            let result = work(&mut archive)?;
            Ok::<_, history::Error>((archive, result))
        });
        let (archive, result) = worked.await.map_err(|_| Error::Thread)??;
        self.archive = Some(archive);
        Ok(result)
    }
}
