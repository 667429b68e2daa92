//! Everything said and done, in one SQLite file: written by an archiver, read by anybody at any time.
//!
//! The history is a consequence. Entries come from a stream in batches ([`Archive::append`]) and land
//! together with the position in that stream, in one transaction, so each lands exactly once.
//!
//! - Only this module knows rusqlite. It is synchronous: call it on a blocking thread.
//! - It knows no Redis; a stream entry is an id and a list of strings ([`StreamEntry`]).
//! - Order never matters: acks, edits and claims may come before what they are about, and whatever the
//!   order, the rows come out the same. What arrives is kept as facts; queries put them together.
//! - A person may have two chat ids, a hidden one (`@lid`) and a number: once that is told, both are one chat.
//! - The file may be deleted or replaced while it is open: [`Archive::keep`] puts it back.
//! - An entry that nobody understands is kept as it came and counted; it never holds up the others.

mod aliases;
mod archive;
mod conversations;
mod entry;
mod files;
mod marks;
mod message;
mod pairing;
mod print;
mod query;
mod rows;
mod schema;
mod search;
mod since;
#[cfg(test)]
mod tests;
mod trouble;

use std::path::{Path, PathBuf};

pub use archive::{Appended, Archive, StreamEntry};
pub use files::Restored;
pub use message::{Conversation, Edit, Message, Reaction};
pub use query::{History, Query};
pub use since::{SinceError, parse_since};

use trouble::Trouble;

/// The history's file in the data directory.
pub const FILE_NAME: &str = "history.sqlite";

/// Why the history cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error(
        "no history at {path}: either nothing was archived yet, or DATA_DIR should name the directory of the daemon"
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is there, or could be made, but does not open.
    #[error("cannot open the history {path}: {remedy}", remedy = Trouble::remedy(source))]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file was written by a later version of this program.
    #[error(
        "the history {path} has schema {found}, newer than this waha-sm knows ({known}): upgrade waha-sm"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The latest schema version of this program.
        known: i64,
    },
    /// The file waits for a migration, which a reader does not do.
    #[error(
        "the history {path} has schema {found}, older than {known}: start the daemon once to bring it up to date"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The latest schema version of this program.
        known: i64,
    },
    /// SQLite refused or failed: a full disk, a lock held for too long, a damaged file.
    #[error("the history {path} failed while {doing}: {remedy}", remedy = Trouble::remedy(source))]
    Sql {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file was taken away while it was open, and could not be put back. What is open is the only copy.
    #[error(
        "the history {path} was deleted or replaced while waha-sm had it open, and can't be put back: {reason}. \
         Only this process still has it: do not end it before its directory (DATA_DIR) is there, writable, and has \
         room for all of it"
    )]
    Adrift {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl Error {
    /// Whether it may pass without the file being changed: a lock, a full or failing disk, missing permissions.
    /// Then it is worth trying again and again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Open { source, .. } | Self::Sql { source, .. } => {
                !matches!(Trouble::of(source), Trouble::Damaged | Trouble::Other)
            }
            Self::Adrift { .. } => true,
            Self::Missing { .. } | Self::Newer { .. } | Self::Older { .. } => false,
        }
    }
}

/// Names what was being done when SQLite failed.
fn failed(path: &Path, doing: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |source| Error::Sql {
        path: path.to_owned(),
        doing,
        source,
    }
}
