//! The schema: an append-only list of migrations, and how a connection is set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior, ffi};

use super::error::HistoryError;
use super::names;

/// Each migrates the file from the version of its index to the next. Never edit a released one: existing files have already run it.
const MIGRATIONS: &[&str] = &[
    include_str!("sql/001_first.sql"),
    include_str!("sql/002_aliases.sql"),
    include_str!("sql/003_conversation_status.sql"),
    include_str!("sql/004_marks_of_a_chat.sql"),
    include_str!("sql/005_people.sql"),
    include_str!("sql/006_names_and_order.sql"),
    include_str!("sql/007_identity_and_changes.sql"),
    include_str!("sql/008_words_and_persons.sql"),
    include_str!("sql/009_retention.sql"),
    include_str!("sql/010_words_of_a_batch.sql"),
];

/// The schema version this program writes and reads.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// How long the writer waits for another connection's write, before it reports it and tries again.
/// Such a write may be a backup, or a person who opened the file.
pub(super) const WRITER_BUSY_MAX: Duration = Duration::from_secs(3);

/// How long a reader waits. In WAL mode that happens only while the file is being opened after a crash.
pub(super) const READER_BUSY_MAX: Duration = Duration::from_secs(10);

/// More than a batch has different statements, so that each is compiled once.
const STATEMENTS_MAX: usize = 64;

/// Opens the file for writing, waiting up to `patience` for a lock; creates or migrates it if needed.
pub(super) fn open_for_writing(
    path: &Path,
    patience: Duration,
) -> Result<Connection, HistoryError> {
    let cannot = |source| HistoryError::Open {
        path: path.to_owned(),
        source,
    };
    let mut db = Connection::open(path).map_err(cannot)?;
    db.busy_timeout(patience).map_err(cannot)?;
    // Without write permission, SQLite opens the file for reading and fails only at the first write.
    if db.is_readonly(MAIN_DB).map_err(cannot)? {
        let readonly = ffi::Error::new(ffi::SQLITE_READONLY);
        return Err(cannot(rusqlite::Error::SqliteFailure(readonly, None)));
    }
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // WAL: `waha-sm history` reads while we write.
    // FULL, not NORMAL: after a commit the caller may trim the stream. A power cut must not undo
    // the commit, because the entries would then be in neither place. One fsync per batch is cheap.
    // The log is copied back every 32 MB, not 4: message ids are random, so each batch touches many pages,
    // and the same ones again and again. The size limit gives back the disk after a long reader has let
    // the log grow. The cache (8 MB) is what we are willing to hold of it in memory.
    // What is deleted is overwritten; `clean` does the rest.
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA secure_delete = ON;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 8000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -8000;",
    )
    .map_err(cannot)?;
    migrate(&mut db, path)?;
    keep_temporary_data(&db, "MEMORY").map_err(cannot)?;
    db.busy_timeout(WRITER_BUSY_MAX).map_err(cannot)?;
    Ok(db)
}

/// Where SQLite keeps what it needs for a moment from now on: "MEMORY" or "FILE". Statements with triggers note how pages were before,
/// and in a large batch that goes to a file after 64 KB: a third of the batch's time. A migration or a `VACUUM` needs a file, because it
/// writes the whole history. An erasure notes the pages of that person.
pub(super) fn keep_temporary_data(db: &Connection, place: &str) -> rusqlite::Result<()> {
    db.pragma_update(None, "temp_store", place)
}

/// Opens the file for reading only; the daemon may be writing it meanwhile.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, HistoryError> {
    // Opening a pipe would wait for its other end.
    if !path.is_file() {
        return Err(HistoryError::Missing {
            path: path.to_owned(),
        });
    }
    let cannot = |source| HistoryError::Open {
        path: path.to_owned(),
        source,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(cannot)?;
    db.busy_timeout(READER_BUSY_MAX).map_err(cannot)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    names::teach_folding(&db).map_err(cannot)?;
    check_version(&db, path)?;
    Ok(db)
}

/// Whether the file has the schema that this program reads.
pub(super) fn check_version(db: &Connection, path: &Path) -> Result<(), HistoryError> {
    let found = version(db).map_err(|source| HistoryError::Open {
        path: path.to_owned(),
        source,
    })?;
    match found {
        VERSION => Ok(()),
        // The file exists, but its first migration is not committed yet: treat it as missing.
        0 => Err(HistoryError::Missing {
            path: path.to_owned(),
        }),
        found if found > VERSION => Err(newer(path, found)),
        found => Err(HistoryError::Older {
            path: path.to_owned(),
            found,
            known: VERSION,
        }),
    }
}

