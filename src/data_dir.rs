//! The data directory. Only one daemon can use it at a time, and it keeps the id of the last process that did.

use crate::ids::ProcessId;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The directory. It is locked as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The lock ends when the file is closed, even if we are killed.
    _lock: File,
}

/// Why the directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another daemon uses it.
    #[error(
        "another waha-sm is running on the data directory {}: stop it first, or give this one another DATA_DIR",
        .0.display()
    )]
    Taken(PathBuf),
    /// It can't be created or written.
    #[error("can't use the data directory {}: {source}; check DATA_DIR, its owner and its permissions", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DataDir {
    /// Creates the directory if needed, and locks it.
    ///
    /// # Errors
    /// As [`DataDirError`] says.
    pub fn take(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Unusable {
            path: path.to_owned(),
            source,
        };
        // Other users of this machine must not read what customers say.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(unusable)?;
        let lock = path.join("lock");
        // An existing file can be locked even if the disk has become read-only.
        let lock = File::create(&lock)
            .or_else(|error| File::open(&lock).map_err(|_| error))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::Taken(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last process that ran on this directory, if it stored its id. It has ended, because we have the lock.
    pub fn last_process(&self) -> Option<ProcessId> {
        let name = std::fs::read_to_string(self.path.join("process")).ok()?;
        Some(name.trim())
            .filter(|name| !name.is_empty())
            .map(ProcessId::stored)
    }

    /// Stores this process' id for the next run.
    ///
    /// # Errors
    /// [`DataDirError::Unusable`].
    pub fn set_process(&self, process: &ProcessId) -> Result<(), DataDirError> {
        std::fs::write(self.path.join("process"), process.as_str()).map_err(|source| {
            DataDirError::Unusable {
                path: self.path.clone(),
                source,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_refused_and_a_later_one_learns_who_was_there() {
        let place = tempfile::tempdir().unwrap();
        let first = DataDir::take(place.path()).unwrap();
        assert_eq!(first.last_process(), None);
        first.set_process(&ProcessId::stored("p-1")).unwrap();
        assert!(matches!(
            DataDir::take(place.path()),
            Err(DataDirError::Taken(_))
        ));
        drop(first);
        assert_eq!(
            DataDir::take(place.path()).unwrap().last_process(),
            Some(ProcessId::stored("p-1"))
        );
    }
}
