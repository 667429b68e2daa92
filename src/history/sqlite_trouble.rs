//! Problems of the history's file, as SQLite reports them, each with its remedy.

use rusqlite::{Error, ErrorCode, ffi};

/// Kinds of trouble, each with its own remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another program holds a lock.
    Locked,
    /// No space is left.
    Full,
    /// No permission to write, or no place to write to.
    Forbidden,
    /// Reading or writing fails.
    Disk,
    /// The file is not a history, or it is damaged.
    Damaged,
    /// None of these.
    Other,
}

impl Trouble {
    pub(super) fn of(error: &Error) -> Self {
        use ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull,
            FileLockingProtocolFailed, NotADatabase, PermissionDenied, ReadOnly, SystemIoFailure,
        };
        match error.sqlite_error() {
            // On a full disk, the log's index is the first to fail.
            Some(error) if error.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Self::Full,
            Some(error) => match error.code {
                DatabaseBusy | DatabaseLocked | FileLockingProtocolFailed => Self::Locked,
                DiskFull => Self::Full,
                ReadOnly | PermissionDenied | CannotOpen => Self::Forbidden,
                SystemIoFailure => Self::Disk,
                DatabaseCorrupt | NotADatabase => Self::Damaged,
                _ => Self::Other,
            },
            None => Self::Other,
        }
    }

    /// What to do, as the end of a sentence that says what happened.
    pub(super) fn remedy(error: &Error) -> &'static str {
        match Self::of(error) {
            Self::Locked => {
                "another program locks it: close it (a database browser, a backup, an sqlite3)"
            }
            Self::Full => "free space on its disk",
            Self::Forbidden => {
                "check that its directory (DATA_DIR) is there, and that it and the files in it are writable by the \
                 user that runs waha-sm"
            }
            Self::Disk => {
                "its disk fails: check that it is there, healthy, writable and within its quota (dmesg tells more)"
            }
            Self::Damaged => {
                "it is damaged, or no history at all: stop waha-sm and move it away, or put a backup in its place"
            }
            Self::Other => "check DATA_DIR, its owner and its permissions",
        }
    }
}
