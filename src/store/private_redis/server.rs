//! The private Redis: a server of our own in the data directory, for installations with a single container.
//!
//! It listens only on a socket, keeps an append-only file and never evicts. If it still runs because we were killed, we
//! adopt it. If it dies, we start it again. It is stopped last.

use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::store::private_redis::error::{PrivateRedisError, STOP_PATIENCE};
use crate::store::private_redis::repair::{Repaired, files, lost_manifest, repair};
use crate::throttle::Throttle;

/// Both work; the first one found on PATH is run.
const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];

/// A socket's path has at most 108 bytes, with the zero byte at its end (unix(7), `sun_path`).
const SOCKET_PATH_MAX: usize = 107;

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
    directory: PathBuf,
    socket: PathBuf,
}

impl PrivateRedis {
    /// Adopts the server that still runs in `data_dir`, or starts one, and waits until it answers.
    ///
    /// # Errors
    /// See [`PrivateRedisError`].
    pub async fn start(data_dir: &Path) -> Result<Self, PrivateRedisError> {
        let paths = PrivatePaths::prepare(data_dir)?;
        let child = if ping(&paths.socket).await == Ping::Nobody {
            Some(paths.launch().await?)
        } else {
            info!(socket = %paths.socket.display(), "adopted the private Redis that was still running");
            None
        };
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
        let stopping = CancellationToken::new();
        let supervisor = tokio::spawn(supervise(paths.clone(), child, stopping.clone()));
        Ok(Self {
            paths,
            stopping,
            supervisor,
        })
    }

    /// The socket that it listens on.
    pub fn socket(&self) -> &Path {
        &self.paths.socket
    }

    /// Stops the server and waits for its end. Its data is on disk then.
    ///
    /// # Errors
    /// [`PrivateRedisError::Stop`] if it does not end in time. It is left running: it may still be writing.
    pub async fn stop(self) -> Result<(), PrivateRedisError> {
        self.stopping.cancel();
        let child = self.supervisor.await.unwrap_or(None);
        let _ = ask(&self.paths.socket, "SHUTDOWN").await;
        let ended = async {
            match child {
                Some(mut child) => drop(child.wait().await),
                None => {
                    while ping(&self.paths.socket).await != Ping::Nobody {
                        sleep(STARTING_POLL).await;
                    }
                }
            }
        };
        timeout(STOP_PATIENCE, ended)
            .await
            .map_err(|_| PrivateRedisError::Stop)
    }
}

impl PrivatePaths {
    fn prepare(data_dir: &Path) -> Result<Self, PrivateRedisError> {
        let server = find_server().ok_or(PrivateRedisError::NotFound)?;
        let failed = |source| PrivateRedisError::Directory {
            path: data_dir.join("redis"),
            source,
        };
        let directory = data_dir.canonicalize().map_err(failed)?.join("redis");
        private_directory(&directory).map_err(failed)?;
        let socket = socket_path(&directory).map_err(failed)?;
        let paths = Self {
            server,
            directory,
            socket,
        };
        std::fs::write(paths.file("redis.conf"), paths.configuration()).map_err(failed)?;
        Ok(paths)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn configuration(&self) -> String {
        let quoted = |path: &Path| format!("{:?}", path.display().to_string());
        format!(
            "# Written by waha-sm at each start; changes made here are lost.\n\
             port 0\n\
             unixsocket {socket}\n\
             unixsocketperm 700\n\
             dir {directory}\n\
             logfile {log}\n\
             databases 1\n\
             appendonly yes\n\
             appendfsync everysec\n\
             aof-load-truncated no\n\
             save \"\"\n\
             maxmemory-policy noeviction\n\
             daemonize no\n",
            socket = quoted(&self.socket),
            directory = quoted(&self.directory),
            log = quoted(&self.file("redis.log")),
        )
    }

    async fn launch(&self) -> Result<Child, PrivateRedisError> {
        if let Some(lost) = lost_manifest(&self.directory) {
            return Err(lost);
        }
        Command::new(&self.server)
            .arg(self.file("redis.conf"))
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
            match ping(&self.socket).await {
                Ping::Ready => return Ok(StartResult::Ready(child)),
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
        let (server, directory) = (self.server.clone(), self.directory.clone());
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
                files: files(&self.directory).unwrap_or_else(|| self.directory.clone()),
                reason: format!("the server says: {last_log_line}"),
            };
        }
        self.failed(format!("{status}: {last_log_line}"))
    }

    fn failed(&self, reason: String) -> PrivateRedisError {
        PrivateRedisError::Start {
            server: self.server.clone(),
            reason,
            log: self.file("redis.log"),
        }
    }

    fn last_log_line(&self) -> String {
        let log = std::fs::read(self.file("redis.log")).unwrap_or_default();
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
                    while ping(&paths.socket).await != Ping::Nobody {
                        sleep(ADOPTED_POLL).await;
                    }
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
pub async fn private_socket(data_dir: &Path) -> Option<PathBuf> {
    let directory = data_dir.canonicalize().ok()?.join("redis");
    let socket = socket_path(&directory).ok()?;
    (ping(&socket).await == Ping::Ready).then_some(socket)
}

fn find_server() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    SERVERS.iter().find_map(|name| {
        std::env::split_paths(&path)
            .map(|directory| directory.join(name))
            .find(|file| file.is_file())
    })
}

fn private_directory(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

/// In the data directory. If that path is too long for a socket: in a directory of our own among the temporary files.
fn socket_path(directory: &Path) -> io::Result<PathBuf> {
    let socket = directory.join("redis.sock");
    if socket.as_os_str().len() <= SOCKET_PATH_MAX {
        return Ok(socket);
    }
    let digest = ring::digest::digest(
        &ring::digest::SHA256,
        directory.as_os_str().as_encoded_bytes(),
    );
    let name: String = digest
        .as_ref()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let elsewhere = std::env::temp_dir().join(format!("waha-sm-{name}"));
    private_directory(&elsewhere)?;
    Ok(elsewhere.join("redis.sock"))
}

#[derive(Debug, PartialEq, Eq)]
enum Ping {
    Ready,
    Loading,
    Nobody,
}

async fn ping(socket: &Path) -> Ping {
    match ask(socket, "PING").await {
        Ok(answer) if answer.starts_with("+PONG") => Ping::Ready,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
            ) =>
        {
            Ping::Nobody
        }
        // LOADING, BUSY in a script, or no answer for a while: the server is alive, and a second one on its files would
        // destroy them.
        Ok(_) | Err(_) => Ping::Loading,
    }
}

/// Sends one command in Redis' inline form, and returns the first line of the answer. It is used when the client is not
/// connected yet, or no longer connected.
async fn ask(socket: &Path, command: &str) -> io::Result<String> {
    let exchange = async {
        let mut stream = BufReader::new(UnixStream::connect(socket).await?);
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .await?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        Ok(answer)
    };
    timeout(Duration::from_secs(2), exchange)
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
}
