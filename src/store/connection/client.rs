//! fred's client with our settings: its timeouts, and that it never stops reconnecting.

use std::time::Duration;

use fred::prelude::*;
use fred::types::CustomCommand;
use fred::types::config::{ReconnectPolicy, ServerConfig, UnresponsiveConfig};

use crate::store::connection::config::RedisServer;
use crate::store::connection::error_words::plain_text;
use crate::store::error::{StoreError, refusal};

/// How long a command may take. After that we treat Redis as down: it is better that WAHA sends the webhook again.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);

/// fred's form of where Redis is.
pub(crate) fn config_of(server: &RedisServer) -> Result<fred::types::config::Config, StoreError> {
    Ok(match server {
        RedisServer::Url(url) => fred::types::config::Config::from_url(url)?,
        RedisServer::Private(socket) => fred::types::config::Config {
            server: ServerConfig::new_unix_socket(socket.path()),
            ..Default::default()
        },
    })
}

/// A client that reconnects for ever.
pub(crate) fn builder(config: fred::types::config::Config) -> Builder {
    let mut builder = builder_of_one_connection(config);
    builder
        .with_config(|config| config.fail_fast = false)
        .set_policy(reconnect_policy());
    builder
}

/// A client whose connection is not made again.
pub(crate) fn builder_of_one_connection(config: fred::types::config::Config) -> Builder {
    let mut builder = Builder::from_config(config);
    builder
        .with_connection_config(|connection| {
            connection.connection_timeout = Duration::from_secs(3);
            connection.internal_command_timeout = Duration::from_secs(3);
            // If a script's answer is lost, the script may have run. Only the caller knows whether to run it again.
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
        .with_config(|config| config.fail_fast = true);
    builder
}

/// Never stops trying, because an outage may be long. At most half a second between tries, because customers wait. fred
/// also waits for the first delay and its jitter before the very first connection, so both are short.
fn reconnect_policy() -> ReconnectPolicy {
    let mut policy = ReconnectPolicy::new_exponential(0, 1, 500, 2);
    policy.set_jitter(2);
    policy
}

/// Sends commands to a server to which we have no connection. Returns their answers, in their order.
///
/// # Errors
/// The first error of Redis, or that there is no answer `within` this time.
pub(crate) async fn ask_once(
    config: fred::types::config::Config,
    commands: Vec<(&'static str, Vec<Value>)>,
    within: Duration,
) -> Result<Vec<Value>, StoreError> {
    let client = builder_of_one_connection(config).build()?;
    let answers = tokio::time::timeout(within, async {
        client.init().await?;
        let mut answers = Vec::new();
        for (name, arguments) in commands {
            let command = CustomCommand::new_static(name, None::<u16>, false);
            answers.push(client.custom::<Value, Value>(command, arguments).await?);
        }
        Ok::<_, Error>(answers)
    });
    let answers = answers.await;
    let _ = tokio::time::timeout(within, client.quit()).await;
    match answers {
        Ok(Ok(answers)) => Ok(answers),
        Ok(Err(error)) => {
            Err(refusal(&error).unwrap_or_else(|| StoreError::Redis(plain_text(&error))))
        }
        Err(_) => Err(StoreError::Redis("no answer".to_owned())),
    }
}
