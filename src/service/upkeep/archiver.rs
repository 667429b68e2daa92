//! The archiver is responsible for the history: it copies the stream to SQLite in batches, and trims the entries that are
//! safely there. If the disk fails, entries wait in the stream, and everything else continues.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::history;
use crate::history::{Archive, Restored, StreamEntry};
use crate::ids::SessionName;
use crate::service::kit::metrics::Metrics;
use crate::service::kit::session_pages::SessionPages;
use crate::service::kit::session_rounds::in_each;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::service::kit::touched::Touched;
use crate::store;
use crate::store::Store;
use crate::throttle::Throttle;

use super::archive_thread::ArchiveThread;
use super::history_keeper::{HistoryKeeper, NotKeeper};
use super::tidying::Tidying;

/// Entries per transaction: enough to make the disk's sync unimportant, few enough to fit in memory.
const BATCH: u64 = 1_000;
/// The shortest pause after a failure. Meanwhile the entries wait in Redis.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long a session may take to say whether it has entries. Usually it is a millisecond.
const LOOK_WITHIN: Duration = Duration::from_secs(1);
/// A session that could not be read is looked at again after this time.
const LOOK_AGAIN_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// The log has one error a minute, not one a second. This is also the longest pause after a failure.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// How long the last flush may take when we stop. The rest is archived after the next start.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// How long we may take, when we stop, to restore a history file that was deleted. Once this process has ended, nobody can.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(5);

/// See the module.
pub struct Archiver {
    /// Holds the stream of entries.
    pub store: Store,
    /// The open history.
    pub archive: Archive,
    /// The path of the history's file.
    pub path: PathBuf,
    /// Holds the right to write it.
    pub keeper: Arc<HistoryKeeper>,
    /// Shows whether the history can be written.
    pub metrics: Arc<Metrics>,
    /// Says what changed, for screens.
    pub touched: Arc<Touched>,
    /// How long conversations are kept; `None`: for ever.
    pub keep_for: Option<Duration>,
}

