//! `waha-sm backup`: makes a backup while the daemon runs or not, or reads one through.

mod daemon_settings;
pub(super) mod settings_list;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use crate::backup::{
    BackupError, BackupNews, BackupSource, MadeBackup, Manifest, ReadBackup, make, megabytes,
};
use crate::cli::exit::{exit, fail, print_error, wrong};
use crate::cli::progress::ShownProgress;
use crate::cli::redis::who_keeps_history;
use crate::config::RedisConfig;
use crate::data_dir::{DataDir, DataDirError};
use crate::describe::describe;
use crate::history::HistoryError;
use crate::runtime::{self, Signals};
use crate::settings::RedisSettings;
use crate::store::{Connections, PrivateRedis, RedisServer, Store, StoreConfig, private_socket};
use crate::terminal::line;
use crate::version::VERSION;
use daemon_settings::DaemonSettings;
use settings_list::ListedSettings;

/// How long we wait for Redis.
const REDIS_PATIENCE: Duration = Duration::from_secs(10);
/// The lowest priority: those who answer customers come first.
const NICENESS: i32 = 19;
/// For files and for DNS.
const BLOCKING: usize = 4;

const AFTER_HELP: &str = "The daemon may be running: the backup has all that was acknowledged before it began. It has the history, a \
    snapshot of Redis (who is in line and attended, unsent replies, what flows remember, agents), the flows of FLOW_FILE, and the \
    settings without secrets. It holds personal data, also of people who are erased later: keep it to yourself, and delete old ones.\n\n\
    Exit code: 0 if the backup is whole, 1 if not, 64 for a wrong command line.\n\n\
    Examples:\n  \
    waha-sm backup /backups/monday\n  \
    waha-sm backup --verify /backups/monday\n  \
    docker compose exec waha-sm waha-sm backup /backups/monday";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct BackupArgs {
    /// A new or empty directory, outside DATA_DIR
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Make none, but read the backup in DIR through: every file is there, and is what it was
    #[arg(long)]
    verify: bool,
    /// Leave Redis out: for a Redis that gives no snapshot, and is backed up in another way
    #[arg(long, conflicts_with = "verify")]
    without_redis: bool,
    /// The flow or directory of flows that the daemon follows [default: that of the daemon that runs on DATA_DIR]
    #[arg(long, env = "FLOW_FILE", value_name = "PATH")]
    flow_file: Option<String>,
    #[command(flatten)]
    redis: RedisSettings,
}

pub(super) fn main(arguments: &BackupArgs) -> ExitCode {
    if arguments.verify {
        return verify(&arguments.directory);
    }
    let config = match RedisConfig::read(&arguments.redis) {
        Ok(config) => config,
        Err(mistakes) => return wrong(&mistakes),
    };
    let began = Instant::now();
    let made = interruptible("backup", async |progress| {
        run(arguments, config, progress).await
    });
    match made {
        Ok(Some(made)) => print(&made, began.elapsed(), arguments.without_redis),
        Ok(None) => fail("stopped; there is no backup"),
        Err(reason) => fail(&reason),
    }
}

/// Runs long work at a low priority, until a signal comes. `None` if one came.
pub(super) fn interruptible<T>(
    name: &str,
    work: impl AsyncFnOnce(&mut ShownProgress) -> Result<T, String>,
) -> Result<Option<T>, String> {
    // Of this thread, and of those that it starts. If it is refused, everything still works.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let failed = |error: io::Error| format!("can't start: {error}");
    let runtime = runtime::start(name, Some(NICENESS), BLOCKING).map_err(failed)?;
    let mut progress = ShownProgress::new();
    let done = runtime.block_on(async {
        let mut signals = Signals::new().map_err(failed)?;
        tokio::select! {
            done = work(&mut progress) => done.map(Some),
            () = signals.next() => Ok(None),
        }
    });
    progress.clear();
    // A thread may still be at work if a signal came.
    runtime.shutdown_background();
    done
}

