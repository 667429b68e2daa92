//! Why there is no private Redis.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// Why there is no private Redis.
#[derive(Debug, thiserror::Error)]
pub enum PrivateRedisError {
    /// Neither program is on PATH.
    #[error(
        "no redis-server (or valkey-server) found on PATH: install it (Debian, Ubuntu: apt-get install redis-server), \
         or set REDIS_URL to a Redis of yours"
    )]
    NotFound,
    /// The data directory can't hold it.
    #[error("can't prepare the private Redis in {}: {source}", path.display())]
    Directory {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It did not start.
    #[error("the private Redis ({}) did not start: {reason}; its log is {}", server.display(), log.display())]
    Start {
        /// The program.
        server: PathBuf,
        /// What happened.
        reason: String,
        /// Where it tells more.
        log: PathBuf,
    },
    /// It can't read what it kept.
    #[error(
        "the append-only file of the private Redis is damaged, and could not be repaired: {reason}. Nothing was deleted. \
         Put a backup in the place of {}; or, to begin with an empty line, move it elsewhere (the history is not in it)",
        files.display()
    )]
    Damaged {
        /// The file, or the directory of its parts.
        files: PathBuf,
        /// What stands in the way.
        reason: String,
    },
    /// It did not stop.
    #[error("the private Redis did not stop within {} s", STOP_PATIENCE.as_secs())]
    Stop,
}
