//! The writing side: batches of stream entries and the position in their stream, in one transaction.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, ffi, params};

use super::database_file::{Files, Restored};
use super::entry::Entry;
use super::error::{HistoryError, failed};
use super::prune::{self, Pruned};
use super::sqlite_trouble::Trouble;
use super::stream::StreamEntry;
use super::{
    aliases, clean, conversations, erase, events, message_changes, names, pairing, schema,
};
use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};

/// The result of storing a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Entries stored, including those that said nothing new.
    pub stored: usize,
    /// Entries at or before the position of their session: archived earlier.
    pub skipped: usize,
    /// Entries stored as they came, because they could not be understood.
    pub unreadable: usize,
    /// The first of these, for the log: session, stream id and reason.
    pub first_unreadable: Option<String>,
    /// There were entries that remove something: the file must be pruned or cleaned.
    pub removes: bool,
    /// The chats that the stored entries are about, under every id that they have there and in the history.
    pub chats: HashSet<(SessionName, ChatId)>,
}

/// The history file for writing. Use only one per file.
///
/// It is opened when needed. After a failure that may end when the file is opened again, it is closed.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    db: Connection,
    files: Files,
}

impl Archive {
    /// Opens the file; creates it (but not its directory) or migrates its schema if needed. Does not wait for a lock.
    ///
    /// # Errors
    /// When the file cannot be made or opened, or a newer version wrote it.
    pub fn open(path: &Path) -> Result<Archive, HistoryError> {
        let mut archive = Self::closed(path);
        archive.open_within(Duration::ZERO)?;
        Ok(archive)
    }

    /// A file that cannot be opened now, but will be when it is needed.
    pub fn closed(path: &Path) -> Archive {
        Archive {
            path: path.to_owned(),
            open: None,
        }
    }

    /// The stream id of the last entry of `session` archived; `None` before the first.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn position(&mut self, session: &SessionName) -> Result<Option<String>, HistoryError> {
        let found = position(&self.opened()?.db, session);
        self.known(found, "reading a position")
    }

    /// The id of the file, which it keeps when it is moved, copied or restored from a backup.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn file_id(&mut self) -> Result<String, HistoryError> {
        let found = schema::file_id(&self.opened()?.db);
        self.known(found, "reading its id")
    }

    /// As [`Archive::file_id`], without waiting for a lock; `None` if the file can't be opened now.
    pub fn file_id_now(&mut self) -> Option<String> {
        let open = self.open.as_ref()?;
        schema::file_id(&open.db).ok()
    }

    /// Stores a batch and moves the positions of its sessions, together or not at all.
    ///
    /// Entries at or before their session's position are skipped, so a batch may be repeated after an error or a crash. After `Ok`
    /// it is on the disk, and the stream may be trimmed if the file is [`Archive::in_place`].
    ///
    /// # Errors
    /// When SQLite fails; nothing of the batch is stored then.
    pub fn append(&mut self, entries: &[StreamEntry]) -> Result<Appended, HistoryError> {
        let db = &mut self.opened()?.db;
        let done = match append_with(db, entries, apply) {
            // An entry that SQLite refuses must not block the others forever.
            Err(error) if is_about_an_entry(&error) => append_with(db, entries, apply_guarded),
            done => done,
        };
        self.known(done, "storing a batch")
    }

    /// From now on, what is older than `before` shall go: [`Archive::prune_batch`] removes it.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn begin_pruning(&mut self, before: Millis) -> Result<(), HistoryError> {
        let begun = prune::begin(&self.opened()?.db, before);
        self.known(begun, "noting what is old")
    }

    /// Removes a small part of what shall go; `None` if nothing shall.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn prune_batch(&mut self, now: Millis) -> Result<Option<Pruned>, HistoryError> {
        let pruned = prune::batch(&mut self.opened()?.db, now);
        self.known(pruned, "removing what is old")
    }

    /// When the oldest message that is kept was said.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn oldest(&mut self) -> Result<Option<Millis>, HistoryError> {
        let found = prune::oldest(&self.opened()?.db);
        self.known(found, "looking for its oldest message")
    }

    /// Whether bytes of deleted rows may still be in the file, so that it must be cleaned.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn needs_cleaning(&mut self) -> Result<bool, HistoryError> {
        let due = clean::is_due(&self.opened()?.db);
        self.known(due, "looking whether it is clean")
    }

    /// Removes the bytes of deleted rows from the file and its log. This writes the whole file again. Returns false if somebody reads an old
    /// state of it: try again.
    ///
    /// # Errors
    /// When SQLite fails: mostly if the disk has no room for a second copy of the file.
    pub fn clean(&mut self) -> Result<bool, HistoryError> {
        let cleaned = clean::clean(&self.opened()?.db);
        self.known(cleaned, "cleaning it of what was deleted")
    }

    /// Whether the file and its log are still at their paths, as they were opened.
    pub fn in_place(&self) -> bool {
        self.open
            .as_ref()
            .is_none_or(|open| open.files.in_place().unwrap_or(false))
    }

    /// If the file was removed, restores all of it and opens it again. A file that is in its place is moved aside. Takes as long as copying the whole history.
    ///
    /// # Errors
    /// If that fails. The open file is the only copy, so it stays open: try again.
    pub fn restore_if_removed(&mut self) -> Result<Option<Restored>, HistoryError> {
        let Some(open) = &self.open else {
            return Ok(None);
        };
        if self.in_place() {
            return Ok(None);
        }
        let restored = open.files.put_back(&open.db)?;
        // Close before opening again: when SQLite closes, it deletes the log by its name.
        self.open = None;
        self.opened()?;
        Ok(Some(restored))
    }

    fn opened(&mut self) -> Result<&mut Open, HistoryError> {
        self.open_within(schema::WRITER_BUSY_MAX)
    }

    fn open_within(&mut self, patience: Duration) -> Result<&mut Open, HistoryError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let db = schema::open_for_writing(&self.path, patience)?;
                let files = Files::of(&db, &self.path).map_err(|error| HistoryError::Open {
                    path: self.path.clone(),
                    source: rusqlite::Error::SqliteFailure(
                        ffi::Error::new(ffi::SQLITE_IOERR_FSTAT),
                        Some(error.to_string()),
                    ),
                })?;
                Open { db, files }
            }
        };
        Ok(self.open.insert(open))
    }

    /// Names what failed, and closes a file that should be opened again.
    fn known<T>(
        &mut self,
        done: rusqlite::Result<T>,
        doing: &'static str,
    ) -> Result<T, HistoryError> {
        done.map_err(|error| {
            let trouble = Trouble::of(&error);
            let error = failed(&self.path, doing)(error);
            // A removed file must not be closed: it is the only copy.
            if matches!(trouble, Trouble::Locked | Trouble::Full) || !self.in_place() {
                return error;
            }
            self.open = None;
            match (trouble, self.opened()) {
                // "Disk I/O error" says little; an attempt to open it mostly says more.
                (Trouble::Disk, Err(why)) => why,
                _ => error,
            }
        })
    }
}

