//! The history's files on the disk: whether the open files are still at their paths, and how to restore them.
//!
//! SQLite continues to write to a deleted file, and nobody can read it afterwards. So we remember the device and inode of each
//! file and compare them with what is at the path.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::error::{HistoryError, failed};

/// The history's file in the data directory.
pub const FILE_NAME: &str = FILE_NAMES[0];

/// All of its files there: itself, its log and the log's index.
pub const FILE_NAMES: [&str; 3] = ["history.sqlite", "history.sqlite-wal", "history.sqlite-shm"];

/// A repair that lost nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// The file was gone.
    Deleted,
    /// Another file was in its place.
    Replaced {
        /// Where that file is now.
        aside: PathBuf,
    },
    /// Its write-ahead log or the log's index was gone or replaced.
    Log,
}

/// A file by device and inode, whatever its name.
pub(super) type Identity = (u64, u64);

/// The files of an open database.
#[derive(Debug)]
pub(super) struct Files {
    main: PathBuf,
    /// Those of the database, its log and the log's index, when it was opened.
    open: [Option<Identity>; 3],
}

impl Files {
    /// The files that `db` has just opened from `path`.
    pub(super) fn of(db: &Connection, path: &Path) -> io::Result<Self> {
        // The path as SQLite resolved it: log and index are beside the file that a symbolic link points to.
        let main = db.path().map_or_else(|| path.to_owned(), PathBuf::from);
        let open = identities(&main)?;
        Ok(Self { main, open })
    }

    /// Whether the open files are those at the paths.
    pub(super) fn in_place(&self) -> io::Result<bool> {
        Ok(identities(&self.main)? == self.open)
    }

    /// Restores the file at the path from `db`, which still has it open. After `Ok`, close `db` and open the path again.
    pub(super) fn put_back(&self, db: &Connection) -> Result<Restored, HistoryError> {
        let not_restored = |reason: String| HistoryError::NotRestored {
            path: self.main.clone(),
            reason,
        };
        let [found, ..] =
            identities(&self.main).map_err(|error| not_restored(error.to_string()))?;
        if found == self.open[0] {
            return self.write_back(db);
        }
        let copy = with_suffix(&self.main, ".restoring");
        let restored = self.copy_back(db, &copy, found.is_some());
        restored.map_err(|reason| {
            // Half a copy only takes up space. There may be none.
            let _ = fs::remove_file(&copy);
            not_restored(reason)
        })
    }

    /// The log was removed: writes all that it holds into the file itself.
    fn write_back(&self, db: &Connection) -> Result<Restored, HistoryError> {
        let busy: bool = db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(failed(&self.main, "saving what its log held"))?;
        if busy {
            return Err(HistoryError::NotRestored {
                path: with_suffix(&self.main, "-wal"),
                reason: "another program is using it: close it".to_owned(),
            });
        }
        for side in side_files(&self.main) {
            // SQLite would take an old log for the database's own.
            remove(&side).map_err(|error| HistoryError::NotRestored {
                path: side,
                reason: error.to_string(),
            })?;
        }
        Ok(Restored::Log)
    }

    /// Makes a complete copy on the disk before it touches anything at the path.
    fn copy_back(&self, db: &Connection, copy: &Path, replaced: bool) -> Result<Restored, String> {
        let reason = |error: io::Error| error.to_string();
        remove(copy).map_err(reason)?;
        // As bytes: a path need not be UTF-8.
        let name = ToSqlOutput::Borrowed(ValueRef::Text(copy.as_os_str().as_bytes()));
        db.execute("VACUUM INTO ?1", [name])
            .map_err(|error| error.to_string())?;
        File::open(copy)
            .and_then(|copy| copy.sync_all())
            .map_err(reason)?;

        let aside = if replaced { Some(self.aside()) } else { None };
        for ((side, suffix), ours) in side_files(&self.main)
            .iter()
            .zip(SIDE_FILES)
            .zip(&self.open[1..])
        {
            match (&aside, identity(side).map_err(reason)?) {
                // The log and index of the other file.
                (Some(aside), Some(found)) if Some(found) != *ours => {
                    fs::rename(side, with_suffix(aside, suffix)).map_err(reason)?;
                }
                // SQLite must not take the old log for the copy's.
                _ => remove(side).map_err(reason)?,
            }
        }
        if let Some(aside) = &aside {
            fs::rename(&self.main, aside).map_err(reason)?;
        }
        fs::rename(copy, &self.main).map_err(reason)?;
        if let Some(directory) = self.main.parent() {
            File::open(directory)
                .and_then(|directory| directory.sync_all())
                .map_err(reason)?;
        }
        Ok(aside.map_or(Restored::Deleted, |aside| Restored::Replaced { aside }))
    }

    /// A free name for a file that is not ours.
    fn aside(&self) -> PathBuf {
        let mut n = 1;
        loop {
            let path = with_suffix(&self.main, &format!(".found-{n}"));
            if !path.exists() {
                return path;
            }
            n += 1;
        }
    }
}

/// SQLite's names for the log and its index.
const SIDE_FILES: [&str; 2] = ["-wal", "-shm"];

fn side_files(main: &Path) -> [PathBuf; 2] {
    SIDE_FILES.map(|suffix| with_suffix(main, suffix))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn identities(main: &Path) -> io::Result<[Option<Identity>; 3]> {
    let [wal, shm] = side_files(main);
    Ok([identity(main)?, identity(&wal)?, identity(&shm)?])
}

/// `None` if there is no such file. It is never opened, because closing it would end SQLite's locks
/// (sqlite.org, "How To Corrupt An SQLite Database File", 2.2).
pub(super) fn identity(path: &Path) -> io::Result<Option<Identity>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some((found.dev(), found.ino()))),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if !is_missing(&error) => Err(error),
        _ => Ok(()),
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
