//! Whether a disk has room for what we are about to write.

use std::path::Path;

use crate::backup::error::{BackupError, at};

/// For the manifest and other small files, and so that the disk is not full afterwards.
const SPARE: u64 = 16 << 20;

/// Fails if the disk of `directory` has no room for `needed` bytes and a little more.
pub(crate) fn check(directory: &Path, needed: u64) -> Result<(), BackupError> {
    let disk = rustix::fs::statvfs(directory).map_err(|error| at(directory)(error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let needed = needed.saturating_add(SPARE);
    // Some file systems say nothing.
    if free >= needed || disk.f_blocks == 0 {
        return Ok(());
    }
    Err(BackupError::NoSpace {
        path: directory.to_owned(),
        needed,
        free,
    })
}
