//! The store: a connection to Redis, and the calls that travel in batches. Its other methods are in the other rooms, beside
//! what they store.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::ids::SessionName;
use crate::store::connection::config::{RedisServer, StoreConfig};
use crate::store::connection::connections::{Connections, Sessions};
use crate::store::connection::contact::WrittenBack;
use crate::store::connection::redis::Redis;
use crate::store::connection::sent_messages::SentMessages;
use crate::store::conversations::ingest::{Ingest, Ingested, ingest_batch};
use crate::store::conversations::step_commit::{Committed, StepCommit, commit_batch};
use crate::store::error::StoreError;
use crate::store::lanes::attempt_record::{AttemptRecord, attempt_batch};
use crate::store::lanes::lane::Lane;
use crate::store::lanes::settle::{Settling, settle_batch};
use crate::store::scripts::batch::Batch;
use crate::store::scripts::keys::Keys;
use crate::store::scripts::registry::{ScriptContext, Scripts};

/// How long the key lives that is written to see whether Redis accepts writes.
const PROBE_TTL: Duration = Duration::from_secs(60);

/// A connection to Redis, with our operations as methods. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) client: Redis,
    pub(crate) keys: Keys,
    pub(crate) scripts: Scripts,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) sent: SentMessages,
    /// On a Cluster, the sessions that this store has ever seen.
    pub(crate) known_sessions: Mutex<BTreeSet<SessionName>>,
    pub(crate) connections: Connections,
    pub(crate) written_back: WrittenBack,
    pub(crate) ingest: Batch<Ingest, Ingested>,
    pub(crate) commit: Batch<StepCommit, Committed>,
    pub(crate) settle: Batch<Settling, Option<Lane>>,
    pub(crate) attempt: Batch<AttemptRecord, bool>,
    /// The client reconnects through the directory of the private Redis, which must stay open for it.
    pub(crate) server: RedisServer,
}

impl Store {
    /// Connects to Redis, and waits at most `patience` for the first connection.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if there is no connection in time; the text says why. [`StoreError::Refused`] at once if Redis
    /// refuses the user or the password.
    pub async fn connect(config: &StoreConfig, patience: Duration) -> Result<Self, StoreError> {
        let sessions = Arc::<Sessions>::default();
        let client = Redis::open(config, &sessions)?;
        if let Err(error) = client.connected(patience).await {
            // Otherwise it would keep trying.
            client.close().await;
            return Err(error);
        }
        let keys = Keys::new(&config.prefix);
        let scripts = Scripts::new(ScriptContext {
            client: client.clone(),
            keys: keys.clone(),
            first_notice_after: config.first_notice_after.clone(),
        });
        let inner = Inner {
            ingest: ingest_batch(scripts.ingest.clone()),
            commit: commit_batch(scripts.commit.clone()),
            settle: settle_batch(scripts.settle.clone()),
            attempt: attempt_batch(scripts.attempt.clone()),
            client,
            keys,
            scripts,
            sessions,
            sent: config.connections.sent.clone(),
            known_sessions: Mutex::default(),
            connections: config.connections.clone(),
            written_back: WrittenBack::default(),
            server: config.server.clone(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Writes a test key: only a write shows whether Redis accepts writes.
    ///
    /// # Errors
    /// The reason, if Redis does not accept it.
    pub async fn check_write(&self) -> Result<(), StoreError> {
        self.reaches_redis()?;
        let probe = self.inner.keys.probe();
        self.inner.client.set_for(probe, 1, PROBE_TTL, None).await
    }

    /// # Errors
    /// If a connection of this process reaches no server. One of them receives, another one works, another one hears the bells: a process
    /// that can do only a part of its work is not ready, and must not seem alive.
    pub(crate) fn reaches_redis(&self) -> Result<(), StoreError> {
        let reason = self.inner.client.last_error();
        match reason.or_else(|| self.inner.connections.unreached()) {
            Some(reason) => Err(StoreError::Unusable(format!(
                "not connected to Redis: {reason}"
            ))),
            None => Ok(()),
        }
    }

    /// All sessions seen so far.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sessions(&self) -> Result<Vec<SessionName>, StoreError> {
        let read = self.inner.client.smembers(self.inner.keys.sessions());
        self.sessions_or_known(read.await, 0, usize::MAX)
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.inner.client.close().await;
    }
}