fn append_with(
    db: &mut Connection,
    entries: &[StreamEntry],
    apply: Apply,
) -> rusqlite::Result<Appended> {
    let mut appended = Appended::default();
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut positions: HashMap<&SessionName, Option<StreamId>> = HashMap::new();
    for (id, entry) in in_stream_order(entries) {
        let session = &entry.session;
        let outcome = match id {
            // It has no valid stream id, so it moves no position. If it comes again, it is the same row.
            None => Err("the stream id is not <ms>-<seq>".to_owned()),
            Some(id) => {
                let at = match positions.get_mut(session) {
                    Some(at) => at,
                    None => {
                        let stored = position(&tx, session)?;
                        positions
                            .entry(session)
                            .or_insert(stored.as_deref().and_then(StreamId::parse))
                    }
                };
                if at.is_some_and(|at| id <= at) {
                    appended.skipped += 1;
                    continue;
                }
                *at = Some(id);
                match Entry::read(entry, id.time()) {
                    Ok(read) => {
                        appended.removes |= read.removes();
                        for chat in read.chats() {
                            let kept = aliases::kept_under(&tx, session, chat.clone())?;
                            appended.chats.insert((session.clone(), kept));
                            appended.chats.insert((session.clone(), chat));
                        }
                        apply(&tx, session, read)?
                    }
                    Err(reason) => Err(reason),
                }
            }
        };
        match outcome {
            Ok(()) => appended.stored += 1,
            Err(reason) => {
                keep_unreadable(&tx, entry, &reason)?;
                appended.unreadable += 1;
                appended.first_unreadable.get_or_insert_with(|| {
                    format!("session {session}, entry {}: {reason}", entry.stream_id)
                });
            }
        }
    }
    for (session, at) in positions {
        if let Some(StreamId(ms, seq)) = at {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO position (session, stream_id) VALUES (?1, ?2)",
            )?
            .execute(params![session, format!("{ms}-{seq}")])?;
        }
    }
    index_words(&tx)?;
    tx.commit()?;
    Ok(appended)
}

