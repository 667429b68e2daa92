//! A backup that is read: its manifest, and whether each file is what it was.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::backup::background::{ToldBytes, in_background};
use crate::backup::error::{BackupError, at};
use crate::backup::manifest::{FORMAT, HISTORY, HistoryPart, MANIFEST, Manifest, SUMS};
use crate::backup::news::ToldNews;
use crate::backup::summed::{sum_of, sum_of_file};
use crate::backup::unfinished::UNFINISHED;
use crate::history::copy;

/// The first bytes of a snapshot, of Redis and of Valkey 9.
const SNAPSHOT_BEGINS: [&[u8]; 2] = [b"REDIS", b"VALKEY"];

/// See the module.
#[derive(Clone, Debug)]
pub struct ReadBackup {
    path: PathBuf,
    manifest: Manifest,
    /// The manifest as it is written.
    written: String,
}

/// Whether a name stays inside the directory that it is joined to.
fn is_inside(name: &str) -> bool {
    let mut parts = Path::new(name).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// What every form of a manifest has.
#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
    program: String,
}

impl ReadBackup {
    /// Reads the manifest of the backup at `path`.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`] if there is none that this program knows.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let not = |reason: String| BackupError::NotABackup {
            path: path.to_owned(),
            reason,
        };
        let path_of_manifest = path.join(MANIFEST);
        let is_file = fs::symlink_metadata(&path_of_manifest).is_ok_and(|found| found.is_file());
        if !is_file {
            return Err(not(format!(
                "it has no {MANIFEST}; name a directory that `waha-sm backup` made"
            )));
        }
        let written = fs::read_to_string(&path_of_manifest)
            .map_err(|error| not(format!("its {MANIFEST} can't be read: {error}")))?;
        let damaged = |error: serde_json::Error| not(format!("its {MANIFEST} is damaged: {error}"));
        let form: FormatOnly = serde_json::from_str(&written).map_err(damaged)?;
        if form.format > FORMAT {
            return Err(not(format!(
                "{} made it in format {}, and this waha-sm knows format {FORMAT}: use that version, or a newer one",
                form.program, form.format
            )));
        }
        let manifest: Manifest = serde_json::from_str(&written).map_err(damaged)?;
        let names = manifest.files.keys().chain(&manifest.redis.snapshots);
        let flow = Some(&manifest.flows.name).filter(|name| !name.is_empty());
        if let Some(outside) = names.chain(flow).find(|name| !is_inside(name)) {
            return Err(not(format!(
                "its {MANIFEST} names a file outside of it: {outside:?}"
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            manifest,
            written,
        })
    }

    /// What it is of.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The path of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fails if this program can't read the history.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`] then.
    pub fn check_schema(&self) -> Result<(), BackupError> {
        let found = self.manifest.history.schema;
        if found <= copy::SCHEMA {
            return Ok(());
        }
        Err(BackupError::NotABackup {
            path: self.path.clone(),
            reason: format!(
                "{} made it, and its history has schema {found}; this waha-sm knows {}: use that version, or a newer one",
                self.manifest.program,
                copy::SCHEMA
            ),
        })
    }

    /// Reads all of it through.
    ///
    /// # Errors
    /// [`BackupError::Damaged`], with all that is wrong, if it is not what it was when it was made.
    pub async fn verify(&self, told: ToldNews<'_>) -> Result<(), BackupError> {
        let reading = self.clone();
        let read = in_background("checking", told, move |told| reading.read_through(told));
        read.await.map_err(at(&self.path))?
    }

    fn read_through(&self, told: ToldBytes<'_>) -> Result<(), BackupError> {
        let mut found = Vec::new();
        let sums = fs::read_to_string(self.path.join(SUMS)).unwrap_or_default();
        if sums != self.manifest.sums(&sum_of(self.written.as_bytes())) {
            found.push(format!(
                "{SUMS} and {MANIFEST} do not belong together: one of them was changed"
            ));
        }
        self.find_others(&self.path, "", &mut found)?;
        let all = self.manifest.bytes();
        let mut done = 0;
        for (name, wanted) in &self.manifest.files {
            let path = self.file(name);
            if !fs::symlink_metadata(&path).is_ok_and(|about| about.is_file()) {
                found.push(format!("{name} is missing"));
                continue;
            }
            let sum = sum_of_file(&path, &mut |read| {
                done += read;
                told(done, all);
            });
            match sum {
                Ok(sum) if sum == *wanted => {}
                Ok(sum) if sum.bytes != wanted.bytes => found.push(format!(
                    "{name} has {} bytes, and had {}",
                    sum.bytes, wanted.bytes
                )),
                Ok(_) => found.push(format!("{name} was changed")),
                Err(error) => found.push(format!("{name} can't be read: {error}")),
            }
        }
        if found.is_empty() {
            self.look_inside(&mut found)?;
        }
        if found.is_empty() {
            return Ok(());
        }
        Err(BackupError::Damaged {
            path: self.path.clone(),
            found,
        })
    }

    /// Files that are not in the manifest.
    fn find_others(
        &self,
        directory: &Path,
        before: &str,
        found: &mut Vec<String>,
    ) -> Result<(), BackupError> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(directory).map_err(at(directory))? {
            let entry = entry.map_err(at(directory))?;
            let name = format!("{before}{}", entry.file_name().to_string_lossy());
            // A kill right after the manifest got its place leaves it, with nothing in it that counts.
            if name == UNFINISHED {
                continue;
            }
            names.insert((name, entry.file_type().map_err(at(directory))?.is_dir()));
        }
        for (name, is_directory) in names {
            if is_directory {
                self.find_others(&self.file(&name), &format!("{name}/"), found)?;
            } else if !self.manifest.files.contains_key(&name)
                && ![MANIFEST, SUMS].contains(&name.as_str())
            {
                found.push(format!("{name} does not belong to it"));
            }
        }
        Ok(())
    }

    /// A file can be what it was, and have been wrong from the beginning.
    fn look_inside(&self, found: &mut Vec<String>) -> Result<(), BackupError> {
        let history = self.file(HISTORY);
        if let Some(damage) = copy::damage(&history)? {
            found.push(format!("{HISTORY} is damaged inside: {damage}"));
        }
        let facts = copy::facts(&history)?;
        let inside = HistoryPart {
            id: facts.id,
            schema: facts.schema,
            rows: facts.rows,
        };
        if inside != self.manifest.history {
            found.push(format!(
                "{HISTORY} is not the one that {MANIFEST} describes"
            ));
        }
        for name in &self.manifest.redis.snapshots {
            let mut first = Vec::new();
            let path = self.file(name);
            let read = fs::File::open(&path).and_then(|file| file.take(6).read_to_end(&mut first));
            read.map_err(at(&path))?;
            if !SNAPSHOT_BEGINS.iter().any(|begin| first.starts_with(begin)) {
                found.push(format!("{name} is no snapshot of Redis"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_inside_or_the_backup_is_refused() {
        for (name, stays) in [
            ("redis.rdb", true),
            ("flows/media/menu.pdf", true),
            ("../redis.rdb", false),
            ("flows/../../x", false),
            ("/etc/passwd", false),
            ("./x", false),
            ("", false),
        ] {
            assert_eq!(is_inside(name), stays, "{name}");
        }
    }
}
