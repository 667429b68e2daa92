//! The data directory: one daemon at a time, and who ran in it last.

use crate::ids::ProcessId;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The directory, ours alone for as long as this lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The lock goes when the file is closed, also when we are killed.
    _lock: File,
}

/// Why the directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another daemon has it.
    #[error(
        "another waha-sm is running on the data directory {}: stop it first, or give this one another DATA_DIR",
        .0.display()
    )]
    Taken(PathBuf),
    /// It can't be made or written.
    #[error("can't use the data directory {}: {source}; check DATA_DIR, its owner and its permissions", path.display())]
    Unusable {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DataDir {
    /// Makes the directory if need be, and takes it.
    ///
    /// # Errors
    /// As [`DataDirError`] says.
    pub fn take(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Unusable {
            path: path.to_owned(),
            source,
        };
        // What customers say is nobody else's business on this machine.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(unusable)?;
        let lock = path.join("lock");
        // A file that is there can be locked also on a disk that has turned read-only.
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

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The process that ran here last, if it left its name. It is dead: we have the lock.
    pub fn last_process(&self) -> Option<ProcessId> {
        let name = std::fs::read_to_string(self.path.join("process")).ok()?;
        Some(name.trim())
            .filter(|name| !name.is_empty())
            .map(ProcessId::stored)
    }

    /// Leaves this process' name for the next.
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
