//! One `redis-server` on a port of 127.0.0.1: it can be killed, frozen, started again on its files, and asked.

use std::io::{BufRead as _, BufReader, Error, ErrorKind, Result};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::link::Link;
use super::{resp, until};

/// Kills the server (-9) as soon as its own standard input is closed: when we close it, or when we end for any reason.
const GUARD: &str = r#""$@" >/dev/null & echo $!; read -r _; kill -9 $!; wait"#;

/// See the module documentation. Killed when it is dropped.
pub(crate) struct Node {
    port: u16,
    /// Everybody but us reaches it through this, if it has one.
    link: Option<Link>,
    directory: PathBuf,
    /// All but the port and the directory.
    arguments: Vec<String>,
    running: Option<Running>,
}

struct Running {
    /// A shell, see [`GUARD`].
    guard: Child,
    server: Pid,
    frozen: AtomicBool,
}

impl Node {
    /// It is not started yet. Its files and its log are in `directory`.
    pub(super) fn new(port: u16, directory: &Path, arguments: Vec<String>) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        Ok(Self {
            port,
            link: None,
            directory: directory.to_owned(),
            arguments,
            running: None,
        })
    }

    /// Everybody but us shall reach it through a link, which can be cut. `announce` is the server's option for the port of the
    /// link.
    pub(super) fn behind_a_link(mut self, announce: &str) -> Result<Self> {
        let link = Link::new(self.port, Duration::ZERO)?;
        let port = link.port().to_string();
        self.arguments.extend([announce.to_owned(), port]);
        self.link = Some(link);
        Ok(self)
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where others reach it.
    pub(super) fn known_port(&self) -> u16 {
        self.link.as_ref().map_or(self.port, Link::port)
    }

    /// Where others reach it: `127.0.0.1:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.known_port())
    }

    /// Nobody reaches it any more, but us.
    pub(crate) fn cut_link(&self) {
        self.link.iter().for_each(Link::cut);
    }

    /// Everybody reaches it again.
    pub(crate) fn mend_link(&self) {
        self.link.iter().for_each(Link::mend);
    }

    /// Whether it was neither killed nor frozen.
    pub(crate) fn is_well(&self) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| !running.frozen.load(Ordering::Relaxed))
    }

    /// Starts it on its files with more arguments, without waiting for anything.
    pub(super) fn spawn(&mut self, more: &[String]) -> Result<()> {
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "sh", "redis-server"])
            .args(&self.arguments)
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .arg("--dir")
            .arg(&self.directory)
            .arg("--logfile")
            .arg(self.directory.join("redis.log"))
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Its own group: Ctrl-C at a terminal is for us, and the server ends when we end.
            .process_group(0)
            .spawn()?;
        let mut line = String::new();
        let stdout = guard.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
        BufReader::new(stdout).read_line(&mut line)?;
        let server = line.trim().parse().ok().and_then(Pid::from_raw);
        let server = server.ok_or_else(|| Error::other("redis-server did not start"))?;
        self.running = Some(Running {
            guard,
            server,
            frozen: AtomicBool::new(false),
        });
        Ok(())
    }

    /// Waits until it answers and has its data.
    pub(super) fn wait_until_ready(&self) -> Result<()> {
        let pid = |running: &Running| running.server.as_raw_nonzero().to_string();
        let server = self.running.as_ref().map(pid).unwrap_or_default();
        until("a node answers", || {
            // Another server may have been faster with this port.
            let ours = self.info("server", "process_id")? == server;
            Ok((ours && self.info("persistence", "loading")? == "0").then_some(()))
        })
    }

    /// Starts it again on its files, and waits until it has its data.
    pub(crate) fn start_again(&mut self, more: &[String]) -> Result<()> {
        self.kill()?;
        self.spawn(more)?;
        self.wait_until_ready()
    }

    /// kill -9, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(Running { mut guard, .. }) = self.running.take() {
            drop(guard.stdin.take());
            guard.wait()?;
        }
        Ok(())
    }

    /// SIGSTOP: its connections stay open, and nobody answers.
    pub(crate) fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP, true)
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT, false)
    }

    fn signal(&self, signal: Signal, frozen: bool) -> Result<()> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        running.frozen.store(frozen, Ordering::Relaxed);
        Ok(kill_process(running.server, signal)?)
    }

    /// The answer to one command; an error answer of Redis is an error.
    pub(crate) fn ask<W: AsRef<str>>(&self, command: &[W]) -> Result<Value> {
        if !self.is_well() {
            return Err(ErrorKind::NotConnected.into());
        }
        resp::ask(self.port, command)
    }

    /// The answer to a command, written with spaces.
    pub(crate) fn tell(&self, command: &str) -> Result<Value> {
        self.ask(&command.split(' ').collect::<Vec<_>>())
    }

    /// The answer to a command that answers with a number; 0 if it answers otherwise or not at all.
    pub(crate) fn number<W: AsRef<str>>(&self, command: &[W]) -> u64 {
        let answer = self.ask(command).ok();
        answer.and_then(|answer| answer.as_u64()).unwrap_or(0)
    }

    /// The texts that a command answers with.
    pub(crate) fn texts<W: AsRef<str>>(&self, command: &[W]) -> Result<Vec<String>> {
        let answer = self.ask(command)?;
        let texts = answer.as_array().into_iter().flatten();
        let text = |text: &Value| Some(text.as_str()?.to_owned());
        Ok(texts.filter_map(text).collect())
    }

    /// One field of INFO; empty if it is not there.
    pub(crate) fn info(&self, section: &str, field: &str) -> Result<String> {
        let info = self.ask(&["INFO", section])?;
        let lines = info.as_str().unwrap_or_default().lines();
        let mut fields = lines.filter_map(|line| line.trim_end().split_once(':'));
        let found = fields.find(|(name, _)| *name == field);
        Ok(found.map_or_else(String::new, |(_, value)| value.to_owned()))
    }

    /// How many commands it has run so far.
    pub(crate) fn commands(&self) -> Result<u64> {
        let count = self.info("stats", "total_commands_processed")?;
        count.parse().map_err(Error::other)
    }

    /// How many replicas have all of its data and stay connected.
    pub(crate) fn replicas(&self) -> Result<usize> {
        let info = self.ask(&["INFO", "replication"])?;
        let lines = info.as_str().unwrap_or_default().lines();
        let online = |line: &&str| line.starts_with("slave") && line.contains("state=online");
        Ok(lines.filter(online).count())
    }

    /// Closes its connections of one kind: `normal`, `pubsub` or `replica`. Returns how many. Our own is not among them.
    pub(crate) fn cut(&self, kind: &str) -> Result<u64> {
        let cut = self.ask(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"])?;
        Ok(cut.as_u64().unwrap_or(0))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
