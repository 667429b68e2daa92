//! The private Redis: a server of our own in the data directory, for installations with a single container.
//!
//! It listens only on a socket, keeps an append-only file and never evicts. If it still runs because we were killed, we
//! adopt it. If it dies, we start it again. It is stopped last.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::private_dir::{NotPrivate, PrivateDir};
use crate::store::private_redis::error::{PrivateRedisError, STOP_PATIENCE};
use crate::store::private_redis::repair::{Repaired, files, lost_manifest, repair};
use crate::store::private_redis::socket::{Ping, PrivateSocket, SOCKET};
use crate::throttle::Throttle;

/// Both work; the first one found on PATH is run.
const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];

/// Its directory in the data directory.
const DIRECTORY: &str = "redis";

/// Its log, in its directory.
const LOG: &str = "redis.log";

/// Reading a large append-only file takes about ten seconds per gigabyte.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// How often we ask a server that starts or stops whether it answers.
const STARTING_POLL: Duration = Duration::from_millis(5);

const ADOPTED_POLL: Duration = Duration::from_secs(1);

/// The pause between the end of a server and its next start; doubled while it does not stay up.
const RESTART_AFTER: Duration = Duration::from_millis(200);

const RESTART_AFTER_LONGEST: Duration = Duration::from_secs(10);

/// How often we log that a server does not stay up.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// A server that ran for this long had started well.
const STARTED_WELL_AFTER: Duration = Duration::from_secs(10);

/// A running server of our own.
pub struct PrivateRedis {
    paths: PrivatePaths,
    stopping: CancellationToken,
    supervisor: JoinHandle<Option<Child>>,
}

/// The program and the files of a server.
#[derive(Clone)]
struct PrivatePaths {
    server: PathBuf,
    directory: PrivateDir,
    socket: PrivateSocket,
    memory_max: u64,
}

impl PrivateRedis {
    /// Adopts the server that still runs in `data_dir`, or starts one, and waits until it answers. It stores at most
    /// `memory_max` bytes (0: any number), and then refuses to store more.
    ///
    /// # Errors
    /// See [`PrivateRedisError`].
    pub async fn start(data_dir: &PrivateDir, memory_max: u64) -> Result<Self, PrivateRedisError> {
        let paths = PrivatePaths::prepare(data_dir, memory_max)?;
        let child = match paths.socket.ping().await {
            Ping::Nobody => Some(paths.launch().await?),
            Ping::Foreign(user) => return Err(paths.foreign(user)),
            Ping::Ready | Ping::Loading => {
                info!(socket = %paths.socket, "adopted the private Redis that was still running");
                None
            }
        };
        let adopted = child.is_none();
        let child = match paths.wait_until_ready(child).await? {
            StartResult::Ready(child) => child,
            StartResult::Ended(status) => {
                paths.repair(status).await?;
                let again = Some(paths.launch().await?);
                match paths.wait_until_ready(again).await? {
                    StartResult::Ready(child) => child,
                    StartResult::Ended(status) => return Err(paths.ended(status)),
                }
            }
        };
        if adopted {
            // It was started with the settings of the last run.
            let command = format!("CONFIG SET maxmemory {memory_max}");
            if let Err(error) = paths.socket.ask(&command).await {
                warn!(%error, "could not set the memory limit of the private Redis; the next start tries again");
            }
        }
        let stopping = CancellationToken::new();
        let supervisor = tokio::spawn(supervise(paths.clone(), child, stopping.clone()));
        Ok(Self {
            paths,
            stopping,
            supervisor,
        })
    }

    /// The socket that it listens on.
    pub fn socket(&self) -> &PrivateSocket {
        &self.paths.socket
    }

    /// Stops the server and waits for its end. Its data is on disk then.
    ///
    /// # Errors
    /// [`PrivateRedisError::Stop`] if it does not end in time. It is left running: it may still be writing.
    pub async fn stop(self) -> Result<(), PrivateRedisError> {
        self.stopping.cancel();
        let child = self.supervisor.await.unwrap_or(None);
        let _ = self.paths.socket.ask("SHUTDOWN").await;
        let ended = async {
            match child {
                Some(mut child) => drop(child.wait().await),
                None => self.paths.until_gone(STARTING_POLL).await,
            }
        };
        timeout(STOP_PATIENCE, ended)
            .await
            .map_err(|_| PrivateRedisError::Stop)
    }
}

