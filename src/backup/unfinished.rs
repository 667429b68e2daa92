//! A backup that is being written: a directory beside its final one, with another name. Nobody takes it for a backup, whenever we are
//! killed.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::backup::error::{BackupError, at};
use crate::backup::manifest::{MANIFEST, Manifest, SUMS};
use crate::backup::summed::{FileSum, new_file, sum_of};

/// The end of its name. The beginning is a dot.
const UNFINISHED: &str = ".waha-sm-unfinished";

/// See the module. It is deleted if it is dropped.
#[derive(Debug)]
pub(crate) struct UnfinishedBackup {
    /// Where it is now.
    path: PathBuf,
    /// Where it will be.
    place: PathBuf,
    files: BTreeMap<String, FileSum>,
    /// Says that we are alive. The system ends it if we are not.
    lock: File,
}

impl UnfinishedBackup {
    /// Begins one. What an earlier one left that was killed is deleted.
    ///
    /// # Errors
    /// If `place` is neither new nor empty, or can't take it.
    pub(crate) fn begin(place: &Path) -> Result<Self, BackupError> {
        let place = std::path::absolute(place).map_err(at(place))?;
        let (Some(parent), Some(name)) = (place.parent(), place.file_name()) else {
            return Err(BackupError::Place(format!(
                "{} can't be a backup: name a new directory",
                place.display()
            )));
        };
        // So that it is the same path whatever links lead to it.
        let parent = parent
            .canonicalize()
            .map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => BackupError::Place(format!(
                    "there is no directory {}: make it, or name a new directory in another one",
                    parent.display()
                )),
                _ => at(parent)(source),
            })?;
        let place = parent.join(name);
        check_free(&place, &parent)?;
        let mut unfinished = std::ffi::OsString::from(".");
        unfinished.push(name);
        unfinished.push(UNFINISHED);
        let path = parent.join(unfinished);
        delete_left(&parent)?;
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => busy(&place),
            _ => at(&path)(source),
        })?;
        let lock = File::open(&path).map_err(at(&path))?;
        let begun = Self {
            path,
            place,
            files: BTreeMap::new(),
            lock,
        };
        match begun.lock.try_lock() {
            Ok(()) => Ok(begun),
            Err(TryLockError::WouldBlock) => Err(busy(&begun.place)),
            Err(TryLockError::Error(source)) => Err(at(&begun.path)(source)),
        }
    }

    /// Where it is now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it. The directories that lead there are made.
    pub(crate) fn file(&self, name: &str) -> Result<PathBuf, BackupError> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(parent)
                .map_err(at(parent))?;
        }
        Ok(path)
    }

    /// Notes a file that is there.
    pub(crate) fn add(&mut self, name: impl Into<String>, sum: FileSum) {
        self.files.insert(name.into(), sum);
    }

    /// Deletes a file again.
    pub(crate) fn forget(&mut self, name: &str) -> Result<(), BackupError> {
        self.files.remove(name);
        let path = self.path.join(name);
        fs::remove_file(&path).map_err(at(&path))
    }

    /// Writes a small file.
    pub(crate) fn write(&mut self, name: &str, content: &str) -> Result<(), BackupError> {
        self.write_unlisted(name, content)?;
        self.add(name, sum_of(content.as_bytes()));
        Ok(())
    }

    fn write_unlisted(&self, name: &str, content: &str) -> Result<(), BackupError> {
        let path = self.file(name)?;
        let written = new_file(&path).and_then(|mut file| {
            file.write_all(content.as_bytes())?;
            file.sync_all()
        });
        written.map_err(at(&path))
    }

    /// Writes the manifest, and gives the directory its name. It is on the disk afterwards.
    ///
    /// # Errors
    /// If that fails.
    pub(crate) fn finish(
        mut self,
        manifest: impl FnOnce(BTreeMap<String, FileSum>) -> Manifest,
    ) -> Result<(PathBuf, Manifest), BackupError> {
        let manifest = manifest(std::mem::take(&mut self.files));
        let json = serde_json::to_string_pretty(&manifest).map_err(io::Error::other);
        let json = json.map_err(at(&self.path))? + "\n";
        self.write_unlisted(SUMS, &manifest.sums(&sum_of(json.as_bytes())))?;
        sync_directories(&self.path)?;
        self.write_unlisted(MANIFEST, &json)?;
        sync(&self.path)?;
        fs::rename(&self.path, &self.place).map_err(at(&self.place))?;
        if let Some(parent) = self.place.parent() {
            sync(parent)?;
        }
        Ok((self.place.clone(), manifest))
    }
}

impl Drop for UnfinishedBackup {
    fn drop(&mut self) {
        // It is not there any more if it has got its name.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Fails unless `place` is new or empty, and can be renamed to.
fn check_free(place: &Path, parent: &Path) -> Result<(), BackupError> {
    let found = match fs::symlink_metadata(place) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(place)(error)),
    };
    let shown = place.display();
    if !found.is_dir() {
        return Err(BackupError::Place(format!(
            "{shown} is no directory: name a new one for the backup"
        )));
    }
    if fs::read_dir(place).map_err(at(place))?.next().is_some() {
        return Err(BackupError::Place(format!(
            "{shown} is not empty: name a new directory for the backup, like {shown}/monday"
        )));
    }
    let above = fs::metadata(parent).map_err(at(parent))?;
    if above.dev() != found.dev() {
        return Err(BackupError::Place(format!(
            "{shown} is a disk or volume of its own: name a new directory in it, like {shown}/monday"
        )));
    }
    Ok(())
}

/// Deletes what backups left that were killed: it holds what customers wrote. Those that still run stay.
fn delete_left(parent: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(parent).map_err(at(parent))? {
        let entry = entry.map_err(at(parent))?;
        let name = entry.file_name();
        let is_left = name.to_string_lossy().ends_with(UNFINISHED);
        if !is_left || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        // It may be gone, or somebody else's.
        let is_dead = File::open(&path).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_dead {
            fs::remove_dir_all(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

fn busy(place: &Path) -> BackupError {
    BackupError::Place(format!(
        "another backup to {} is being made: wait for it, or name another directory",
        place.display()
    ))
}

/// Makes the names in a directory last, and those in all directories below it.
pub(crate) fn sync_directories(path: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(path).map_err(at(path))? {
        let entry = entry.map_err(at(path))?;
        if entry.file_type().map_err(at(path))?.is_dir() {
            sync_directories(&entry.path())?;
        }
    }
    sync(path)
}

/// Makes the names in a directory last.
pub(crate) fn sync(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(at(path))
}
