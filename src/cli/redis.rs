//! Connects a command to the Redis of a running daemon.

use std::time::Duration;

use crate::config::RedisConfig;
use crate::describe::describe;
use crate::store;
use crate::store::{Connections, RedisServer, Store, private_socket};

/// Short, because a person waits for the output.
const REDIS_PATIENCE: Duration = Duration::from_secs(5);

/// Connects to the Redis that the settings name, or to the private one of the daemon on the data directory. `why` says why
/// that daemon must be running.
pub(super) async fn connect(config: RedisConfig, why: &str) -> Result<Store, String> {
    let server = match config.url {
        Some(url) => RedisServer::Url(url.reveal().to_owned()),
        None => match private_socket(&config.data_dir).await {
            Ok(Some(socket)) => RedisServer::Private(socket),
            Ok(None) => {
                return Err(format!(
                    "no daemon runs on the data directory {}: {why}. Start the daemon, or set DATA_DIR, or REDIS_URL and \
                     REDIS_PREFIX, to the same values as the daemon's",
                    config.data_dir.display()
                ));
            }
            Err(error) => return Err(describe(&error)),
        },
    };
    let at = server.display_address().unwrap_or_default();
    let config = store::StoreConfig {
        server,
        prefix: config.prefix,
        // Only opening a conversation needs it, and a command opens none.
        first_notice_after: Duration::ZERO.into(),
        connections: Connections::default(),
    };
    Store::connect(&config, REDIS_PATIENCE)
        .await
        .map_err(|error| {
            format!(
                "can't use Redis{at}: {}{}",
                describe(&error),
                error.advice()
            )
        })
}