/// See the table.
const NOTE_OPENING: &str = "INSERT OR REPLACE INTO opening (change, mark)
    SELECT coalesce(max(id), 0), lower(hex(randomblob(4))) FROM change";

/// Which file this is. It keeps its id when it is moved, copied or restored from a backup.
pub(super) fn file_id(db: &Connection) -> rusqlite::Result<String> {
    db.prepare_cached("SELECT id FROM file")?
        .query_row([], |row| row.get(0))
}

/// Runs all missing migrations in one transaction, so that a file is never between two versions. Also notes that it is opened.
fn migrate(db: &mut Connection, path: &Path) -> Result<(), HistoryError> {
    let cannot = |source| HistoryError::Open {
        path: path.to_owned(),
        source,
    };
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(cannot)?;
    let found = version(&tx).map_err(cannot)?;
    let Some(missing) = usize::try_from(found)
        .ok()
        .and_then(|n| MIGRATIONS.get(n..))
    else {
        return Err(newer(path, found));
    };
    for migration in missing {
        tx.execute_batch(migration).map_err(cannot)?;
    }
    if found != VERSION {
        tx.pragma_update(None, "user_version", VERSION)
            .map_err(cannot)?;
    }
    tx.execute(NOTE_OPENING, []).map_err(cannot)?;
    tx.commit().map_err(cannot)
}

