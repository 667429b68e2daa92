//! Connects to Redis, with retries at the start.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tracing::{debug, warn};

use super::daemon::Daemon;
use super::start_error::StartError;
use crate::clock::Millis;
use crate::config::RedisConfig;
use crate::data_dir::DataDir;
use crate::flows::Flows;
use crate::store::{self, FirstNoticeDelay, PrivateRedis, PrivateRedisError, RedisServer, Store};

/// How long we wait for Redis at the start: it may still be reading its files.
const REDIS_PATIENCE: Duration = Duration::from_secs(30);
/// The delay between two attempts at the start.
const REDIS_RETRY_AFTER: Duration = Duration::from_millis(50);

impl Daemon {
    /// The Redis that the settings name, or the private one, which is started if needed.
    pub(super) async fn find_redis(
        &mut self,
        config: &RedisConfig,
        data_dir: Option<&DataDir>,
        flows: Arc<Flows>,
    ) -> Result<store::StoreConfig, StartError> {
        let server = match (&config.url, data_dir) {
            (Some(url), _) => RedisServer::Url(url.reveal().to_owned()),
            (None, Some(data_dir)) => {
                let memory_max = config.private_memory_max;
                let private = PrivateRedis::start(data_dir.directory(), memory_max).await?;
                let socket = private.socket().clone();
                self.private_redis = Some(private);
                RedisServer::Private(socket)
            }
            // The settings rule this out: `work` has no data directory, but must have REDIS_URL.
            (None, None) => return Err(PrivateRedisError::NotFound.into()),
        };
        Ok(store::StoreConfig {
            server,
            prefix: config.prefix.clone(),
            first_notice_after: FirstNoticeDelay::new(move |session| {
                flows.of(session).notice_rules().first_after
            }),
            connections: store::Connections::default(),
        })
    }

    /// Opens a connection whose tasks run on `runtime`.
    pub(super) async fn connect(
        &mut self,
        redis: &store::StoreConfig,
        runtime: &Handle,
    ) -> Result<Store, StartError> {
        let connecting = {
            let redis = redis.clone();
            runtime.spawn(async move { Store::connect(&redis, REDIS_PATIENCE).await })
        };
        let connected = connecting.await.map_err(io::Error::from)?;
        let store = connected.map_err(|source| StartError::Store {
            at: redis.server.display_address(),
            source,
        })?;
        self.stores.push(store.clone());
        Ok(store)
    }
}

/// Tries something with Redis at the start until it succeeds, because a connection may break at any moment.
pub(super) async fn retry_at_start<T>(
    redis: &store::StoreConfig,
    mut attempt: impl AsyncFnMut() -> Result<T, store::StoreError>,
) -> Result<T, StartError> {
    let deadline = Instant::now() + REDIS_PATIENCE;
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(source)
                if Instant::now() >= deadline
                    || matches!(source, store::StoreError::Refused(_)) =>
            {
                return Err(StartError::Store {
                    at: redis.server.display_address(),
                    source,
                });
            }
            Err(error) => debug!(%error, "a command to Redis failed at the start; will try again"),
        }
        tokio::time::sleep(REDIS_RETRY_AFTER).await;
    }
}

/// Checks once, before anything else uses Redis, whether it can be used, and warns of dangerous settings.
pub(super) async fn check_server(
    redis: &store::StoreConfig,
    ack_replicas: u32,
) -> Result<(), StartError> {
    let begun = Instant::now();
    let failed = |source| StartError::Store {
        at: redis.server.display_address(),
        source,
    };
    let store = Store::connect(redis, REDIS_PATIENCE)
        .await
        .map_err(failed)?;
    let left = REDIS_PATIENCE.saturating_sub(begun.elapsed());
    let checked = store.check_server(left, ack_replicas).await;
    // Before anything is polled, so that conversations of the last run are found.
    let marked = match &checked {
        Ok(_) => retry_at_start(redis, async || store.mark_all_busy(Millis::now()).await).await,
        Err(_) => Ok(()),
    };
    store.close().await;
    for warning in checked.map_err(failed)? {
        warn!("{warning}");
    }
    marked
}