/// Adds the words of the messages that came with this batch to their index.
fn index_words(db: &Connection) -> rusqlite::Result<()> {
    let added = db
        .prepare_cached(
            "INSERT INTO message_text (rowid, text, edited) SELECT id, text, edited FROM message
             WHERE id IN (SELECT message FROM unindexed)",
        )?
        .execute([])?;
    if added > 0 {
        db.prepare_cached("DELETE FROM unindexed")?.execute([])?;
    }
    Ok(())
}

/// Stores one entry; the inner error is the reason why it could not be stored, and does not end the batch.
type Apply = fn(&Connection, &SessionName, Entry) -> rusqlite::Result<Result<(), String>>;

fn apply(
    db: &Connection,
    session: &SessionName,
    entry: Entry,
) -> rusqlite::Result<Result<(), String>> {
    match entry {
        Entry::Message(mut row) => {
            row.chat = aliases::kept_under(db, session, row.chat)?;
            pairing::message(db, &row)?;
            if let Some(name) = &row.name
                && row.direction == "inbound"
            {
                names::store(db, session, &row.chat, name)?;
            }
        }
        Entry::Reply(mut row) => {
            row.chat = aliases::kept_under(db, session, row.chat)?;
            pairing::reply(db, &row)?;
        }
        Entry::Mark {
            chat,
            key,
            at,
            mark,
        } => {
            let chat = aliases::kept_under(db, session, chat)?;
            message_changes::store(db, session, &chat, &key, at, &mark)?;
        }
        Entry::Conversation { id, chat, at, step } => {
            let chat = aliases::kept_under(db, session, chat)?;
            conversations::store(db, session, &id, &chat, at, &step)?;
        }
        Entry::Event(mut row) => {
            if let Some((_, chat)) = &mut row.conversation {
                *chat = aliases::kept_under(db, session, chat.clone())?;
            }
            events::store(db, session, &row)?;
        }
        Entry::Erase { chats, at, by } => erase::person(db, session, &chats, at, &by)?,
        Entry::Prune { before } => prune::begin(db, before)?,
        Entry::Alias { lid, chat, at } => aliases::store(db, session, &lid, &chat, at)?,
    }
    Ok(Ok(()))
}

/// As `apply`, but undoes only the entry that SQLite refuses. This is not the usual way, because at each savepoint FTS5
/// writes out what it has gathered.
fn apply_guarded(
    db: &Connection,
    session: &SessionName,
    entry: Entry,
) -> rusqlite::Result<Result<(), String>> {
    db.execute_batch("SAVEPOINT entry")?;
    let outcome = match apply(db, session, entry) {
        Err(error) if is_about_an_entry(&error) => {
            db.execute_batch("ROLLBACK TO entry")?;
            Err(format!("refused by SQLite: {error}"))
        }
        other => other?,
    };
    db.execute_batch("RELEASE entry")?;
    Ok(outcome)
}

/// Whether a failure comes from the entry itself, not from the disk, a lock or the file.
fn is_about_an_entry(error: &rusqlite::Error) -> bool {
    use ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    match error.sqlite_error_code() {
        Some(code) => matches!(code, ConstraintViolation | TypeMismatch | TooBig),
        // Rust values that do not convert, for example if the file has another type than we wrote.
        None => true,
    }
}

fn keep_unreadable(db: &Connection, entry: &StreamEntry, reason: &str) -> rusqlite::Result<()> {
    let fields = serde_json::json!(entry.fields).to_string();
    db.prepare_cached("INSERT OR IGNORE INTO unreadable (session, stream_id, reason, fields) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![entry.session, entry.stream_id, reason, fields])?;
    Ok(())
}

fn position(db: &Connection, session: &SessionName) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT stream_id FROM position WHERE session = ?1")?
        .query_row([session], |row| row.get(0))
        .optional()
}

/// The entries by stream id. They mostly arrive in this order; if not, a later entry must not make us skip an earlier one.
fn in_stream_order(entries: &[StreamEntry]) -> Vec<(Option<StreamId>, &StreamEntry)> {
    let mut all: Vec<_> = entries
        .iter()
        .map(|entry| (StreamId::parse(&entry.stream_id), entry))
        .collect();
    all.sort_by_key(|(id, _)| *id);
    all
}

/// A Redis stream id; compared as numbers, since `9-0` comes before `10-0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct StreamId(u64, u64);

impl StreamId {
    fn parse(text: &str) -> Option<StreamId> {
        let (ms, seq) = text.split_once('-')?;
        Some(StreamId(ms.parse().ok()?, seq.parse().ok()?))
    }

    fn time(self) -> Millis {
        Millis::new(i64::try_from(self.0).unwrap_or(i64::MAX))
    }
}