impl PrivatePaths {
    fn prepare(data_dir: &PrivateDir, memory_max: u64) -> Result<Self, PrivateRedisError> {
        let server = find_server().ok_or(PrivateRedisError::NotFound)?;
        let failed = |source| PrivateRedisError::Directory {
            path: data_dir.path().join(DIRECTORY),
            source,
        };
        let not_private = |error| match error {
            NotPrivate::Failed { path, source } => PrivateRedisError::Directory { path, source },
            NotPrivate::Unsafe(reason) => PrivateRedisError::NotPrivate(reason),
        };
        let directory = data_dir.make_inside(DIRECTORY).map_err(not_private)?;
        // Versions before this one wrote it.
        directory.remove("redis.conf").map_err(not_private)?;
        let socket = PrivateSocket::in_directory(&directory).map_err(failed)?;
        Ok(Self {
            server,
            directory,
            socket,
            memory_max,
        })
    }

    /// The settings as arguments. The server starts in its directory, so no path is in them: whatever the data directory
    /// is called, nothing has to be quoted, and nothing is too long.
    fn arguments(&self) -> Vec<String> {
        let memory_max = self.memory_max.to_string();
        [
            ("port", "0"),
            ("unixsocket", SOCKET),
            ("unixsocketperm", "700"),
            ("logfile", LOG),
            ("databases", "1"),
            ("appendonly", "yes"),
            ("appendfsync", "everysec"),
            ("aof-load-truncated", "no"),
            ("save", ""),
            ("maxmemory", &memory_max),
            ("maxmemory-policy", "noeviction"),
            ("daemonize", "no"),
        ]
        .into_iter()
        .flat_map(|(name, value)| [format!("--{name}"), value.to_owned()])
        .collect()
    }

    async fn launch(&self) -> Result<Child, PrivateRedisError> {
        if let Some(lost) = lost_manifest(self.directory.path()) {
            return Err(lost);
        }
        Command::new(&self.server)
            .args(self.arguments())
            .current_dir(self.directory.reach("."))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Its own process group: Ctrl-C in a terminal must reach only us, because we stop the server last.
            .process_group(0)
            // If we end without stopping it properly, it is killed. It survives only a kill -9 of ours, and the next start
            // adopts it.
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.failed(error.to_string()))
    }

    async fn wait_until_ready(
        &self,
        mut child: Option<Child>,
    ) -> Result<StartResult, PrivateRedisError> {
        let deadline = Instant::now() + START_PATIENCE;
        let mut logged_at = Instant::now();
        loop {
            match self.socket.ping().await {
                Ping::Ready => return Ok(StartResult::Ready(child)),
                Ping::Foreign(user) => return Err(self.foreign(user)),
                Ping::Loading if logged_at.elapsed() > Duration::from_secs(5) => {
                    logged_at = Instant::now();
                    info!("the private Redis is reading its append-only file");
                }
                Ping::Loading | Ping::Nobody => {}
            }
            if let Some(status) = child
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten())
            {
                return Ok(StartResult::Ended(status));
            }
            if Instant::now() > deadline {
                return Err(self.failed(format!("no answer within {} s", START_PATIENCE.as_secs())));
            }
            sleep(STARTING_POLL).await;
        }
    }

    /// Repairs the files if a server ended because it could not read them. Fails if that was not the reason, or if they
    /// can't be repaired.
    async fn repair(&self, status: ExitStatus) -> Result<(), PrivateRedisError> {
        // If a signal ended it, or it ended without an error, the files were not the reason.
        if status.code().is_none_or(|code| code == 0) {
            return Err(self.ended(status));
        }
        debug!("the private Redis did not start; checking its append-only file");
        let (server, directory) = (self.server.clone(), self.directory.path().to_owned());
        let repairing = tokio::task::spawn_blocking(move || repair(&server, &directory));
        match repairing
            .await
            .map_err(|error| self.failed(error.to_string()))??
        {
            Some(Repaired { cut, copy }) => {
                warn!(
                    bytes = cut,
                    copy = %copy.display(),
                    "the append-only file of the private Redis was damaged, as after a power cut: its end was cut off, and \
                     that part is lost; an untouched copy was kept, delete the copy when you no longer need it"
                );
                Ok(())
            }
            None => Err(self.ended(status)),
        }
    }

    /// The error for a server that ended, with the last line of its log.
    fn ended(&self, status: ExitStatus) -> PrivateRedisError {
        let last_log_line = self.last_log_line();
        if last_log_line.contains("append only file") || last_log_line.contains("AOF") {
            return PrivateRedisError::Damaged {
                files: files(self.directory.path())
                    .unwrap_or_else(|| self.directory.path().to_owned()),
                reason: format!("the server says: {last_log_line}"),
            };
        }
        self.failed(format!("{status}: {last_log_line}"))
    }

    fn failed(&self, reason: String) -> PrivateRedisError {
        PrivateRedisError::Start {
            server: self.server.clone(),
            reason,
            log: self.directory.path().join(LOG),
        }
    }

    fn foreign(&self, user: u32) -> PrivateRedisError {
        PrivateRedisError::Foreign {
            socket: self.directory.path().join(SOCKET),
            user,
        }
    }

    /// Waits until nobody listens any more.
    async fn until_gone(&self, poll: Duration) {
        while self.socket.ping().await != Ping::Nobody {
            sleep(poll).await;
        }
    }

    fn last_log_line(&self) -> String {
        let log = std::fs::read(self.directory.reach(LOG)).unwrap_or_default();
        String::from_utf8_lossy(&log)
            .lines()
            .last()
            .unwrap_or("its log is empty")
            .to_owned()
    }
}

