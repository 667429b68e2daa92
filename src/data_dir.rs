//! The data directory. Only one daemon can use it at a time, it keeps the id of the last process that did, and nobody else
//! on the machine can read it.

use std::fmt::Write as _;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::history;
use crate::ids::ProcessId;
use crate::private_dir::{NotPrivate, PrivateDir, is_ours, our_user};

const LOCK: &str = "lock";
const PROCESS: &str = "process";

/// The directory of the private Redis.
pub const REDIS: &str = "redis";

/// A backup is being put back: it is made ready in this directory.
pub const RESTORING: &str = "restoring";

/// What may be in a directory that counts as empty: our lock, and what a new disk has.
const COUNT_AS_NOTHING: [&str; 2] = [LOCK, "lost+found"];

/// SQLite opens no file whose path has more than 512 bytes, and the names in it have up to 40.
const PATH_MAX: usize = 470;

/// How many open files a warning names.
const NAMED_MAX: usize = 5;

/// Directories of the system. As root we could close them, and then nobody else could use the machine.
const OF_THE_SYSTEM: [&str; 22] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/dev/shm",
    "/etc",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/local",
    "/var",
    "/var/lib",
    "/var/tmp",
];

/// The directory. It is locked as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    directory: PrivateDir,
    /// The lock ends when the file is closed, even if we are killed.
    lock: File,
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
    /// A restore was killed, or is at work.
    #[error(
        "a restore into the data directory {} was interrupted, so it holds half a backup: run `waha-sm restore` with the same \
         backup again, and it begins again",
        .0.display()
    )]
    HalfRestored(PathBuf),
    /// It is not empty, and a backup is to be put back.
    #[error(
        "the data directory {} is not empty (it has {found}), and a backup is put back only into an empty one: set DATA_DIR to a new \
         directory, or stop waha-sm and move away what is there",
        path.display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// The first names in it.
        found: String,
    },
    /// Others could read what customers write, or change what we read.
    #[error("can't use the data directory safely: {0}")]
    NotPrivate(String),
}

impl From<NotPrivate> for DataDirError {
    fn from(error: NotPrivate) -> Self {
        match error {
            NotPrivate::Failed { path, source } => Self::Unusable { path, source },
            NotPrivate::Unsafe(reason) => Self::NotPrivate(reason),
        }
    }
}

/// What is wrong with a directory into which a restore was interrupted; `None` if that did not happen.
pub fn half_restored(path: &Path) -> Option<DataDirError> {
    let interrupted = path.join(RESTORING).is_dir();
    interrupted.then(|| DataDirError::HalfRestored(path.to_owned()))
}

impl DataDir {
    /// Creates the directory if needed, makes it private, and locks it. If it was open to others, the log says so.
    ///
    /// # Errors
    /// As [`DataDirError`] says.
    pub fn take(path: &Path) -> Result<Self, DataDirError> {
        let taken = Self::lock(path)?;
        match taken.directory.inside(RESTORING) {
            Ok(_) => Err(DataDirError::HalfRestored(taken.path().to_owned())),
            Err(_) => Ok(taken),
        }
    }

    /// The same, for putting a backup back: it must be empty, or have what an interrupted restore left.
    ///
    /// # Errors
    /// As [`DataDirError`] says.
    pub fn take_for_restore(path: &Path) -> Result<Self, DataDirError> {
        // Before anything is made in it.
        Self::check_empty(path)?;
        Self::lock(path)
    }

    fn check_empty(path: &Path) -> Result<(), DataDirError> {
        let unusable = |source| DataDirError::Unusable {
            path: path.to_owned(),
            source,
        };
        let directory = match PrivateDir::open(path) {
            Ok(directory) => directory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unusable(error)),
        };
        let mut names = directory.names().map_err(unusable)?;
        names.retain(|name| !COUNT_AS_NOTHING.contains(&name.as_str()));
        if names.is_empty() || names.iter().any(|name| name == RESTORING) {
            return Ok(());
        }
        names.sort();
        names.truncate(NAMED_MAX);
        Err(DataDirError::NotEmpty {
            path: directory.path().to_owned(),
            found: names.join(", "),
        })
    }

    fn lock(path: &Path) -> Result<Self, DataDirError> {
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
        let directory = PrivateDir::open(path).map_err(unusable)?;
        if directory.path().as_os_str().len() > PATH_MAX {
            return Err(unusable(io::Error::other(format!(
                "its path is too long: SQLite needs one of at most {PATH_MAX} bytes"
            ))));
        }
        let open_before = close_directory(&directory)?;
        let lock = directory.open_file(LOCK)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DataDirError::Taken(directory.path().to_owned()));
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let files = close_files(&directory)?;
        warn_of_open(&directory, open_before, &files);
        Ok(Self { directory, lock })
    }

    /// Its path, without links.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The directory itself.
    pub fn directory(&self) -> &PrivateDir {
        &self.directory
    }

    /// Only the process that has locked this directory can say this: which directory it is, on which machine since it was started. A
    /// copy is another one. Empty if the system does not tell.
    pub fn place(&self) -> String {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        match (boot, self.lock.metadata()) {
            (Ok(boot), Ok(lock)) => format!("{}:{}:{}", boot.trim(), lock.dev(), lock.ino()),
            _ => String::new(),
        }
    }

    /// The last process that ran on this directory, if it stored its id. It has ended, because we have the lock.
    pub fn last_process(&self) -> Option<ProcessId> {
        let name = self.directory.read_file(PROCESS).ok()??;
        Some(name.trim())
            .filter(|name| !name.is_empty())
            .map(ProcessId::stored)
    }

    /// Stores this process' id for the next run.
    ///
    /// # Errors
    /// [`DataDirError::Unusable`].
    pub fn set_process(&self, process: &ProcessId) -> Result<(), DataDirError> {
        Ok(self.directory.write_file(PROCESS, process.as_str())?)
    }
}