/// The version of the schema; 0 before the first migration.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn newer(path: &Path, found: i64) -> HistoryError {
    HistoryError::Newer {
        path: path.to_owned(),
        found,
        known: VERSION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(db: &Connection) -> String {
        let mut all = format!("user_version {}\n", version(db).unwrap());
        let mut of = db
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'message_text_%' AND name NOT LIKE 'note_text_%' ORDER BY rowid")
            .unwrap();
        for sql in of.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            all.push_str(&sql.unwrap());
            all.push_str(";\n");
        }
        all
    }

    #[test]
    fn an_empty_file_gets_the_schema_of_the_golden_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        std::fs::write(&path, "").unwrap();
        let db = open_for_writing(&path, Duration::ZERO).unwrap();
        let golden = include_str!("sql/golden_schema.txt");
        let now = dump(&db);
        assert!(
            now == golden,
            "the schema changed. A released migration must not: add another, then update sql/golden_schema.txt to:\n{now}"
        );
    }

    /// A file as version 4 left it, with a conversation that waits for a person.
    #[test]
    fn a_file_of_version_4_keeps_everything_and_takes_what_people_do() {
        use crate::history::{
            Archive, ChangeFeed, ChangePosition, History, Query, Status, StreamEntry,
        };
        use crate::ids::SessionName;
        use std::ops::ControlFlow;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        let before = Connection::open(&path).unwrap();
        for migration in &MIGRATIONS[..4] {
            before.execute_batch(migration).unwrap();
        }
        let echo = r#"{"session":"default","direction":"outbound","stanza":"T","chat":"5511@c.us","conversation":null,"author":"phone","kind":"text","text":"sim","media":null,"location":null,"contacts":null,"quoted":null,"name":null,"sent_at":3000,"received_at":3000,"at":3000,"reply_id":null,"state":null,"reason":null}"#;
        before
            .execute_batch(&format!(
                "PRAGMA user_version = 4;
                 INSERT INTO message (id, session, direction, stanza, chat, conversation, author, kind, text, name, sent_at, at)
                 VALUES (1, 'default', 'inbound', 'A', '5511@c.us', '1-1', 'customer', 'text', 'uma pessoa', 'Ana', 1000, 1000);
                 INSERT INTO message_text (rowid, text) VALUES (1, 'uma pessoa');
                 INSERT INTO message (id, session, direction, stanza, chat, conversation, author, kind, text, sent_at, at, reply_id, state, loose)
                 VALUES (2, 'default', 'outbound', 'T', '5511@c.us', '1-1', 'bot', 'text', 'sim', 2900, 2900, 'r1', 'sent', 1);
                 INSERT INTO message_text (rowid, text) VALUES (2, 'sim');
                 INSERT INTO edit (session, chat, direction, stanza, at, text)
                 VALUES ('default', '5511@c.us', 'inbound', 'A', 1500, 'uma pessoa, por favor');
                 INSERT INTO echo VALUES ('default', 'T', 2, '5511@c.us', 3000, '{echo}');
                 INSERT INTO conversation (session, id, chat, ticket, opened_at, claimed_at, requeued, status, status_at)
                 VALUES ('default', '1-1', '5511@c.us', 1, 1000, 2000, 1, 'handoff', 2950);
                 INSERT INTO position VALUES ('default', '5-0');"
            ))
            .unwrap();
        drop(before);

        let mut archive = Archive::open(&path).unwrap();
        let session = SessionName::stored("default");
        assert_eq!(archive.position(&session).unwrap().as_deref(), Some("5-0"));
        let entry = |id: &str, fields: &[(&str, &str)]| StreamEntry {
            session: session.clone(),
            stream_id: id.to_owned(),
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let taken = [
            ("kind", "taken"),
            ("conversation", "1-1"),
            ("chat", "5511@c.us"),
            ("at", "4000"),
            ("by", "ana"),
            ("from", "line"),
        ];
        // The sender learns the id of the reply: its echo gets its row back, as the version before kept it.
        let data = r#"{"chat":"5511@c.us","stanza":"U","direction":"outbound","author":"bot","text":"sim","sent_at":2900,"reply_id":"r1"}"#;
        let sent = [("kind", "reply"), ("state", "sent"), ("data", data)];
        archive
            .append(&[entry("6-0", &taken), entry("7-0", &sent)])
            .unwrap();

        // All that was there before changes were noted is a change.
        let mut feed = ChangeFeed::open(&path, ChangePosition::default()).unwrap();
        let mut copied = Vec::new();
        feed.next(|row| {
            copied.push((row.kind, row.key));
            ControlFlow::Continue(())
        })
        .unwrap();
        copied.sort();
        let keys = [
            ("conversation", "default/1-1"),
            ("event", "1"),
            ("message", "1"),
            ("message", "2"),
            ("message", "3"),
        ];
        assert_eq!(copied, keys.map(|(kind, key)| (kind, key.to_owned())));

        let history = History::open_read_only(&path).unwrap();
        let query = Query {
            chat: Some("5511@c.us".parse().unwrap()),
            ..Query::default()
        };
        let mut said = Vec::new();
        history
            .messages(&query, |message| {
                said.push((message.author, message.text, message.by));
                ControlFlow::Continue(())
            })
            .unwrap();
        let all = [
            ("customer", "uma pessoa, por favor"),
            ("bot", "sim"),
            ("phone", "sim"),
        ];
        assert_eq!(
            said,
            all.map(|(author, text)| (author.to_owned(), text.to_owned(), None))
        );
        let mut conversations = Vec::new();
        history
            .conversations(&query, |one| {
                conversations.push(one);
                ControlFlow::Continue(())
            })
            .unwrap();
        let one = &conversations[0];
        assert_eq!(
            (one.ticket, one.requeued, one.status),
            (Some(1), 1, Status::Agent)
        );
        assert_eq!((one.holder.as_deref(), one.events.len()), (Some("ana"), 1));
        let pessoa = Query {
            search: Some("pessoa".to_owned()),
            ..Query::default()
        };
        let mut found = 0;
        history
            .messages(&pessoa, |_| {
                found += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(found, 1);
    }

    /// A file as each version left it opens, and has all that was in it: rows, edits, what people did, and the words of all of them.
    #[test]
    fn a_file_of_each_version_opens_with_everything_in_it() {
        use crate::history::{Archive, History, Query};
        use crate::ids::SessionName;
        use std::ops::ControlFlow;

        for before in 1..MIGRATIONS.len() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("history.sqlite");
            let db = Connection::open(&path).unwrap();
            for migration in &MIGRATIONS[..before] {
                db.execute_batch(migration).unwrap();
            }
            // Version 4 began to note the chat of an edit, and version 5 what people do.
            let (of_chat, chat) = if before >= 4 {
                ("chat,", "'5511@c.us',")
            } else {
                ("", "")
            };
            // Since version 8, triggers index the words.
            let (words, noted) = match before {
                8.. => ("UPDATE message SET edited = 'uma pessoa';", ""),
                _ => (
                    "INSERT INTO message_text (rowid, text, edited) VALUES (7, 'uma pesoa', 'uma pessoa');",
                    "INSERT INTO note_text (rowid, text) VALUES (3, 'gosta de romã');",
                ),
            };
            db.execute_batch(&format!(
                "PRAGMA user_version = {before};
                 INSERT INTO message (id, session, direction, stanza, chat, conversation, author, kind, text, name, sent_at, at)
                 VALUES (7, 'default', 'inbound', 'A', '5511@c.us', '1-1', 'customer', 'text', 'uma pesoa', 'Ana', 1000, 1000);
                 {words}
                 INSERT INTO edit (session, {of_chat} direction, stanza, at, text)
                 VALUES ('default', {chat} 'inbound', 'A', 1500, 'uma pessoa');
                 INSERT INTO conversation (session, id, chat, ticket, opened_at, closed_at, outcome)
                 VALUES ('default', '1-1', '5511@c.us', 1, 1000, 2000, 'done');
                 INSERT INTO position VALUES ('default', '5-0');"
            ))
            .unwrap();
            if before >= 5 {
                db.execute_batch(&format!(
                    "INSERT INTO conversation_event VALUES (3, 'default', '1-1', 1200, 'noted', 'ana', '', '', 'gosta de romã');
                     {noted}"
                ))
                .unwrap();
            }
            // Killed, so that its log was not copied back.
            db.pragma_update(None, "journal_mode", "WAL").unwrap();
            db.execute("UPDATE message SET name = 'Ana Lima'", [])
                .unwrap();
            std::mem::forget(db);

            let mut archive = Archive::open(&path).unwrap();
            let session = SessionName::stored("default");
            assert_eq!(
                archive.position(&session).unwrap().as_deref(),
                Some("5-0"),
                "{before}"
            );
            drop(archive);
            let history = History::open_read_only(&path).unwrap();
            let found = |query: &Query| {
                let mut found = Vec::new();
                history
                    .messages(query, |one| {
                        found.push((one.name, one.text, one.first_text));
                        ControlFlow::Continue(())
                    })
                    .unwrap();
                found
            };
            let search = |words: &str| Query {
                search: Some(words.to_owned()),
                ..Query::default()
            };
            let all = [(
                Some("Ana Lima".to_owned()),
                "uma pessoa".to_owned(),
                Some("uma pesoa".to_owned()),
            )];
            for query in [Query::default(), search("pesoa"), search("pessoa")] {
                assert_eq!(found(&query), all, "version {before}: {query:?}");
            }
            let mut conversations = Vec::new();
            let query = if before >= 5 {
                search("roma")
            } else {
                Query::default()
            };
            history
                .conversations(&query, |one| {
                    conversations.push((one.ticket, one.outcome, one.events.len()));
                    ControlFlow::Continue(())
                })
                .unwrap();
            let events = usize::from(before >= 5);
            assert_eq!(
                conversations,
                [(Some(1), Some("done".to_owned()), events)],
                "{before}"
            );
            drop(history);
            // The index is what it would be if it was made of the rows now.
            let db = Connection::open(&path).unwrap();
            for words in ["message_text", "note_text"] {
                db.execute_batch(&format!(
                    "INSERT INTO {words} ({words}, rank) VALUES ('integrity-check', 1)"
                ))
                .unwrap();
            }
        }
    }

    /// SQLite 3.40, which Debian 12 has, knows neither an index that deletes without its words, nor the form of one that erases securely.
    #[test]
    fn the_index_has_the_form_that_old_programs_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        let db = open_for_writing(&path, Duration::ZERO).unwrap();
        assert!(!dump(&db).contains("contentless"));
        for words in ["message_text", "note_text"] {
            let form: i64 = db
                .query_row(
                    &format!("SELECT v FROM {words}_config WHERE k = 'version'"),
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(form, 4);
        }
    }

    #[test]
    fn opening_twice_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        let first = dump(&open_for_writing(&path, Duration::ZERO).unwrap());
        assert_eq!(
            first,
            dump(&open_for_writing(&path, Duration::ZERO).unwrap())
        );
        assert_eq!(first, dump(&open_for_reading(&path).unwrap()));
    }

    #[test]
    fn a_file_of_a_newer_version_is_refused_and_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        let db = open_for_writing(&path, Duration::ZERO).unwrap();
        db.pragma_update(None, "user_version", VERSION + 1).unwrap();
        drop(db);
        assert!(matches!(
            open_for_writing(&path, Duration::ZERO),
            Err(HistoryError::Newer { .. })
        ));
        assert!(matches!(
            open_for_reading(&path),
            Err(HistoryError::Newer { .. })
        ));
    }

    #[test]
    fn a_negative_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        let db = open_for_writing(&path, Duration::ZERO).unwrap();
        db.pragma_update(None, "user_version", -1).unwrap();
        drop(db);
        assert!(open_for_writing(&path, Duration::ZERO).is_err());
        assert!(open_for_reading(&path).is_err());
    }

    #[test]
    fn a_missing_file_says_where_and_which_setting() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nowhere/history.sqlite");
        let error = open_for_reading(&path).unwrap_err().to_string();
        assert!(
            error.contains("nowhere/history.sqlite") && error.contains("DATA_DIR"),
            "{error}"
        );
        assert!(!path.exists());
        let error = open_for_writing(&path, Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert!(error.contains("DATA_DIR"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_database_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        std::fs::write(
            &path,
            "this is a letter to my aunt, not a database, and long enough",
        )
        .unwrap();
        assert!(open_for_writing(&path, Duration::ZERO).is_err());
        assert!(open_for_reading(&path).is_err());
    }
}
