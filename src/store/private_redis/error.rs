//! The errors of the private Redis.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// Why we have no private Redis.
#[derive(Debug, thiserror::Error)]
pub enum PrivateRedisError {
    /// Neither program is found on PATH.
    #[error(
        "no redis-server (or valkey-server) found on PATH: install it (Debian, Ubuntu: apt-get install redis-server), \
         or set REDIS_URL to a Redis of yours"
    )]
    NotFound,
    /// Its directory can't be prepared.
    #[error("can't prepare the private Redis in {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Its directory is not ours alone.
    #[error("can't start the private Redis: {0}")]
    NotPrivate(String),
    /// A server of another user listens on its socket. We sent it nothing.
    #[error(
        "a server of user {user} listens on {}, where only a Redis of waha-sm's own user may: nothing was sent to it; find out who \
         started it (ss -xlp), stop it, and delete that file",
        socket.display()
    )]
    Foreign {
        /// Its socket.
        socket: PathBuf,
        /// Its user.
        user: u32,
    },
    /// It did not start.
    #[error("the private Redis ({}) did not start: {reason}; its log is {}", server.display(), log.display())]
    Start {
        /// The program.
        server: PathBuf,
        /// What happened.
        reason: String,
        /// Its log file.
        log: PathBuf,
    },
    /// Its append-only file is damaged, and could not be repaired.
    #[error(
        "the append-only file of the private Redis is damaged, and could not be repaired: {reason}. Nothing was deleted. \
         Put a backup in the place of {}; or, to begin with an empty line, move it elsewhere (the history is not in it)",
        files.display()
    )]
    Damaged {
        /// The file, or the directory of its parts.
        files: PathBuf,
        /// The problem.
        reason: String,
    },
    /// It did not stop.
    #[error("the private Redis did not stop within {} s", STOP_PATIENCE.as_secs())]
    Stop,
}
