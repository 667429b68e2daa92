//! The Redis of a running daemon, for commands that work on it from outside.

use std::time::Duration;

use crate::config::RedisConfig;
use crate::describe;
use crate::store;
use crate::store::{Connections, Server, Store, private_socket};

/// A person is waiting.
const REDIS_PATIENCE: Duration = Duration::from_secs(5);

/// Connects to the Redis that is named, or to the private one of the daemon on the data directory. `needs_it` says why it
/// must be running: "replies can be looked at while it runs".
pub(super) async fn connect(config: RedisConfig, needs_it: &str) -> Result<Store, String> {
    let server = match config.url {
        Some(url) => Server::Url(url.reveal().to_owned()),
        None => private_socket(&config.data_dir).await.map(Server::Socket).ok_or_else(|| {
            format!(
                "no daemon runs on the data directory {}: {needs_it}. Start it, or set DATA_DIR to its directory, or REDIS_URL \
                 (and REDIS_PREFIX) as it has them",
                config.data_dir.display()
            )
        })?,
    };
    let at = server.shown().unwrap_or_default();
    let config = store::Config {
        server,
        prefix: config.prefix,
        // Only conversations that open need it, and none does here.
        first_notice_after: Duration::ZERO.into(),
        connections: Connections::default(),
    };
    Store::connect(&config, REDIS_PATIENCE)
        .await
        .map_err(|error| {
            format!(
                "can't use Redis{at}: {}; is it running, and is REDIS_URL right?",
                describe(&error)
            )
        })
}
