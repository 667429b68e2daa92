//! Why the history can't be written or read, and whether the problem is temporary.

use std::io;
use std::path::{Path, PathBuf};

use super::sqlite_trouble::Trouble;

/// Why the history cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such file.
    #[error(
        "no history at {path}: either nothing was archived yet, or DATA_DIR should name the directory of the daemon"
    )]
    Missing {
        /// Its path.
        path: PathBuf,
    },
    /// The file exists or could be created, but can't be opened.
    #[error("cannot open the history {path}: {remedy}", remedy = Trouble::remedy(source))]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file was written by a later version of this program.
    #[error(
        "the history {path} has schema {found}, newer than this waha-sm knows ({known}): upgrade waha-sm"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The latest schema version of this program.
        known: i64,
    },
    /// The file needs a migration, which a reader does not run.
    #[error(
        "the history {path} has schema {found}, older than {known}: start the daemon once to bring it up to date"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The latest schema version of this program.
        known: i64,
    },
    /// Its place on the disk can't be looked at.
    #[error("cannot look at the history {path}: {source}")]
    Unreachable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A position in the changes that this file never had.
    #[error(
        "the history {path} never had the position {position}: it is another file, or it was restored from a backup that is \
         older. What was copied from it may be wrong now: empty the copy, and begin again at position 0"
    )]
    UnknownPosition {
        /// The file.
        path: PathBuf,
        /// The position.
        position: String,
    },
    /// SQLite refused or failed: a full disk, a lock held for too long, a damaged file.
    #[error("the history {path} failed while {doing}: {remedy}", remedy = Trouble::remedy(source))]
    Sql {
        /// The file.
        path: PathBuf,
        /// The operation that failed.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file was deleted or moved while it was open, and could not be restored. The open file is the only copy.
    #[error(
        "the history {path} was deleted or replaced while waha-sm had it open, and can't be put back: {reason}. \
         Only this process still has it: do not end it before its directory (DATA_DIR) is there, writable, and has \
         room for all of it"
    )]
    NotRestored {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl HistoryError {
    /// Whether the problem may go away without a change to the file: a lock, a full or failing disk, missing permissions. Then
    /// it is worth trying again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Open { source, .. } | Self::Sql { source, .. } => {
                !matches!(Trouble::of(source), Trouble::Damaged | Trouble::Other)
            }
            Self::NotRestored { .. } | Self::Unreachable { .. } => true,
            Self::Missing { .. }
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::UnknownPosition { .. } => false,
        }
    }
}

/// Names what was being done when SQLite failed.
pub(super) fn failed(path: &Path, doing: &'static str) -> impl Fn(rusqlite::Error) -> HistoryError {
    move |source| HistoryError::Sql {
        path: path.to_owned(),
        doing,
        source,
    }
}
