//! Redis: where customers, conversations and replies are kept. The only place that knows fred.
//!
//! State changes in single Lua scripts (`scripts`); everything else here turns their arguments and answers
//! into types. Each process has its own [`Store`], and each of its runtimes its own connection.

mod attempts;
mod batch;
mod bells;
mod catch_up;
mod contact;
mod conversations;
mod dead;
mod echo;
mod gauges;
mod handoffs;
mod history;
mod keys;
mod lanes;
mod managed;
mod owner;
mod people;
mod phone;
mod processes;
mod reloads;
mod repair;
mod scripts;
mod sent;
mod server;
mod status;
mod values;
mod waiting;
mod wording;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fred::prelude::*;

use fred::types::config::{ReconnectPolicy, ServerConfig, UnresponsiveConfig};

use crate::clock;
use crate::ids::SessionName;

pub use attempts::Attempt;
pub use bells::{Bell, Bells};
pub use catch_up::OVERLAP;
pub use contact::Connections;
pub use conversations::{
    ByPhone, Claimed, Close, Committed, INBOX_MAX, Ingest, Ingested, Record, Recorded, Step,
};
pub use dead::DeadLetter;
pub use echo::EchoContent;
pub use gauges::{Gauges, Pace, WAKE_UP_BOUNDS_MS};
pub use handoffs::HandedOff;
pub use history::HistoryEntry;
pub use lanes::{Lane, Reply, Settlement, Taken, Verdict};
pub use managed::{PrivateRedis, PrivateRedisError, private_socket};
pub use reloads::Reloaded;
pub use status::{Known, Standing};
pub use waiting::{Announcement, Leave, Waiting};

/// Why Redis did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The connection is down; it comes back by itself.
    #[error("not connected to Redis")]
    Away,
    /// Redis answered with an error, or not in time.
    #[error("Redis: {0}")]
    Redis(String),
    /// It is older than what we need.
    #[error(
        "it is version {version}, and {} or later is needed: install a newer Redis, or Valkey",
        server::oldest()
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

impl From<fred::error::Error> for Error {
    fn from(error: fred::error::Error) -> Self {
        Self::Redis(wording::words(&error))
    }
}

/// How to reach Redis, and what all keys begin with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which server.
    pub server: Server,
    /// Letters, digits and `:._-` only; see [`valid_prefix`].
    pub prefix: String,
    /// How long after its opening a conversation that still waits is told its place.
    pub first_notice_after: FirstNotice,
    /// Shared by all connections of a process: cloned with the rest.
    pub connections: Connections,
}

/// How long after its opening a conversation of a session that still waits is told its place. Asked anew each time: the
/// flow of a session may be exchanged.
#[derive(Clone)]
pub struct FirstNotice(Arc<dyn Fn(&SessionName) -> Duration + Send + Sync>);

impl FirstNotice {
    /// What `of` says for a session.
    pub fn new(of: impl Fn(&SessionName) -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(of))
    }

    fn millis(&self, session: &SessionName) -> Millis {
        clock::millis((self.0)(session))
    }
}

impl From<Duration> for FirstNotice {
    fn from(time: Duration) -> Self {
        Self::new(move |_| time)
    }
}

impl fmt::Debug for FirstNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstNotice(..)")
    }
}

/// Which Redis.
#[derive(Clone)]
pub enum Server {
    /// `redis://`, `rediss://`, `redis-sentinel://`, `redis-cluster://` or `redis+unix://`; may hold a password.
    Url(String),
    /// The private one, on its socket.
    Socket(PathBuf),
}

impl Server {
    /// Where it is, for a person; without its password.
    pub fn shown(&self) -> Option<String> {
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

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url(_) => "Url(..)",
            Self::Socket(_) => "Socket(..)",
        })
    }
}

/// Whether `prefix` can begin our keys: nothing that has a meaning in a hash tag or in Lua.
pub fn valid_prefix(prefix: &str) -> bool {
    prefix.len() <= 64
        && prefix
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b":._-".contains(&b))
}

/// Whether `url` is one that [`Store::connect`] understands.
///
/// # Errors
/// What is wrong with it, without its password.
pub fn check_url(url: &str) -> Result<(), String> {
    if !["redis", "valkey"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        return Err("must begin with redis://, rediss://, redis-sentinel://, redis-cluster:// or redis+unix://".into());
    }
    fred::types::config::Config::from_url(url)
        .map(drop)
        .map_err(|error| wording::words(&error))
}

/// How long a message is known that was taken already. Longer than WAHA retries by default even with exponential delays
/// (15 attempts: about 36 h).
pub const SEEN_TTL: Duration = Duration::from_secs(48 * 3600);
/// How long a command may take: beyond it Redis is as good as away, and WAHA does better to repeat.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to Redis and all that can be done over it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    keys: keys::Keys,
    scripts: scripts::Scripts,
    contact: Arc<contact::Contact>,
    sent: sent::Sent,
    ingest: batch::Batch<Ingest, Ingested>,
    commit: batch::Batch<Step, Committed>,
    settle: batch::Batch<(Settlement, Millis), Option<Lane>>,
    attempt: batch::Batch<attempts::Intended, bool>,
}