#[derive(Debug, thiserror::Error)]
enum ArchiverError {
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error(transparent)]
    History(#[from] history::HistoryError),
    #[error(transparent)]
    NotKeeper(#[from] NotKeeper),
    #[error("the thread that writes it failed")]
    Thread(#[source] io::Error),
    #[error("it was deleted or replaced, and there was no time to put it back")]
    Restoring,
}

impl ArchiverError {
    /// Whether the history is lost when this process ends, because only the open file still holds it.
    fn loses_history(&self) -> bool {
        matches!(
            self,
            Self::Restoring | Self::History(history::HistoryError::NotRestored { .. })
        )
    }
}

/// Opens the history at `path`. If an error may go away by itself, it is opened later: customers come first.
///
/// # Errors
/// If the error does not go away by itself: the file is damaged, or a newer version wrote it.
pub fn open(path: &Path) -> Result<Archive, history::HistoryError> {
    match Archive::open(path) {
        // The first round gets the same error and logs it.
        Err(error) if error.may_pass() => Ok(Archive::closed(path)),
        opened => opened,
    }
}

/// How long we wait after a batch of `archived` entries. A transaction costs about the same for three entries as for thirty, so a
/// pause saves CPU time; but a batch of hundreds slows everything else down for a moment. The pauses aim at batches of 20 to 40.
///
/// Measured on two cores: at 200 messages a second, our CPU time in 15 s is 2.9 s with pauses of 10 ms, and 2.4 s with 40 ms; at 1,000
/// a second, the slowest hundredth of webhooks takes 1.3 ms with 10 ms, 1.8 ms with 40 ms, and 2.7 ms with 100 ms.
///
/// If nothing came, the pause is longer; it is shorter while somebody watches.
fn pause_after(archived: usize, watched: bool) -> Duration {
    Duration::from_millis(match archived {
        0 if watched => 100,
        0 => 250,
        1..25 => 40,
        25..300 => 10,
        _ => 0,
    })
}

impl Archiver {
    /// Runs until `shutdown`, then archives the remaining entries, up to a deadline.
    pub async fn run(self, shutdown: CancellationToken) {
        let keeper = self.keeper.clone();
        tokio::select! {
            () = self.archive(shutdown) => {}
            () = keeper.renew() => {}
        }
        keeper.give_up().await;
    }

    async fn archive(self, shutdown: CancellationToken) {
        let (metrics, touched) = (self.metrics, self.touched);
        let mut state = ArchiverState {
            store: self.store,
            path: self.path,
            keeper: self.keeper,
            archive: Some(self.archive),
            thread: ArchiveThread::default(),
            touched: Arc::clone(&touched),
            metrics: Arc::clone(&metrics),
            tidying: Tidying::new(self.keep_for),
            trimmed: HashSet::new(),
            failed: HashMap::new(),
            store_errors: StoreErrorLog::default(),
            pages: SessionPages::default(),
        };
        let log_throttle = Throttle::new(LOG_INTERVAL);
        let mut failing = false;
        let mut stopping_since = None;
        loop {
            if shutdown.is_cancelled() {
                stopping_since.get_or_insert_with(Instant::now);
            }
            let began = Instant::now();
            // If the disk fails, a flush would only delay the stop.
            let patience = if failing {
                Duration::ZERO
            } else {
                FLUSH_TIMEOUT
            };
            let too_late = async |patience| {
                shutdown.cancelled().await;
                sleep_until(stopping_since.unwrap_or_else(Instant::now) + patience).await;
            };
            let restored = tokio::select! {
                biased;
                restored = state.restore_if_removed() => restored,
                () = too_late(RESTORE_TIMEOUT) => Err(ArchiverError::Restoring),
            };
            let done = match restored {
                Ok(()) => tokio::select! {
                    biased;
                    done = state.run(stopping_since.is_some()) => Some(done),
                    () = too_late(patience) => None,
                },
                Err(error) => Some(Err(error)),
            };
            let wait = match done {
                Some(Ok(archived)) => {
                    if failing {
                        failing = false;
                        metrics.set_archive_error(None);
                        touched.set_in_trouble(false);
                        info!("the history is written again");
                    }
                    match (archived, stopping_since) {
                        (0, Some(_)) => return,
                        (_, None) => pause_after(archived, touched.is_watched()),
                        (_, Some(_)) => Duration::ZERO,
                    }
                }
                Some(Err(error)) if stopping_since.is_some() && error.loses_history() => {
                    let reason = crate::describe::describe(&error);
                    error!(
                        reason,
                        "the history file was deleted or replaced and could not be restored before the \
                    stop: what the file held is lost; restore a backup"
                    );
                    return;
                }
                Some(Err(error)) if stopping_since.is_none() => {
                    failing = true;
                    let reason = crate::describe::describe(&error);
                    if log_throttle.due() {
                        error!(
                            reason,
                            "the history can't be written: correct what `reason` says, often a full disk; entries \
                            wait in Redis, and customers are still served"
                        );
                    }
                    metrics.set_archive_error(Some(reason));
                    touched.set_in_trouble(true);
                    // The pause is as long as the attempt took, which may have copied half of the history.
                    began.elapsed().clamp(RETRY_AFTER, LOG_INTERVAL)
                }
                Some(Err(_)) | None => {
                    warn!(
                        "not all of the history was written before the stop; the rest is in Redis and is written \
                        after the next start"
                    );
                    return;
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.cancelled(), if stopping_since.is_none() => {}
            }
        }
    }
}

struct ArchiverState {
    store: Store,
    path: PathBuf,
    keeper: Arc<HistoryKeeper>,
    /// `None` while the thread uses it, and after the thread panicked.
    archive: Option<Archive>,
    thread: ArchiveThread,
    touched: Arc<Touched>,
    metrics: Arc<Metrics>,
    tidying: Tidying,
    /// Sessions whose stream holds no archived entries any more.
    trimmed: HashSet<SessionName>,
    /// Sessions whose entries could not be read, and when.
    failed: HashMap<SessionName, Instant>,
    store_errors: StoreErrorLog,
    pages: SessionPages,
}

impl ArchiverState {
    /// Restores the file if somebody deleted or replaced it: only we still have its content.
    async fn restore_if_removed(&mut self) -> Result<(), ArchiverError> {
        match self.with(Archive::restore_if_removed).await? {
            None => {}
            Some(Restored::Deleted) => error!(
                path = %self.path.display(),
                "somebody deleted the history while waha-sm had it open; it was written back whole. Stop waha-sm before \
                 you move or delete it"
            ),
            Some(Restored::Replaced { aside }) => error!(
                path = %self.path.display(), aside = %aside.display(),
                "somebody put another file in the place of the history while waha-sm had it open; the history was \
                 written back whole, and the other file moved aside. To restore a backup, stop waha-sm first"
            ),
            Some(Restored::Log) => error!(
                path = %self.path.display(),
                "somebody deleted the history's -wal or -shm file while waha-sm had it open; nothing is lost, but \
                 leave these files alone: they are part of the history"
            ),
        }
        Ok(())
    }

    /// Archives one batch of each session: of all, or of the next ones. Returns the number of entries. If the right to write ends
    /// meanwhile, the rest waits for the next call, which asks for it again.
    async fn run(&mut self, all: bool) -> Result<usize, ArchiverError> {
        let mut archived = 0;
        // Not the id that the file had at the start: when it is opened again after an error, another one may be in its place.
        let file = self.with(Archive::file_id).await?;
        self.keeper.claim_for(&file).await?;
        let mut sessions = match all {
            true => self.store.busy_sessions().await?,
            false => self.pages.next(&self.store).await?,
        };
        // What people do that is about no session.
        sessions.push(SessionName::none());
        let (mut read, mut failed) = (false, None);
        for session in self.with_entries(sessions).await {
            match self.archive_session(&session).await {
                Ok(entries) => {
                    read = true;
                    archived += entries;
                }
                // The others are archived.
                Err(ArchiverError::Store(error)) => {
                    self.on_failure(&session, &error);
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
            if !self.keeper.is_held() {
                break;
            }
        }
        // Not while we stop: the file remembers what is left to do.
        if !all && self.keeper.is_held() && self.tidy().await? {
            // There is more, after a pause.
            archived += 1;
        }
        match failed {
            Some(error) if !read => Err(error.into()),
            _ => Ok(archived),
        }
    }

    /// Removes what shall not be in the file any more. Returns whether there is more to do soon.
    async fn tidy(&mut self) -> Result<bool, ArchiverError> {
        let Some(work) = self.tidying.next() else {
            return Ok(false);
        };
        let step = self.with(move |archive| Ok(work(archive))).await?;
        Ok(self.tidying.done(step, &self.metrics))
    }

    /// Those of these sessions that have entries, or may have some that are archived already. One that can't be read is looked at
    /// again later.
    async fn with_entries(&mut self, mut sessions: Vec<SessionName>) -> Vec<SessionName> {
        self.failed
            .retain(|_, at| at.elapsed() < LOOK_AGAIN_AFTER_FAILURE);
        sessions.retain(|session| !self.failed.contains_key(session));
        let known = sessions.iter().filter(|one| self.trimmed.contains(*one));
        let known: Vec<SessionName> = known.cloned().collect();
        let looking = in_each(known, |session| {
            let store = self.store.clone();
            async move {
                let looking = timeout(LOOK_WITHIN, store.has_history(&session));
                looking
                    .await
                    .unwrap_or(Err(store::StoreError::Disconnected))
            }
        });
        let mut empty = HashSet::new();
        for (session, found) in looking.await {
            match found {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => self.on_failure(&session, &error),
            }
            empty.insert(session);
        }
        sessions.retain(|session| !empty.contains(session));
        sessions
    }

    fn on_failure(&mut self, session: &SessionName, error: &store::StoreError) {
        self.store_errors
            .log_of(session, "could not read the entries for the history", error);
        self.failed.insert(session.clone(), Instant::now());
    }

    /// Archives one batch of a session. Returns the number of entries.
    async fn archive_session(&mut self, session: &SessionName) -> Result<usize, ArchiverError> {
        let position = self
            .with({
                let session = session.clone();
                move |archive| archive.position(&session)
            })
            .await?;
        if let Some(position) = &position
            && !self.trimmed.contains(session)
        {
            // The last run may have been killed between the transaction and the trim.
            if !self.keeper.is_held() {
                return Ok(0);
            }
            self.store.trim_history(session, position).await?;
            self.trimmed.insert(session.clone());
        }
        let entries = self
            .store
            .history(session, position.as_deref(), BATCH)
            .await?;
        let Some(last) = entries.last().map(|entry| entry.stream_id.clone()) else {
            return Ok(0);
        };
        let several = entries.len();
        self.pages.note_change(session);
        let entries: Vec<StreamEntry> = entries
            .into_iter()
            .map(|entry| StreamEntry {
                session: session.clone(),
                stream_id: entry.stream_id,
                fields: entry.fields,
            })
            .collect();
        if !self.keeper.is_held() {
            return Ok(0);
        }
        // The stream holds archived entries until the trim below.
        self.trimmed.remove(session);
        let (appended, in_place) = self
            .with(move |archive| Ok((archive.append(&entries)?, archive.in_place())))
            .await?;
        if let Some(unreadable) = &appended.first_unreadable {
            warn!(
                %session,
                unreadable,
                "an entry of the history can't be read (written by a newer version?); it is stored unchanged"
            );
        }
        if appended.removes {
            self.tidying.note();
        }
        let chats = appended.chats.into_iter().map(|(_, chat)| chat);
        self.touched.note(session, chats);
        debug!(%session, stored = appended.stored, "archived");
        // Trim only now: until the transaction is on disk, in a file that is still at its path, only the stream is safe. And only
        // if no other process reads the stream meanwhile.
        if in_place && self.keeper.is_held() {
            self.store.trim_history(session, &last).await?;
            self.trimmed.insert(session.clone());
        }
        Ok(several)
    }

    /// Uses the archive on its thread.
    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Archive) -> Result<T, history::HistoryError> + Send + 'static,
    ) -> Result<T, ArchiverError> {
        let archive = self.archive.take();
        let mut archive = archive.unwrap_or_else(|| Archive::closed(&self.path));
        let worked = self.thread.run(move || {
            let result = work(&mut archive);
            (archive, result)
        });
        let (archive, result) = worked.await.map_err(ArchiverError::Thread)?;
        self.archive = Some(archive);
        Ok(result?)
    }
}
