//! Why Redis did not do what was asked.

use crate::store::connection::error_words::words;

/// Why Redis did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The connection is down; it comes back by itself.
    #[error("not connected to Redis")]
    Away,
    /// Redis answered with an error, or not in time.
    #[error("Redis: {0}")]
    Redis(String),
    /// It is older than what we need.
    #[error(
        "it is version {version}, and {} or later is needed: install a newer Redis, or Valkey",
        oldest()
    )]
    TooOld {
        /// As it says itself.
        version: String,
    },
    /// A script failed.
    #[error("Redis, script {name}: {reason}")]
    Script {
        /// The file in `store/lua/`.
        name: &'static str,
        /// What Redis said.
        reason: String,
    },
    /// An answer of another shape than the script's header says.
    #[error("Redis answered with something else than {0}")]
    Garbled(&'static str),
    /// Redis can't be used as it is.
    #[error("{0}")]
    Unusable(String),
}

impl From<fred::error::Error> for StoreError {
    fn from(error: fred::error::Error) -> Self {
        Self::Redis(words(&error))
    }
}

/// The first with all commands that we use.
pub(crate) const OLDEST: (u32, u32) = (6, 2);

/// [`OLDEST`], for a person.
pub(crate) fn oldest() -> String {
    format!("{}.{}", OLDEST.0, OLDEST.1)
}