impl Store {
    /// Connects, and waits for the first connection for at most `patience`.
    ///
    /// # Errors
    /// [`Error::Unusable`] with what to do, if there is no Redis in time or it can't be used.
    pub async fn connect(config: &Config, patience: Duration) -> Result<Self, Error> {
        let client = builder(config)?.build()?;
        let contact = contact::Contact::watch(&client, &config.connections);
        // The handle of the connection's task: it ends with the client.
        drop(client.connect());
        tokio::time::timeout(patience, contact::connected(&client))
            .await
            .map_err(|_| {
                let reason = contact.trouble();
                Error::Unusable(format!(
                    "it could not be used for {} s: {}",
                    patience.as_secs(),
                    reason.as_deref().unwrap_or("no answer")
                ))
            })??;
        let keys = keys::Keys::new(&config.prefix);
        let scripts = scripts::Scripts::new(scripts::Runner {
            client: client.clone(),
            contact: contact.clone(),
            keys: keys.clone(),
            first_notice_after: config.first_notice_after.clone(),
        });
        let inner = Inner {
            ingest: conversations::ingest_batch(scripts.ingest.clone()),
            commit: conversations::commit_batch(scripts.commit.clone()),
            settle: lanes::settle_batch(scripts.settle.clone()),
            attempt: attempts::attempt_batch(scripts.attempt.clone()),
            client,
            keys,
            scripts,
            contact,
            sent: config.connections.sent.clone(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Writes something: the only honest way to tell whether Redis takes a write.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn check_write(&self) -> Result<(), Error> {
        if !self.inner.client.is_connected()
            && let Some(reason) = self.inner.contact.trouble()
        {
            return Err(Error::Unusable(format!("not connected to Redis: {reason}")));
        }
        self.connected()?;
        let probe = self.inner.keys.probe();
        self.inner
            .client
            .set(probe, 1, Some(Expiration::EX(60)), None, false)
            .await
            .map_err(|error| self.noted(error))
    }

    /// The sessions seen so far.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn sessions(&self) -> Result<Vec<SessionName>, Error> {
        self.connected()?;
        Ok(self
            .inner
            .client
            .smembers(self.inner.keys.sessions())
            .await?)
    }

    /// Notes that a session exists, before anything of it is stored: who polls must be able to find it.
    async fn remember_session(&self, session: &SessionName, now: Millis) -> Result<(), Error> {
        // Held for a look-up, never over an await.
        let known = self
            .inner
            .contact
            .sessions
            .lock()
            .is_ok_and(|sessions| sessions.contains(session));
        if !known {
            self.connected()?;
            // Before it can be found: one that is found without a time to catch up from is passed over.
            self.begin_catching_up(session, now).await?;
            let _: i64 = self
                .inner
                .client
                .sadd(self.inner.keys.sessions(), session.as_str())
                .await?;
            if let Ok(mut sessions) = self.inner.contact.sessions.lock() {
                sessions.insert(session.clone());
            }
        }
        Ok(())
    }

    fn connected(&self) -> Result<(), Error> {
        if self.inner.client.is_connected() {
            Ok(())
        } else {
            Err(Error::Away)
        }
    }

    /// What a write ended with: it may show that another server is the one to talk to.
    fn noted(&self, error: fred::error::Error) -> Error {
        self.inner.contact.note(&error);
        error.into()
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.inner.contact.closing();
        let _ = self.inner.client.quit().await;
    }
}

fn builder(config: &Config) -> Result<Builder, Error> {
    let fred_config = match &config.server {
        Server::Url(url) => fred::types::config::Config::from_url(url)?,
        Server::Socket(path) => fred::types::config::Config {
            server: ServerConfig::new_unix_socket(path.clone()),
            ..Default::default()
        },
    };
    let mut builder = Builder::from_config(fred_config);
    builder
        .with_connection_config(|connection| {
            connection.connection_timeout = Duration::from_secs(3);
            connection.internal_command_timeout = Duration::from_secs(3);
            // A script whose answer was lost may have run: only its caller knows whether to run it again.
            connection.max_command_attempts = 1;
            connection.tcp.nodelay = Some(true);
            connection.unresponsive = UnresponsiveConfig {
                max_timeout: Some(COMMAND_TIMEOUT),
                interval: Duration::from_secs(1),
            };
        })
        .with_performance_config(|performance| {
            performance.default_command_timeout = COMMAND_TIMEOUT;
        })
        .with_config(|config| config.fail_fast = false)
        .set_policy(reconnect_policy());
    Ok(builder)
}

/// For ever: a daemon outlives any outage. Half a second at most between tries: customers wait. The first delay, and
/// its jitter, are waited for before the very first connection, too.
fn reconnect_policy() -> ReconnectPolicy {
    let mut policy = ReconnectPolicy::new_exponential(0, 1, 500, 2);
    policy.set_jitter(2);
    policy
}

/// Reads a script's answer piece by piece, in the order of its header.
struct Answer(std::vec::IntoIter<Value>);

impl Answer {
    fn of(value: Value) -> Result<Self, Error> {
        match value {
            Value::Array(values) => Ok(Self(values.into_iter())),
            _ => Err(Error::Garbled("an array")),
        }
    }

    fn text(&mut self) -> Result<String, Error> {
        self.0
            .next()
            .and_then(Value::into_string)
            .ok_or(Error::Garbled("a string"))
    }

    fn number(&mut self) -> Result<i64, Error> {
        self.0
            .next()
            .and_then(|value| value.as_i64())
            .ok_or(Error::Garbled("a number"))
    }

    fn more(&self) -> bool {
        self.0.len() > 0
    }

    /// What is left, as texts.
    fn texts(self) -> Vec<String> {
        self.0.filter_map(Value::into_string).collect()
    }

    fn arrays(self) -> impl Iterator<Item = Result<Answer, Error>> {
        self.0.map(Answer::of)
    }
}

/// Whole milliseconds since the epoch, as everywhere in our keys.
pub type Millis = i64;
