//! The store: a connection to Redis, and the calls that travel in batches. Its other methods are in the other rooms, beside
//! what they store.

use std::sync::Arc;
use std::time::Duration;

use fred::prelude::*;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::store::connection::client::builder;
use crate::store::connection::config::{RedisServer, StoreConfig};
use crate::store::connection::connection_watch::{ConnectionWatch, connected};
use crate::store::connection::sent_messages::SentMessages;
use crate::store::conversations::ingest::{Ingest, Ingested, ingest_batch};
use crate::store::conversations::step_commit::{Committed, StepCommit, commit_batch};
use crate::store::error::StoreError;
use crate::store::lanes::attempt_record::{AttemptRecord, attempt_batch};
use crate::store::lanes::lane::{Lane, Settlement};
use crate::store::lanes::settle::settle_batch;
use crate::store::scripts::batch::Batch;
use crate::store::scripts::keys::Keys;
use crate::store::scripts::registry::{ScriptContext, Scripts};

/// A connection to Redis, with our operations as methods. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) client: Client,
    pub(crate) keys: Keys,
    pub(crate) scripts: Scripts,
    pub(crate) watch: Arc<ConnectionWatch>,
    pub(crate) sent: SentMessages,
    pub(crate) ingest: Batch<Ingest, Ingested>,
    pub(crate) commit: Batch<StepCommit, Committed>,
    pub(crate) settle: Batch<(Settlement, Millis), Option<Lane>>,
    pub(crate) attempt: Batch<AttemptRecord, bool>,
    /// The client reconnects through the directory of the private Redis, which must stay open for it.
    _server: RedisServer,
}

impl Store {
    /// Connects to Redis, and waits at most `patience` for the first connection.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if there is no connection in time; the text says why. [`StoreError::Refused`] at once if Redis
    /// refuses the user or the password.
    pub async fn connect(config: &StoreConfig, patience: Duration) -> Result<Self, StoreError> {
        let client = builder(config)?.build()?;
        let watch = ConnectionWatch::watch(&client, &config.connections);
        // We don't need the handle of the connection's task: the task ends with the client.
        drop(client.connect());
        let mut refused = watch.refused.subscribe();
        let connected = async {
            tokio::select! {
                connected = connected(&client) => connected.map_err(StoreError::from),
                // Another try would only be refused again. The sender lives as long as `watch`.
                Ok(refusal) = refused.wait_for(Option::is_some) => Err(refusal.clone().unwrap_or(StoreError::Disconnected)),
            }
        };
        let connected = match tokio::time::timeout(patience, connected).await {
            Ok(connected) => connected,
            Err(_) => {
                let reason = watch.last_error();
                Err(StoreError::Unusable(format!(
                    "no connection to Redis for {} s: {}",
                    patience.as_secs(),
                    reason.as_deref().unwrap_or("no answer")
                )))
            }
        };
        if let Err(error) = connected {
            // Otherwise it would keep trying.
            watch.closing();
            let _ = client.quit().await;
            return Err(error);
        }
        let keys = Keys::new(&config.prefix);
        let scripts = Scripts::new(ScriptContext {
            client: client.clone(),
            watch: watch.clone(),
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
            watch,
            sent: config.connections.sent.clone(),
            _server: config.server.clone(),
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
        if !self.inner.client.is_connected()
            && let Some(reason) = self.inner.watch.last_error()
        {
            return Err(StoreError::Unusable(format!(
                "not connected to Redis: {reason}"
            )));
        }
        self.connected()?;
        let probe = self.inner.keys.probe();
        self.inner
            .client
            .set(probe, 1, Some(Expiration::EX(60)), None, false)
            .await
            .map_err(|error| self.write_error(error))
    }

    /// All sessions seen so far.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sessions(&self) -> Result<Vec<SessionName>, StoreError> {
        self.connected()?;
        Ok(self
            .inner
            .client
            .smembers(self.inner.keys.sessions())
            .await?)
    }

    pub(crate) fn connected(&self) -> Result<(), StoreError> {
        if self.inner.client.is_connected() {
            Ok(())
        } else {
            Err(StoreError::Disconnected)
        }
    }

    /// Turns the error of a write into ours, and reconnects if it shows that the server is now a replica.
    pub(crate) fn write_error(&self, error: fred::error::Error) -> StoreError {
        self.inner.watch.check_error(&error);
        error.into()
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.inner.watch.closing();
        let _ = self.inner.client.quit().await;
    }
}
