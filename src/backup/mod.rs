//! Backups: a directory with the history, a snapshot of Redis, the flows and the settings, as they were at one moment; and putting
//! one back.
//!
//! The snapshot of Redis is taken first, and the history is copied afterwards. The archiver removes an entry from Redis only when it is
//! in the history, so each entry is in one of them. If it is in both, the position in the history says so, and it is skipped.
//!
//! A directory is a backup if it has a manifest, which is written last. Until then it has another name.

pub(crate) mod background;
pub(crate) mod error;
pub(crate) mod free_space;
pub(crate) mod make;
pub(crate) mod manifest;
pub(crate) mod news;
pub(crate) mod read_backup;
pub(crate) mod restore;
pub(crate) mod summed;
pub(crate) mod unfinished;

pub use error::{BackupError, megabytes};
pub use make::{BackupSource, MadeBackup, make};
pub use manifest::{FLOWS, Manifest, SETTINGS};
pub use news::{BackupNews, ToldNews};
pub use read_backup::ReadBackup;
pub use restore::{RestoreTarget, RestoredBackup, restore};