/// Closes the history of a directory, as a command that only reads it finds it, if it is ours and open to others. Returns
/// what to tell the user.
pub fn close_history(path: &Path) -> Option<String> {
    let directory = PrivateDir::open(path).ok()?;
    let open: Vec<_> = history::FILE_NAMES
        .into_iter()
        .filter_map(|name| Some((PathBuf::from(name), directory.close_file(name).ok()??)))
        .collect();
    (!open.is_empty()).then(|| {
        format!(
            "others on this machine could read the history in {}: {}; it is closed now",
            directory.path().display(),
            listed(&open)
        )
    })
}

/// Takes the permissions of others away from the directory itself. Returns the mode before, if it was open to them.
fn close_directory(directory: &PrivateDir) -> Result<Option<u32>, DataDirError> {
    let unusable = |source| DataDirError::Unusable {
        path: directory.path().to_owned(),
        source,
    };
    let owner = directory.owner().map_err(unusable)?;
    let mode = directory.mode().map_err(unusable)?;
    let (shown, us) = (directory.path().display(), our_user());
    if is_ours(owner) {
        let system = us == 0
            && OF_THE_SYSTEM
                .iter()
                .any(|one| Path::new(one) == directory.path());
        let shared = mode & 0o002 != 0 && directory.has_others_files().map_err(unusable)?;
        if mode & 0o077 != 0 && (system || shared) {
            return Err(DataDirError::NotPrivate(format!(
                "others use {shown} too (mode {mode:04o}), so waha-sm does not close it to them; set DATA_DIR to a new directory \
                 inside it, and move what waha-sm has there into that"
            )));
        }
        return Ok(directory.close()?);
    }
    let group = directory.group().map_err(unusable)?;
    // Kubernetes makes volumes like this (fsGroup), and only root can change it. Our files in it are closed to the group.
    if owner == 0 && mode & 0o007 == 0 && is_our_group(group) {
        warn!(
            directory = %shown,
            group,
            "DATA_DIR belongs to root and is open to a group that we are in, as a volume with fsGroup is: the group can't read the \
             files in it, but could put others in their place. If the group has other members, set DATA_DIR to a new \
             directory inside it"
        );
        return Ok(None);
    }
    Err(DataDirError::NotPrivate(format!(
        "{shown} belongs to user {owner} (mode {mode:04o}), and waha-sm runs as user {us}; run it as user {owner}, or give \
         everything in it to its user: chown -R {us} {shown}; or set DATA_DIR to a new directory inside it, which waha-sm makes \
         private itself"
    )))
}

/// Closes the files that are ours by their names.
fn close_files(directory: &PrivateDir) -> Result<Vec<(PathBuf, u32)>, DataDirError> {
    let mut closed = Vec::new();
    for name in [LOCK, PROCESS].into_iter().chain(history::FILE_NAMES) {
        if let Some(before) = directory.close_file(name)? {
            closed.push((PathBuf::from(name), before));
        }
    }
    match directory.inside(REDIS) {
        Ok(redis) => {
            closed.extend(redis.close()?.map(|before| (PathBuf::from(REDIS), before)));
            let below = redis.close_all_inside()?.into_iter();
            closed.extend(below.map(|(path, before)| (Path::new(REDIS).join(path), before)));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => {
            return Err(DataDirError::NotPrivate(format!(
                "{} must be a directory of waha-sm's own user, and no link: {source}; move it away",
                directory.path().join(REDIS).display()
            )));
        }
    }
    Ok(closed)
}

fn warn_of_open(directory: &PrivateDir, before: Option<u32>, files: &[(PathBuf, u32)]) {
    let path = directory.path().display();
    let files = (!files.is_empty()).then(|| listed(files));
    match (before, files) {
        (Some(before), files) => warn!(
            directory = %path,
            mode = format!("{before:04o}"),
            files,
            "DATA_DIR was open to other users of this machine; it is closed now, with all that is in it. They may have read what \
             customers wrote before"
        ),
        (None, Some(files)) => warn!(
            directory = %path,
            files,
            "files in DATA_DIR were open to other users of this machine; they are closed now"
        ),
        (None, None) => {}
    }
}

/// The first of the files, with their modes, and how many more there are.
fn listed(files: &[(PathBuf, u32)]) -> String {
    let mut list = String::new();
    for (path, mode) in files.iter().take(NAMED_MAX) {
        let separator = if list.is_empty() { "" } else { ", " };
        let _ = write!(list, "{separator}{} ({mode:04o})", path.display());
    }
    if let Some(more @ 1..) = files.len().checked_sub(NAMED_MAX) {
        let _ = write!(list, " and {more} more");
    }
    list
}

fn is_our_group(group: u32) -> bool {
    let supplementary = rustix::process::getgroups().unwrap_or_default();
    std::iter::once(rustix::process::getegid())
        .chain(supplementary)
        .any(|ours| ours.as_raw() == group)
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
