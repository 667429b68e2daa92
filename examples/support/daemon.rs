//! An example's own daemon: the same program, started again to be `waha-sm`.
//!
//! So it is a separate process, which can be killed, and nothing else has to be built or installed.
//! Its data is in a temporary directory that is removed when the example ends.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, kill_process};
use tempfile::TempDir;
use waha_sm::health::AskedDaemon;

/// As the first argument, it means: be the daemon.
const DAEMON: &str = "daemon";
/// The directory that the daemon removes when it ends.
pub(crate) const PLACE: &str = "EXAMPLE_DIRECTORY";
const START_PATIENCE: Duration = Duration::from_secs(30);
/// The daemon itself takes ten seconds at most.
const STOP_PATIENCE: Duration = Duration::from_secs(12);
const POLL_INTERVAL: Duration = Duration::from_millis(5);
const LOG_LINES_SHOWN: usize = 12;

/// If this process was started to be the daemon, runs it and returns how it ended. Must come first in
/// `main`.
pub(crate) fn be_the_daemon() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != DAEMON {
        return None;
    }
    let arguments = std::iter::once("waha-sm".into()).chain(arguments);
    let Some(place) = std::env::var_os(PLACE) else {
        return Some(waha_sm::cli::main(arguments));
    };
    let orphaned = Arc::new(AtomicBool::new(false));
    let flag = orphaned.clone();
    std::thread::spawn(move || stop_with_the_example(&flag));
    let code = waha_sm::cli::main(arguments);
    if orphaned.load(Ordering::Relaxed) {
        // No other process is left to do it.
        let _ = std::fs::remove_dir_all(place);
    }
    Some(code)
}

/// When the example ends, even by Ctrl-C or a kill, its end of our standard input is closed. Then we stop too, and the
/// private Redis with us.
fn stop_with_the_example(orphaned: &AtomicBool) {
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    orphaned.store(true, Ordering::Relaxed);
    let _ = kill_process(getpid(), Signal::TERM);
}

/// This program as `waha-sm <role>`, without the user's environment: a REDIS_URL there is not meant for us.
pub(crate) fn program(role: &str) -> Command {
    // This works even if a new build has replaced the file.
    let mut command = Command::new("/proc/self/exe");
    let inherited = ["PATH", "HOME", "TMPDIR", "TZ", "LANG"];
    command
        .arg0("waha-sm")
        .args([DAEMON, role])
        .env_clear()
        .envs(
            inherited
                .into_iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        );
    command
}

/// See the module documentation.
pub(crate) struct Daemon {
    settings: Vec<(&'static str, String)>,
    arguments: Vec<String>,
    address: SocketAddr,
    child: Option<Child>,
    // After `child`: the directory is removed last.
    place: TempDir,
}

impl Daemon {
    /// Prepares a daemon on a free port of this machine, with these `settings` (by their environment names) and
    /// `arguments`. [`Daemon::start`] starts it.
    pub(crate) fn new(
        settings: impl IntoIterator<Item = (&'static str, String)>,
        arguments: Vec<String>,
    ) -> Result<Self, Box<dyn Error>> {
        let place = tempfile::Builder::new().prefix("waha-sm-").tempdir()?;
        // Free now; the daemon takes it in a moment.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        Ok(Self {
            settings: settings.into_iter().collect(),
            arguments,
            address,
            child: None,
            place,
        })
    }

    /// Where it listens, without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Writes a file beside the daemon's data.
    pub(crate) fn write(&self, name: &str, content: &str) -> Result<PathBuf, Box<dyn Error>> {
        let path = self.place.path().join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }

    /// One more setting for the next start.
    pub(crate) fn set(&mut self, setting: &'static str, value: impl Into<String>) {
        self.settings.push((setting, value.into()));
    }

