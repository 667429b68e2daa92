//! Why a backup can't be made, read or put back.

use std::io;
use std::path::{Path, PathBuf};

use crate::data_dir::DataDirError;
use crate::history::HistoryError;
use crate::store::{PrivateRedisError, SnapshotError, StoreError};

/// Why a backup can't be made, read or put back; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// There is not enough space.
    #[error(
        "{} has {} free, and {} are needed: make space there, or name a directory on another disk",
        path.display(), megabytes_at_least(*free), megabytes(*needed)
    )]
    NoSpace {
        /// Where.
        path: PathBuf,
        /// How many bytes are needed.
        needed: u64,
        /// How many are free.
        free: u64,
    },
    /// The directory can't take a backup, or a restore.
    #[error("{0}")]
    Place(String),
    /// The directory is no whole backup.
    #[error("{} is no whole backup: {reason}", path.display())]
    NotABackup {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// It is not what it was when it was made.
    #[error("the backup {} is damaged:\n{}\nUse another one", path.display(), found.join("\n"))]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// What is wrong, one line each.
        found: Vec<String>,
    },
    /// The history can't be copied.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The snapshot can't be fetched or put back.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Redis failed.
    #[error("Redis failed: {0}; try again")]
    Store(#[from] StoreError),
    /// The private Redis does not start or stop.
    #[error(transparent)]
    PrivateRedis(#[from] PrivateRedisError),
    /// The data directory can't be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
}

impl BackupError {
    /// Whether a disk is full.
    pub fn is_full(&self) -> bool {
        let full = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            )
        };
        match self {
            Self::File { source, .. } | Self::Snapshot(SnapshotError::Write(source)) => {
                full(source)
            }
            Self::History(error) => error.is_full(),
            _ => false,
        }
    }
}

/// Names the file that failed.
pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::File {
        path: path.to_owned(),
        source,
    }
}

/// So much is there for sure.
fn megabytes_at_least(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

/// A size as a person reads it.
pub fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..10_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        _ => format!("{} GB", bytes.div_ceil(1_000_000_000)),
    }
}
