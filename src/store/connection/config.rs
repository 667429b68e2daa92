//! The settings of the store: how to reach Redis, and what each call needs to know.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ids::SessionName;
use crate::secret::shown_url;
use crate::store::connection::connections::Connections;
use crate::store::connection::error_words::plain_text;
use crate::store::private_redis::socket::PrivateSocket;

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
    Private(PrivateSocket),
}

impl RedisServer {
    /// Its address to show to a person, without the password.
    pub fn display_address(&self) -> Option<String> {
        match self {
            Self::Url(url) => Some(format!(" at {}", shown_url(url))),
            Self::Private(socket) => Some(format!(" at {socket}")),
        }
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url(_) => "Url(..)",
            Self::Private(_) => "Private(..)",
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

/// How to write a user or a password with special characters in the URL.
const ENCODED: &str = "special characters in the user or the password must be percent-encoded: write : as %3A, @ as %40, / as %2F, \
     ? as %3F, # as %23 and % as %25; the password a/b@c is written redis://:a%2Fb%40c@localhost:6379";

/// The keys that the query of a URL may have.
const QUERY_KEYS: [&str; 4] = [
    "node",
    "sentinelServiceName",
    "sentinelUsername",
    "sentinelPassword",
];

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
    if ends_too_early(url) {
        return Err(format!("can't be read: {ENCODED}"));
    }
    let like = match url.split_once("://") {
        Some((scheme, _)) if scheme.ends_with("unix") => {
            "redis+unix:///run/redis.sock or, with a password, redis+unix://:password@localhost/run/redis.sock"
        }
        _ => "redis://localhost:6379 or, with a password, redis://:password@localhost:6379",
    };
    fred::types::config::Config::from_url(url)
        .map(drop)
        .map_err(
            |error| match url.contains('@') || url.contains('%') || url.contains('?') {
                // The error may quote a part of the URL.
                true => format!("can't be read: write it like {like}; {ENCODED}"),
                false => format!(
                    "can't be read ({}): write it like {like}",
                    plain_text(&error)
                ),
            },
        )
}

/// Whether a `/`, `?` or `#` in the password ends the part with the host too early. Such a URL may still look right:
/// in `redis://me:12#34@host`, the host is `me`.
fn ends_too_early(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !tail.contains('@') {
        return false;
    }
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    // The path of a socket may hold anything.
    let is_socket = scheme.ends_with("unix") && (authority.is_empty() || authority.contains('@'));
    let good_path = is_socket || !path.contains('@');
    let good_query = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .all(|pair| {
            let key = pair.split('=').next().unwrap_or_default();
            QUERY_KEYS.contains(&key)
        });
    !good_path || !good_query || tail.contains('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_must_be_encoded_is_told_with_the_codes_and_never_shown() {
        for url in [
            "redis://:se/cret@localhost:6379",
            "redis://:12/34@localhost:6379",
            "redis://me:12/34@localhost",
            "redis://me:12#34@localhost:6379/0",
            "redis://me:12?34@localhost:6379",
            "redis://:se#cret@localhost",
            "redis://:se?cret=1@localhost:6379",
            "redis://:a@b/cret@localhost:6379",
            "rediss://:se/cr:et@redis.example.com:6380/1",
            "redis-sentinel://:se/cret@localhost:26379?sentinelServiceName=mymaster",
            "redis://:%ffcret@localhost",
        ] {
            let mistake = check_url(url).unwrap_err();
            assert!(
                mistake.contains("/ as %2F") && mistake.contains("%40"),
                "{url}: {mistake}"
            );
            assert!(
                !mistake.contains("cret") && !mistake.contains("34"),
                "{url}: {mistake}"
            );
        }
    }

    #[test]
    fn urls_that_redis_understands_are_accepted() {
        for url in [
            "redis://localhost",
            "redis://localhost:6379/2",
            "redis://:se%2Fc%40r%3Ae%23t%3F@localhost:6379",
            "redis://me:p:ss@localhost:6379/0",
            "redis://:p@ss@localhost:6379",
            "redis://:100%@localhost",
            "redis-sentinel://me:pw@localhost:26379?sentinelServiceName=mymaster&sentinelPassword=p@ss",
            "redis-cluster://:pw@localhost:30001?node=localhost:30002",
            "redis+unix:///tmp/a@b/redis.sock",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in ["redis://:password", "redis://", "redis://localhost:99999"] {
            let mistake = check_url(url).unwrap_err();
            assert!(
                mistake.contains("redis://:password@localhost"),
                "{url}: {mistake}"
            );
        }
    }
}
