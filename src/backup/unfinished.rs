//! A backup that is being written: a directory beside its final one, with another name. Nobody takes it for a backup, whenever we are
//! killed. If it can't be beside it (its place is a disk of its own, or the directory above belongs to somebody else), it is inside, and its
//! files get their places last, the manifest after all others.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::backup::error::{BackupError, at};
use crate::backup::manifest::{MANIFEST, Manifest, SUMS};
use crate::backup::summed::{FileSum, new_file, sum_of};

/// The end of its name, and the whole name if it is inside its place.
pub(crate) const UNFINISHED: &str = ".waha-sm-unfinished";

/// In a backup that is made inside its place: the names of what gets its place, one in each line.
const MOVING: &str = "moving";

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
        // A link leads to the place that it names.
        let place = place.canonicalize().unwrap_or(place);
        let inside = place.join(UNFINISHED);
        if place.is_dir() && is_left(&inside) {
            delete_moved(&place, &inside)?;
            fs::remove_dir_all(&inside).map_err(at(&inside))?;
        }
        if inside.exists() {
            return Err(busy(&place));
        }
        check_free(&place)?;
        let mut unfinished = std::ffi::OsString::from(".");
        unfinished.push(name);
        unfinished.push(UNFINISHED);
        let path = match place.is_dir() && !can_be_beside(&place) {
            true => inside,
            false => place.with_file_name(unfinished),
        };
        Self::begin_in(path, place)
    }

    fn begin_in(path: PathBuf, place: PathBuf) -> Result<Self, BackupError> {
        let above = path.parent().unwrap_or(&place);
        if above != place {
            delete_left(above)?;
        }
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => busy(&place),
            _ => at(above)(source),
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
        if self.path.starts_with(&self.place) {
            self.move_up()?;
        } else {
            fs::rename(&self.path, &self.place).map_err(at(&self.place))?;
        }
        if let Some(parent) = self.place.parent() {
            sync(parent)?;
        }
        Ok((self.place.clone(), manifest))
    }
}

impl UnfinishedBackup {
    /// From inside its place.
    fn move_up(&self) -> Result<(), BackupError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(at(&self.path))? {
            names.push(entry.map_err(at(&self.path))?.file_name());
        }
        // What makes it a backup goes last.
        names.sort_by_key(|name| name == MANIFEST);
        // If we are killed now, only these are ours.
        let listed: Vec<String> = names
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        self.write_unlisted(MOVING, &listed.join("\n"))?;
        sync(&self.path)?;
        for name in names {
            let to = self.place.join(&name);
            if name == MANIFEST {
                sync(&self.place)?;
            }
            fs::rename(self.path.join(&name), &to).map_err(at(&to))?;
        }
        fs::remove_file(self.path.join(MOVING)).map_err(at(&self.path))?;
        fs::remove_dir(&self.path).map_err(at(&self.path))?;
        sync(&self.place)
    }
}