/// Reads a backup through, and says what it is of.
pub(super) fn verify(directory: &Path) -> ExitCode {
    let read = interruptible("verify", async |progress| {
        let backup = ReadBackup::open(directory).map_err(|error| describe(&error))?;
        let verified = backup.verify(&mut |news| progress.tell(news)).await;
        verified.map_err(|error| describe(&error))?;
        progress.line("every file is what it was");
        backup.check_schema().map_err(|error| describe(&error))?;
        Ok(backup)
    });
    match read {
        Ok(Some(backup)) => {
            let text = format!(
                "{} is whole: {}",
                line(&directory.display().to_string()),
                content(backup.manifest())
            );
            exit(writeln!(io::stdout(), "{text}"), true)
        }
        Ok(None) => fail("stopped; the backup was not read to its end"),
        Err(reason) => fail(&reason),
    }
}

async fn run(
    arguments: &BackupArgs,
    config: RedisConfig,
    progress: &mut ShownProgress,
) -> Result<MadeBackup, String> {
    let redis = match arguments.without_redis {
        true => None,
        false => Some(SourceRedis::open(&config).await?),
    };
    let daemon = DaemonSettings::find(&config.data_dir);
    let flow_file = flow_file(arguments, daemon.as_ref());
    if daemon.is_none() && flow_file.is_none() && DaemonSettings::any_is_hidden() {
        progress.tell(BackupNews::Warning(
            "a daemon runs here whose settings this user can't see: set FLOW_FILE as it has it, or there are no flows in the backup",
        ));
    }
    let source = BackupSource {
        data_dir: &config.data_dir,
        redis: redis.as_ref().map(|redis| &redis.store),
        prefix: config.prefix.clone(),
        flow_file,
        settings: ListedSettings::found(|name| daemon.as_ref()?.value(name)).written(),
        program: format!("waha-sm {VERSION}"),
    };
    let made = make(&arguments.directory, source, &mut |news| {
        progress.tell(news)
    })
    .await;
    if let Some(redis) = redis
        && let Err(reason) = redis.close().await
    {
        // The backup is whole all the same.
        progress.tell(BackupNews::Warning(&reason));
    }
    made.map_err(|error| in_words(&error, arguments))
}

/// The flow that the daemon follows.
fn flow_file(arguments: &BackupArgs, daemon: Option<&DaemonSettings>) -> Option<String> {
    let set = |place: &String| !place.trim().is_empty();
    let of_daemon = || {
        let daemon = daemon?;
        let typed = daemon.value("FLOW_FILE")?.into_string().ok().filter(set)?;
        let path = daemon.path(Path::new(&typed));
        Some(path.to_string_lossy().into_owned())
    };
    arguments.flow_file.clone().filter(set).or_else(of_daemon)
}

/// The Redis that is backed up.
struct SourceRedis {
    store: Store,
    /// If no daemon runs, we start its private Redis ourselves. The lock keeps daemons away meanwhile.
    started: Option<(PrivateRedis, DataDir)>,
}

impl SourceRedis {
    async fn open(config: &RedisConfig) -> Result<Self, String> {
        let (server, started) = match &config.url {
            Some(url) => (RedisServer::Url(url.reveal().to_owned()), None),
            None => Self::private(config).await?,
        };
        let at = server.display_address().unwrap_or_default();
        let config = StoreConfig {
            server,
            prefix: config.prefix.clone(),
            // No conversation is opened.
            first_notice_after: Duration::ZERO.into(),
            connections: Connections::default(),
        };
        match Store::connect(&config, REDIS_PATIENCE).await {
            Ok(store) => Ok(Self { store, started }),
            Err(error) => Err(format!(
                "can't use Redis{at}: {}{}",
                describe(&error),
                error.advice()
            )),
        }
    }

