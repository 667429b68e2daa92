//! Connects a command to the Redis of a running daemon.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::exit::{EXIT_USAGE, exit, fail, print_error, wrong};
use crate::config::RedisConfig;
use crate::describe::describe;
use crate::runtime;
use crate::settings::RedisSettings;
use crate::store::{Connections, RedisServer, Store, StoreConfig, StoreError, private_socket};

/// Short, because a person waits for the output.
const REDIS_PATIENCE: Duration = Duration::from_secs(5);

/// Connects to the Redis that the settings name, or to the private one of the daemon on the data directory. `why` says why
/// that daemon must be running.
pub(super) async fn connect(config: RedisConfig, why: &str) -> Result<Store, String> {
    connect_to(&store_config(config, why).await?).await
}

async fn store_config(config: RedisConfig, why: &str) -> Result<StoreConfig, String> {
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
    Ok(StoreConfig {
        server,
        prefix: config.prefix,
        // Only opening a conversation needs it, and no command opens one at once.
        first_notice_after: Duration::ZERO.into(),
        connections: Connections::default(),
    })
}

async fn connect_to(config: &StoreConfig) -> Result<Store, String> {
    let at = config.server.display_address().unwrap_or_default();
    Store::connect(config, REDIS_PATIENCE)
        .await
        .map_err(|error| {
            format!(
                "can't use Redis{at}: {}{}",
                describe(&error),
                error.advice()
            )
        })
}

/// The process that keeps the history of the Redis that the settings name, in words; `None` if that can't be said.
pub(super) fn who_keeps_history(settings: &RedisSettings) -> Option<String> {
    let config = RedisConfig::read(settings).ok()?;
    // The private Redis has no other process.
    config.url.as_ref()?;
    let runtime = runtime::start("history", None, 1).ok()?;
    let kept = runtime.block_on(async {
        let store = connect(config, "").await.ok()?;
        let kept = store.kept_history().await;
        store.close().await;
        kept.ok()?
    })?;
    Some(match kept.is_alive {
        true => kept.label,
        false => format!("{}, which does not run now", kept.label),
    })
}

/// Why a command could not do what the user wants.
#[derive(Debug)]
pub(super) enum CommandError {
    /// The command line asks for something that can't be.
    Usage(String),
    /// It can't be done; the text says why.
    Failed(String),
    /// Redis failed.
    Redis(StoreError),
    /// The output can't be written.
    Output(io::Error),
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::Redis(error)
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs the work of the command `name` on the Redis that the settings name, and returns its exit code. For `why`, see
/// [`connect`].
pub(super) fn with_store(
    name: &str,
    settings: &RedisSettings,
    why: &str,
    work: impl AsyncFnOnce(&Store, &StoreConfig) -> Result<(), CommandError>,
) -> ExitCode {
    let config = match RedisConfig::read(settings) {
        Ok(config) => config,
        Err(mistakes) => return wrong(&mistakes),
    };
    let runtime = match runtime::start(name, None, 1) {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("can't start: {error}")),
    };
    let done = runtime.block_on(async {
        let config = store_config(config, why).await;
        let config = config.map_err(CommandError::Failed)?;
        let store = connect_to(&config).await.map_err(CommandError::Failed)?;
        let done = work(&store, &config).await;
        store.close().await;
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(CommandError::Usage(mistake)) => {
            print_error(&mistake);
            ExitCode::from(EXIT_USAGE)
        }
        Err(CommandError::Failed(reason)) => fail(&reason),
        Err(CommandError::Redis(error)) => {
            fail(&format!("Redis failed: {}; try again", describe(&error)))
        }
        Err(CommandError::Output(error)) => exit(Err(error), true),
    }
}