impl Drop for UnfinishedBackup {
    fn drop(&mut self) {
        // It is not there any more if it has got its name.
        if self.path.starts_with(&self.place) && self.path.exists() {
            let _ = delete_moved(&self.place, &self.path);
        }
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Whether the directory above this one can have another beside it, which can get its name.
fn can_be_beside(place: &Path) -> bool {
    let Some(above) = place.parent() else {
        return false;
    };
    let device = |path: &Path| fs::metadata(path).ok().map(|found| found.dev());
    device(above) == device(place) && access(above, Access::WRITE_OK).is_ok()
}

/// Fails unless `place` is new or empty.
fn check_free(place: &Path) -> Result<(), BackupError> {
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
    Ok(())
}

/// Deletes what backups left that were killed: it holds what customers wrote. Those that still run stay.
fn delete_left(parent: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(parent).map_err(at(parent))? {
        let entry = entry.map_err(at(parent))?;
        let name = entry.file_name();
        let is_one = name.to_string_lossy().ends_with(UNFINISHED) && name != UNFINISHED;
        if !is_one || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        if is_left(&path) {
            fs::remove_dir_all(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// Whether this is of a backup that was killed. It may be gone, or somebody else's.
fn is_left(path: &Path) -> bool {
    File::open(path).is_ok_and(|lock| lock.try_lock().is_ok())
}

/// Deletes what had its place already when a backup did not get to its end. If the manifest has its place, it did.
fn delete_moved(place: &Path, unfinished: &Path) -> Result<(), BackupError> {
    if place.join(MANIFEST).exists() {
        return Ok(());
    }
    // Without the list, nothing was moved: what is there is somebody else's.
    let listed = fs::read_to_string(unfinished.join(MOVING)).unwrap_or_default();
    for name in listed.lines().filter(|name| !name.contains('/')) {
        let path = place.join(name);
        let removed = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(_) => Ok(()),
        };
        removed.map_err(at(&path))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::manifest::{FLOWS, HISTORY, SETTINGS};

    fn manifest(files: BTreeMap<String, FileSum>) -> Manifest {
        let json = serde_json::json!({
            "format": 1, "program": "waha-sm", "begun_at": "", "done_at": "", "prefix": "waha-sm:",
            "history": {"id": "", "schema": 1, "rows": {}},
            "redis": {"kind": "private", "version": "", "database": 0, "snapshots": []},
            "flows": {}, "files": {},
        });
        Manifest {
            files,
            ..serde_json::from_value(json).unwrap()
        }
    }

    fn names(place: &Path) -> Vec<String> {
        let entries = fs::read_dir(place).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_can_not_be_made_beside_its_place_is_made_inside_and_a_killed_one_is_tidied_away() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().canonicalize().unwrap().join("disk");
        fs::create_dir(&place).unwrap();
        // As a kill leaves it while the files get their places.
        fs::create_dir(place.join(UNFINISHED)).unwrap();
        fs::create_dir(place.join(FLOWS)).unwrap();
        for name in [HISTORY, "redis.rdb", "flows/default.toml"] {
            fs::write(place.join(name), "half").unwrap();
        }
        // Before that, what is there is not ours.
        let refused = UnfinishedBackup::begin(&place).unwrap_err().to_string();
        assert!(refused.contains("is not empty"), "{refused}");
        assert_eq!(names(&place), [FLOWS, HISTORY, "redis.rdb"]);
        fs::create_dir(place.join(UNFINISHED)).unwrap();
        let moving = format!("{HISTORY}\nredis.rdb\n{FLOWS}\n{MANIFEST}");
        fs::write(place.join(UNFINISHED).join(MOVING), moving).unwrap();
        drop(UnfinishedBackup::begin(&place).unwrap());
        assert_eq!(names(&place), [] as [&str; 0]);

        let inside = place.join(UNFINISHED);
        let begun = UnfinishedBackup::begin_in(inside.clone(), place.clone()).unwrap();
        let busy = UnfinishedBackup::begin(&place).unwrap_err().to_string();
        assert!(busy.contains("is being made"), "{busy}");
        drop(begun);
        let mut begun = UnfinishedBackup::begin_in(inside, place.clone()).unwrap();
        begun.write(SETTINGS, "").unwrap();
        fs::write(begun.file("flows/default.toml").unwrap(), "").unwrap();
        let (path, _) = begun.finish(manifest).unwrap();
        assert_eq!(path, place);
        assert_eq!(names(&place), [SUMS, FLOWS, MANIFEST, SETTINGS]);
        let refused = UnfinishedBackup::begin(&place).unwrap_err().to_string();
        assert!(refused.contains("is not empty"), "{refused}");
    }

    #[test]
    fn a_link_leads_to_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().canonicalize().unwrap().join("there");
        fs::create_dir(&place).unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&place, &link).unwrap();
        let begun = UnfinishedBackup::begin(&link).unwrap();
        assert_eq!(begun.finish(manifest).unwrap().0, place);
        assert_eq!(names(&place), [SUMS, MANIFEST]);
    }
}
