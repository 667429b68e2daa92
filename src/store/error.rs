//! The errors of the store.

use crate::store::connection::error_words::plain_text;

/// Why the store could not do something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The connection is down. It reconnects automatically.
    #[error("not connected to Redis")]
    Disconnected,
    /// Redis answered with an error, or not in time.
    #[error("Redis: {0}")]
    Redis(String),
    /// Redis is older than the version that we need.
    #[error(
        "Redis {version} is too old; install Redis {} or later, or Valkey",
        oldest()
    )]
    TooOld {
        /// The version that it reports.
        version: String,
    },
    /// A script failed.
    #[error("Redis, script {name}: {reason}")]
    Script {
        /// Its file in `store/lua/`, without `.lua`.
        name: &'static str,
        /// The error from Redis.
        reason: String,
    },
    /// The answer does not have the expected form.
    #[error("unexpected answer from Redis, expected {0}")]
    UnexpectedAnswer(&'static str),
    /// We can't use Redis now; the text says why.
    #[error("{0}")]
    Unusable(String),
}

impl From<fred::error::Error> for StoreError {
    fn from(error: fred::error::Error) -> Self {
        Self::Redis(plain_text(&error))
    }
}

/// The first version of Redis with all the commands that we use.
pub(crate) const OLDEST: (u32, u32) = (6, 2);

/// [`OLDEST`] as text.
pub(crate) fn oldest() -> String {
    format!("{}.{}", OLDEST.0, OLDEST.1)
}
