//! A copy of the history as it is at one moment, while it is written: SQLite's own backup. And what such a copy is.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::error::{HistoryError, failed};
use super::schema;
use crate::copy_pace::CopyPace;
use crate::ids::SessionName;

/// The schema that this program writes. It can read no newer one.
pub const SCHEMA: i64 = schema::VERSION;

/// Pages that are copied at once: a quarter of a megabyte.
const STEP: i32 = 64;

/// After so many steps the copy is on the disk. If all of it waited for the end, others who write to the same disk would wait then.
const SYNC_AFTER: u32 = 32;

/// What a history holds, as far as a backup must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryFacts {
    /// The id of the file, which copies have too.
    pub id: String,
    /// The version of its schema.
    pub schema: i64,
    /// How many rows its tables have.
    pub rows: BTreeMap<String, u64>,
}

/// Copies the history at `from` to the new file `to`, as it is when this begins. Entries that are written meanwhile are not in the
/// copy, and whoever writes them does not wait. `told` gets the bytes so far, and all. The copy is on the disk afterwards.
///
/// # Errors
/// If it can't be read or written.
pub fn copy(
    from: &Path,
    to: &Path,
    told: &mut dyn FnMut(u64, u64),
) -> Result<HistoryFacts, HistoryError> {
    let source = open_source(from)?;
    let reading = failed(from, "copying it");
    let writing = failed(to, "writing the copy");
    // One snapshot: without it, each change would make the copy begin again.
    source
        .execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")
        .map_err(&reading)?;
    let page: u32 = source
        .pragma_query_value(None, "page_size", |row| row.get(0))
        .map_err(&reading)?;
    let pages: u32 = source
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .map_err(&reading)?;
    let mut copied = Connection::open(to).map_err(&writing)?;
    // A copy that is not finished is thrown away, so it needs no journal.
    copied
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        .map_err(&writing)?;
    let on_disk = File::open(to).map_err(|error| unwritten(to, &error))?;
    {
        let backup = Backup::new(&source, &mut copied).map_err(&writing)?;
        let (mut steps, mut before) = (0, 0);
        let mut pace = CopyPace::new(u64::from(pages) * u64::from(page));
        loop {
            let step = backup.step(STEP).map_err(&writing)?;
            steps += 1;
            if steps % SYNC_AFTER == 0 {
                on_disk.sync_data().map_err(|error| unwritten(to, &error))?;
            }
            let progress = backup.progress();
            let bytes = |pages: i32| u64::try_from(pages).unwrap_or(0) * u64::from(page);
            let done = bytes(progress.pagecount - progress.remaining);
            told(done, bytes(progress.pagecount));
            if step == StepResult::Done {
                break;
            }
            pace.wrote(done.saturating_sub(before));
            before = done;
        }
    }
    // One file, which can be opened where nothing can be written.
    copied
        .pragma_update(None, "journal_mode", "DELETE")
        .map_err(&writing)?;
    copied.close().map_err(|(_, error)| writing(error))?;
    on_disk.sync_all().map_err(|error| unwritten(to, &error))?;
    facts(to)
}

/// Opened without a look at its version: a backup is made before an upgrade, too.
fn open_source(path: &Path) -> Result<Connection, HistoryError> {
    if !path.is_file() {
        return Err(HistoryError::Missing {
            path: path.to_owned(),
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)
        .and_then(|db| db.busy_timeout(schema::READER_BUSY_MAX).map(|()| db));
    let db = db.map_err(|source| HistoryError::Open {
        path: path.to_owned(),
        source,
    })?;
    match schema::version(&db) {
        Ok(0) => Err(HistoryError::Missing {
            path: path.to_owned(),
        }),
        Ok(_) => Ok(db),
        Err(source) => Err(HistoryError::Open {
            path: path.to_owned(),
            source,
        }),
    }
}

/// What the copy at `path` holds. Nothing beside it is made or read.
///
/// # Errors
/// If it can't be read, or is no history.
pub fn facts(path: &Path) -> Result<HistoryFacts, HistoryError> {
    let db = open_copy(path)?;
    let read = || -> rusqlite::Result<HistoryFacts> {
        let mut tables = db.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name",
        )?;
        let mut rows = BTreeMap::new();
        for name in tables.query_map([], |row| row.get::<_, String>(0))? {
            let name = name?;
            let count = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
            let rows_in_it: i64 = db.query_row(&count, [], |row| row.get(0))?;
            rows.insert(name, u64::try_from(rows_in_it).unwrap_or(0));
        }
        Ok(HistoryFacts {
            // The first versions had none.
            id: schema::file_id(&db).unwrap_or_default(),
            schema: schema::version(&db)?,
            rows,
        })
    };
    read().map_err(failed(path, "reading the copy"))
}

/// What is wrong with the inside of the copy at `path`; `None` if nothing is.
///
/// # Errors
/// If it can't be read at all.
pub fn damage(path: &Path) -> Result<Option<String>, HistoryError> {
    let db = open_copy(path)?;
    let found: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(failed(path, "checking the copy"))?;
    Ok((found != "ok").then_some(found))
}

/// The position in its stream of each session that the copy at `path` has entries of.
///
/// # Errors
/// If it can't be read.
pub fn positions(path: &Path) -> Result<Vec<(SessionName, String)>, HistoryError> {
    let db = open_copy(path)?;
    let read = || -> rusqlite::Result<Vec<(SessionName, String)>> {
        let mut all = db.prepare("SELECT session, stream_id FROM position")?;
        let rows = all.query_map([], |row| {
            Ok((SessionName::stored(row.get::<_, String>(0)?), row.get(1)?))
        })?;
        rows.collect()
    };
    read().map_err(failed(path, "reading the copy"))
}

/// Opened as a file that nobody changes: no log is looked for, and none is made.
fn open_copy(path: &Path) -> Result<Connection, HistoryError> {
    let encoded = percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC);
    let uri = format!("file:{encoded}?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags).map_err(|source| HistoryError::Open {
        path: path.to_owned(),
        source,
    })
}

fn unwritten(path: &Path, error: &std::io::Error) -> HistoryError {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ffi::SQLITE_FULL,
        _ => ffi::SQLITE_IOERR_FSYNC,
    };
    HistoryError::Sql {
        path: path.to_owned(),
        doing: "writing the copy",
        source: rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(error.to_string())),
    }
}

impl HistoryError {
    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Open { source, .. } | Self::Sql { source, .. } => {
                source.sqlite_error_code() == Some(ErrorCode::DiskFull)
            }
            _ => false,
        }
    }
}