    async fn private(
        config: &RedisConfig,
    ) -> Result<(RedisServer, Option<(PrivateRedis, DataDir)>), String> {
        let running = private_socket(&config.data_dir).await;
        if let Some(socket) = running.map_err(|error| describe(&error))? {
            return Ok((RedisServer::Private(socket), None));
        }
        let shown = config.data_dir.display();
        // Before anything is made there.
        if !config.data_dir.join(crate::history::FILE_NAME).is_file() {
            return Err(format!(
                "there is nothing to back up in the data directory {shown}: set DATA_DIR, or REDIS_URL and REDIS_PREFIX, to the same \
                 values as the daemon's"
            ));
        }
        let data_dir = DataDir::take(&config.data_dir).map_err(|error| match error {
            DataDirError::Taken(_) => {
                format!("waha-sm is just starting or stopping on the data directory {shown}: try again in a moment")
            }
            error => describe(&error),
        })?;
        let started = PrivateRedis::start(data_dir.directory(), config.private_memory_max).await;
        let started = started.map_err(|error| describe(&error))?;
        let server = RedisServer::Private(started.socket().clone());
        Ok((server, Some((started, data_dir))))
    }

    async fn close(self) -> Result<(), String> {
        self.store.close().await;
        if let Some((private, data_dir)) = self.started {
            private.stop().await.map_err(|error| describe(&error))?;
            drop(data_dir);
        }
        Ok(())
    }
}

fn in_words(error: &BackupError, arguments: &BackupArgs) -> String {
    let reason = describe(error);
    match error {
        BackupError::History(HistoryError::Missing { .. }) => {
            match who_keeps_history(&arguments.redis) {
                Some(keeper) => format!("{reason}. It is kept by {keeper}: make the backup there"),
                None => reason,
            }
        }
        error if error.is_full() => {
            format!(
                "{reason}: the disk is full. There is no backup; make space, or name a directory on another disk"
            )
        }
        _ => reason,
    }
}

/// What a backup is of, in one line.
pub(super) fn content(manifest: &Manifest) -> String {
    let messages = manifest.history.rows.get("message").copied();
    let messages = messages.map_or(String::new(), |count| format!(" with {count} messages"));
    let redis = match &manifest.redis.missing {
        None => "Redis",
        Some(_) => "no Redis",
    };
    let flows = match (&manifest.flows.setting, &manifest.flows.missing) {
        (Some(_), None) => "the flows",
        _ => "no flows",
    };
    format!(
        "the history{messages}, {redis}, {flows} and the settings, as they were at {}; {} files, {}",
        line(&manifest.begun_at),
        manifest.files.len(),
        megabytes(manifest.bytes())
    )
}

fn print(made: &MadeBackup, took: Duration, without_redis: bool) -> ExitCode {
    let path = line(&made.path.display().to_string());
    let text = format!(
        "{path}: {}, in {:.1} s",
        content(&made.manifest),
        took.as_secs_f64()
    );
    let printed = writeln!(io::stdout(), "{text}");
    let manifest = &made.manifest;
    let redis = manifest.redis.missing.as_ref();
    let redis = redis.filter(|_| !without_redis).map(|reason| {
        format!(
            "Redis is not in this backup: it gives no snapshot ({reason}). It has who is in line and attended, unsent replies, what \
             flows remember, and the agents. Allow the command SYNC (ACL SETUSER name +sync +replconf), or take the snapshot (RDB file) \
             that your provider of Redis makes, and add --without-redis if that is enough"
        )
    });
    let flows = manifest.flows.missing.as_ref().map(|reason| {
        format!(
            "the flows are not in this backup: {reason}. Is FLOW_FILE the same as the daemon's? A relative path counts from the \
             directory in which a command is started"
        )
    });
    let missing: Vec<String> = redis.into_iter().chain(flows).collect();
    missing.iter().for_each(|reason| print_error(reason));
    exit(printed, missing.is_empty())
}
