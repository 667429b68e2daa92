//! The archiver is responsible for the history: it copies the stream to SQLite in batches, and trims what is
//! safely there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

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

/// See the module.
pub struct Archiver {
    /// Where entries come from.
    pub store: Store,
    /// Where they go; in a box of its own while a blocking thread has it.
    pub archive: Archive,
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
    /// Runs until `shutdown`, then archives what is left.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self {
            store,
            archive,
            metrics,
        } = self;
        let mut archive = Some(archive);
        let mut complained: Option<Instant> = None;
        loop {
            let last_round = shutdown.is_cancelled();
            let wait = match run_once(&store, &mut archive).await {
                Ok(0) if last_round => return,
                Ok(0) => POLL_INTERVAL,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    let reason = crate::describe(&error);
                    if complained.is_none_or(|at| at.elapsed() > COMPLAIN_INTERVAL) {
                        complained = Some(Instant::now());
                        error!(
                            reason,
                            "the history can't be written; it waits in Redis, and attendance goes on"
                        );
                    }
                    metrics.set_archive_error(Some(reason));
                    if last_round || archive.is_none() {
                        return;
                    }
                    RETRY_AFTER
                }
            };
            if wait != RETRY_AFTER && complained.take().is_some() {
                warn!("the history is written again");
                metrics.set_archive_error(None);
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }
}

/// One batch of each session. Returns how many entries were archived.
async fn run_once(store: &Store, archive: &mut Option<Archive>) -> Result<usize, Error> {
    let mut archived = 0;
    for session in store.sessions().await? {
        let position = with(archive, {
            let session = session.clone();
            move |archive| archive.position(&session)
        })
        .await?;
        let entries = store.history(&session, position.as_deref(), BATCH).await?;
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
        let appended = with(archive, move |archive| archive.append(&entries)).await?;
        debug!(session, ?appended, "archived");
        // Only now: until the transaction is on disk, the stream is the only copy.
        store.trim_history(&session, &last).await?;
    }
    Ok(archived)
}

/// Does something with the archive on a blocking thread.
async fn with<T: Send + 'static>(
    place: &mut Option<Archive>,
    work: impl FnOnce(&mut Archive) -> Result<T, history::Error> + Send + 'static,
) -> Result<T, Error> {
    let mut archive = place.take().ok_or(Error::Thread)?;
    let (archive, result) = tokio::task::spawn_blocking(move || {
        let result = work(&mut archive);
        (archive, result)
    })
    .await
    .map_err(|_| Error::Thread)?;
    *place = Some(archive);
    Ok(result?)
}