    /// Starts or restarts it on the same data. Returns how long it took to be ready.
    pub(crate) fn start(&mut self) -> Result<Duration, Box<dyn Error>> {
        let started = Instant::now();
        let log = File::options().create(true).append(true).open(self.log())?;
        let child = self
            .command("all")
            .args(&self.arguments)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let child = self.child.insert(child);
        while !waha_sm::health::ask(&[AskedDaemon::At(self.address)])
            .refusals
            .is_empty()
        {
            if let Some(status) = child.try_wait()? {
                return Err(format!("the daemon did not start ({status})").into());
            }
            if started.elapsed() > START_PATIENCE {
                return Err(format!(
                    "the daemon was not ready within {} s",
                    START_PATIENCE.as_secs()
                )
                .into());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(started.elapsed())
    }

    /// The program as `waha-sm <role>`, with our settings.
    pub(crate) fn command(&self, role: &str) -> Command {
        let mut command = program(role);
        command.stdin(Stdio::null()).env("DATA_DIR", self.data());
        if role == "all" {
            command
                .stdin(Stdio::piped())
                // Its own group: Ctrl-C at a terminal is for the example, and the daemon ends when the example ends.
                .process_group(0)
                .env(PLACE, self.place.path())
                .env("LISTEN", self.address.to_string())
                .envs(self.settings.iter().map(|(name, value)| (name, value)));
        }
        command
    }

    /// Its process id, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// kill -9, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Result<(), Box<dyn Error>> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Stops it (SIGTERM) and waits for the end. Returns how long that took.
    pub(crate) fn stop(&mut self) -> Result<Duration, Box<dyn Error>> {
        let Some(mut child) = self.child.take() else {
            return Ok(Duration::ZERO);
        };
        let asked = Instant::now();
        kill_process(Pid::from_child(&child), Signal::TERM)?;
        loop {
            if let Some(status) = child.try_wait()? {
                return if status.success() {
                    Ok(asked.elapsed())
                } else {
                    Err(format!("the daemon ended with {status}").into())
                };
            }
            if asked.elapsed() > STOP_PATIENCE {
                child.kill()?;
                child.wait()?;
                return Err(format!(
                    "the daemon did not stop within {} s and was killed",
                    STOP_PATIENCE.as_secs()
                )
                .into());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// The private Redis' socket.
    pub(crate) fn redis_socket(&self) -> PathBuf {
        self.data().join("redis/redis.sock")
    }

    /// The bytes of the files and directories in its data directory whose names begin with this.
    pub(crate) fn size_of(&self, name: &str) -> Result<f64, Box<dyn Error>> {
        fn size(path: &Path) -> std::io::Result<u64> {
            let about = std::fs::symlink_metadata(path)?;
            if !about.is_dir() {
                return Ok(about.len());
            }
            std::fs::read_dir(path)?
                .map(|entry| size(&entry?.path()))
                .sum()
        }
        let mut bytes = 0;
        for entry in std::fs::read_dir(self.data())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(name) {
                bytes += size(&entry.path())?;
            }
        }
        Ok(bytes as f64)
    }

    /// The end of the daemon's log, for finding out what went wrong.
    pub(crate) fn last_words(&self) -> String {
        self.said(|_| true)
    }

    /// The last warnings and errors in the daemon's log.
    pub(crate) fn warnings(&self) -> String {
        self.said(|line| line.contains(" WARN ") || line.contains(" ERROR "))
    }

    fn said(&self, of_interest: impl Fn(&str) -> bool) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().filter(|line| of_interest(line)).collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }

    fn log(&self) -> PathBuf {
        self.place.path().join("daemon.log")
    }

    fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.stop();
        // It is still there only if the daemon was killed and not started again.
        shut_down_redis(&self.redis_socket());
    }
}

fn shut_down_redis(socket: &Path) {
    if let Ok(mut redis) = UnixStream::connect(socket) {
        let _ = redis.write_all(b"SHUTDOWN NOSAVE\r\n");
        let deadline = Instant::now() + STOP_PATIENCE;
        while UnixStream::connect(socket).is_ok() && Instant::now() < deadline {
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}
