//! The history's files on the disk: whether they are still those that are open, and how they are put back.
//!
//! SQLite goes on writing to a file that was deleted, and nobody else will ever read it. So their devices and inodes
//! are kept in mind, and compared with what stands at their paths.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::error::{HistoryError, failed};

/// The history's file in the data directory.
pub const FILE_NAME: &str = "history.sqlite";

/// What was found, and repaired with nothing lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// The file was gone.
    Deleted,
    /// Another stood in its place.
    Replaced {
        /// Where that one is now.
        aside: PathBuf,
    },
    /// Its write-ahead log, or the index of that, was gone or another.
    Log,
}

/// A file, whatever its name: device and inode.
type Identity = (u64, u64);

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
        // As SQLite resolved it: log and index lie beside what a symbolic link points to.
        let main = db.path().map_or_else(|| path.to_owned(), PathBuf::from);
        let open = identities(&main)?;
        Ok(Self { main, open })
    }

    /// Whether what stands at the paths is what is open.
    pub(super) fn in_place(&self) -> io::Result<bool> {
        Ok(identities(&self.main)? == self.open)
    }

    /// Makes what stands at the path whole, from `db`, which has it open. After `Ok`, `db` is to be closed and the
    /// path opened anew.
    pub(super) fn put_back(&self, db: &Connection) -> Result<Restored, HistoryError> {
        let adrift = |reason: String| HistoryError::Adrift {
            path: self.main.clone(),
            reason,
        };
        let [found, ..] = identities(&self.main).map_err(|error| adrift(error.to_string()))?;
        if found == self.open[0] {
            return self.write_back(db);
        }
        let copy = with_suffix(&self.main, ".restoring");
        let restored = self.copy_back(db, &copy, found.is_some());
        restored.map_err(|reason| {
            // Half a copy only takes up space. It may not be there at all.
            let _ = fs::remove_file(&copy);
            adrift(reason)
        })
    }

    /// The log was taken away: all that it holds goes into the file itself.
    fn write_back(&self, db: &Connection) -> Result<Restored, HistoryError> {
        let busy: bool = db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(failed(&self.main, "saving what its log held"))?;
        if busy {
            return Err(HistoryError::Adrift {
                path: with_suffix(&self.main, "-wal"),
                reason: "another program is using it: close it".to_owned(),
            });
        }
        for side in sides(&self.main) {
            // A log of another time would be taken for the database's own.
            remove(&side).map_err(|error| HistoryError::Adrift {
                path: side,
                reason: error.to_string(),
            })?;
        }
        Ok(Restored::Log)
    }

    /// A whole copy, complete and on the disk before anything at the path is touched.
    fn copy_back(&self, db: &Connection, copy: &Path, replaced: bool) -> Result<Restored, String> {
        let told = |error: io::Error| error.to_string();
        remove(copy).map_err(told)?;
        let name = copy.to_str().ok_or("its path is no UTF-8")?;
        db.execute("VACUUM INTO ?1", [name])
            .map_err(|error| error.to_string())?;
        File::open(copy)
            .and_then(|copy| copy.sync_all())
            .map_err(told)?;

        let aside = if replaced { Some(self.aside()) } else { None };
        for ((side, suffix), ours) in sides(&self.main).iter().zip(SIDES).zip(&self.open[1..]) {
            match (&aside, identity(side).map_err(told)?) {
                // The stranger's.
                (Some(aside), Some(found)) if Some(found) != *ours => {
                    fs::rename(side, with_suffix(aside, suffix)).map_err(told)?;
                }
                // The old log, which must not be taken for the copy's.
                _ => remove(side).map_err(told)?,
            }
        }
        if let Some(aside) = &aside {
            fs::rename(&self.main, aside).map_err(told)?;
        }
        fs::rename(copy, &self.main).map_err(told)?;
        if let Some(directory) = self.main.parent() {
            File::open(directory)
                .and_then(|directory| directory.sync_all())
                .map_err(told)?;
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

/// What SQLite calls the log and its index.
const SIDES: [&str; 2] = ["-wal", "-shm"];

fn sides(main: &Path) -> [PathBuf; 2] {
    SIDES.map(|suffix| with_suffix(main, suffix))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn identities(main: &Path) -> io::Result<[Option<Identity>; 3]> {
    let [wal, shm] = sides(main);
    Ok([identity(main)?, identity(&wal)?, identity(&shm)?])
}

/// `None` where there is no such file. Only looked at, never opened: closing it would end SQLite's locks
/// (sqlite.org, "How To Corrupt An SQLite Database File", 2.2).
fn identity(path: &Path) -> io::Result<Option<Identity>> {
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
