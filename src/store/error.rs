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
    /// Redis does not let us in, or does not let us do what we need. Trying again does not help.
    #[error("Redis: {0}")]
    Refused(String),
    /// Its memory is full. It stores nothing more, and loses nothing.
    #[error(
        "Redis is full (OOM): if the history can't be written, make space on its disk; otherwise raise PRIVATE_REDIS_MAXMEMORY, or \
         maxmemory in the Redis of REDIS_URL"
    )]
    Full,
    /// It is stored, but too few replicas have it, so a failover could lose it.
    #[error(
        "of the {wanted} replicas that ACK_REPLICAS demands, {acknowledged} had the event in time; start the replicas, or lower \
         ACK_REPLICAS"
    )]
    NotReplicated {
        /// How many have it.
        acknowledged: u64,
        /// How many must have it.
        wanted: u32,
    },
    /// A backup is being put back, or that was interrupted.
    #[error(
        "a restore into this Redis was interrupted, so it holds half a backup: run `waha-sm restore` with the same backup again, and it \
         begins again"
    )]
    HalfRestored,
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

impl StoreError {
    /// What to do about it at the start.
    pub fn advice(&self) -> &'static str {
        match self {
            StoreError::TooOld { .. } | StoreError::HalfRestored => "",
            StoreError::Refused(reason) if reason.starts_with("NOPERM") => {
                "; give the user of REDIS_URL all commands, keys and channels: ACL SETUSER name ~* &* +@all"
            }
            StoreError::Refused(reason) if reason.starts_with("NOAUTH") => {
                "; put the password into REDIS_URL, like redis://:password@localhost:6379"
            }
            StoreError::Refused(_) => {
                "; correct the user and the password in REDIS_URL (special characters in them are percent-encoded: : as %3A, \
                 @ as %40, / as %2F, ? as %3F, # as %23, % as %25)"
            }
            _ => "; is it running, and is REDIS_URL right?",
        }
    }
}

/// The answer of Redis, if it refuses the user, the password or the command. Redis before 6 has other words for a password
/// that it does not want.
pub(crate) fn refusal(error: &fred::error::Error) -> Option<StoreError> {
    let text = plain_text(error);
    let refused = ["WRONGPASS", "NOAUTH", "NOPERM", "ERR invalid password"]
        .iter()
        .any(|start| text.starts_with(start))
        || (text.starts_with("ERR") && text.contains("AUTH") && text.contains("password"));
    refused.then_some(StoreError::Refused(text))
}

impl From<fred::error::Error> for StoreError {
    fn from(error: fred::error::Error) -> Self {
        if let Some(refused) = refusal(&error) {
            return refused;
        }
        let text = plain_text(&error);
        if is_full(&text) {
            return Self::Full;
        }
        if text == NOT_SENT {
            return Self::Disconnected;
        }
        Self::Redis(text)
    }
}

/// fred's words when the connection was lost before it sent the command.
const NOT_SENT: &str = "Failed to route command";

/// Whether this answer of Redis, to a command or to a script, says that its memory is full.
pub(crate) fn is_full(answer: &str) -> bool {
    answer.contains("OOM command not allowed")
}

/// The first version of Redis with all the commands that we use.
pub(crate) const OLDEST: (u32, u32) = (6, 2);

/// [`OLDEST`] as text.
pub(crate) fn oldest() -> String {
    format!("{}.{}", OLDEST.0, OLDEST.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fred::error::{Error, ErrorKind};

    #[test]
    fn a_command_that_was_not_sent_is_told_from_one_that_may_have_run() {
        for (words, is_sent) in [
            ("Failed to route command.", false),
            ("Canceled", true),
            ("ERR Failed to route command to replica.", true),
        ] {
            let error = StoreError::from(Error::new(ErrorKind::Unknown, words));
            assert_eq!(matches!(error, StoreError::Redis(_)), is_sent, "{words}");
            assert_eq!(
                matches!(error, StoreError::Disconnected),
                !is_sent,
                "{words}"
            );
        }
    }
}
