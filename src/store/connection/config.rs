//! The settings of the store: how to reach Redis, and what each call needs to know.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::ids::SessionName;
use crate::store::connection::connection_watch::Connections;
use crate::store::connection::error_words::plain_text;

/// The settings of the store.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Where Redis is.
    pub server: RedisServer,
    /// The prefix of all keys: only letters, digits and `:._-`; see [`valid_prefix`].
    pub prefix: String,
    /// How long a conversation waits before its customer is told their place.
    pub first_notice_after: FirstNoticeDelay,
    /// Shared by all connections of a process; a clone shares it, too.
    pub connections: Connections,
}

/// How long a conversation waits before its customer is told their place, by session. Read at each call, because a reload
/// may replace the flow of a session.
#[derive(Clone)]
pub struct FirstNoticeDelay(Arc<dyn Fn(&SessionName) -> Duration + Send + Sync>);

impl FirstNoticeDelay {
    /// Takes the time for a session from `of`.
    pub fn new(of: impl Fn(&SessionName) -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(of))
    }

    pub(crate) fn of(&self, session: &SessionName) -> Duration {
        (self.0)(session)
    }
}

impl From<Duration> for FirstNoticeDelay {
    fn from(time: Duration) -> Self {
        Self::new(move |_| time)
    }
}

impl fmt::Debug for FirstNoticeDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstNoticeDelay(..)")
    }
}

/// Where Redis is.
#[derive(Clone)]
pub enum RedisServer {
    /// `redis://`, `rediss://`, `redis-sentinel://`, `redis-cluster://` or `redis+unix://`; may contain a password.
    Url(String),
    /// The private Redis, on its socket.
    Socket(PathBuf),
}

impl RedisServer {
    /// Its address to show to a person, without the password.
    pub fn display_address(&self) -> Option<String> {
        match self {
            Self::Url(url) => {
                let (scheme, rest) = url.split_once("://")?;
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                let place = place.split('?').next().unwrap_or_default();
                Some(format!(" at {scheme}://{place}"))
            }
            Self::Socket(path) => Some(format!(" at {}", path.display())),
        }
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url(_) => "Url(..)",
            Self::Socket(_) => "Socket(..)",
        })
    }
}

/// Whether our keys can begin with `prefix`: it has no character that means something in a hash tag or in Lua.
pub fn valid_prefix(prefix: &str) -> bool {
    prefix.len() <= 64
        && prefix
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b":._-".contains(&b))
}

/// Checks that `url` is one that `Store::connect` understands.
///
/// # Errors
/// The mistake in the URL, without its password.
pub fn check_url(url: &str) -> Result<(), String> {
    if !["redis", "valkey"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        return Err("must begin with redis://, rediss://, redis-sentinel://, redis-cluster:// or redis+unix://".into());
    }
    fred::types::config::Config::from_url(url)
        .map(drop)
        .map_err(|error| plain_text(&error))
}