/// The result of waiting for a server.
enum StartResult {
    /// It answers.
    Ready(Option<Child>),
    /// It ended by itself.
    Ended(ExitStatus),
}

/// Starts the server again whenever it ends, until `stopping` is cancelled; then returns the child.
async fn supervise(
    paths: PrivatePaths,
    mut child: Option<Child>,
    stopping: CancellationToken,
) -> Option<Child> {
    let mut restart_after = RESTART_AFTER;
    let mut log_throttle = Throttle::new(LOG_INTERVAL);
    loop {
        let started = Instant::now();
        let ended = async {
            match &mut child {
                Some(child) => child.wait().await.ok(),
                None => {
                    paths.until_gone(ADOPTED_POLL).await;
                    None
                }
            }
        };
        let status = tokio::select! {
            status = ended => status,
            () = stopping.cancelled() => return child,
        };
        if started.elapsed() > STARTED_WELL_AFTER {
            restart_after = RESTART_AFTER;
            log_throttle = Throttle::new(LOG_INTERVAL);
        }
        let may_log = log_throttle.due();
        if may_log {
            let reason =
                status.map_or_else(|| "it no longer answers".to_owned(), |s| s.to_string());
            warn!(reason, "the private Redis ended; starting it again");
        }
        // Not if it was told to end or was killed while it ran well: then it had read its files.
        if let Some(status) = status.filter(|status| status.code().is_some_and(|code| code != 0))
            && let Err(error) = paths.repair(status).await
            && may_log
        {
            error!(%error, "the private Redis does not start; retrying");
        }
        loop {
            tokio::select! {
                () = sleep(restart_after) => {}
                () = stopping.cancelled() => return None,
            }
            restart_after = (restart_after * 2).min(RESTART_AFTER_LONGEST);
            match paths.launch().await {
                Ok(started) => {
                    child = Some(started);
                    break;
                }
                Err(error) => warn!(%error, "could not start the private Redis; retrying"),
            }
        }
    }
}

/// The socket of the private Redis in `data_dir`, if it answers.
///
/// # Errors
/// What is wrong, if a server of another user listens there.
pub async fn private_socket(data_dir: &Path) -> Result<Option<PrivateSocket>, PrivateRedisError> {
    let found = PrivateDir::open(data_dir).and_then(|data_dir| data_dir.inside(DIRECTORY));
    let Ok(socket) = found.and_then(|directory| PrivateSocket::in_directory(&directory)) else {
        return Ok(None);
    };
    match socket.ping().await {
        Ping::Ready => Ok(Some(socket)),
        Ping::Loading | Ping::Nobody => Ok(None),
        Ping::Foreign(user) => Err(PrivateRedisError::Foreign {
            socket: data_dir.join(DIRECTORY).join(SOCKET),
            user,
        }),
    }
}

/// The program of a Redis, or of a Valkey.
pub(crate) fn find_server() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    SERVERS.iter().find_map(|name| {
        std::env::split_paths(&path)
            .map(|directory| directory.join(name))
            .find(|file| file.is_file())
            // It starts in another directory than ours.
            .and_then(|file| std::path::absolute(file).ok())
    })
}
