//! The test's own Redis server.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::eventually;

/// The directory in which it keeps its files.
const FILES: &str = "appendonlydir";

/// A Redis that can be stopped, killed and restarted on its own files.
pub(crate) struct Redis {
    directory: TempDir,
    child: Option<Child>,
}

impl Redis {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts with more arguments, which override the usual ones.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut redis = Self {
            directory: tempfile::tempdir().unwrap(),
            child: None,
        };
        redis.spawn(arguments);
        redis.wait_until_ready();
        redis
    }

    /// Starts on a copy of `other`'s files, like a replica that takes over.
    pub(crate) fn start_on_a_copy_of(other: &Self) -> Self {
        let mut redis = Self {
            directory: other.copy(),
            child: None,
        };
        redis.start_again();
        redis
    }

    /// A copy of its files, as a replica has them that gets nothing more from now on.
    pub(crate) fn copy(&self) -> TempDir {
        self.write_first();
        let copy = tempfile::tempdir().unwrap();
        copy_files(&self.directory, &copy);
        copy
    }

    /// Kills it, and starts it with what this copy has: all that it wrote since then is lost.
    pub(crate) fn roll_back(&mut self, copy: &TempDir) {
        self.kill();
        std::fs::remove_dir_all(self.directory.path().join(FILES)).unwrap();
        copy_files(copy, &self.directory);
        self.start_again();
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub(crate) fn start_again(&mut self) {
        self.spawn(&[]);
        self.wait_until_ready();
    }

    /// Starts the process without waiting for anything.
    pub(crate) fn spawn(&mut self, arguments: &[&str]) {
        let child = Command::new("redis-server")
            .args([
                "--port",
                "0",
                "--save",
                "",
                "--appendonly",
                "yes",
                "--unixsocket",
            ])
            .arg(self.socket())
            .arg("--dir")
            .arg(self.directory.path())
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server: apt-get install redis-server");
        self.child = Some(child);
    }

    pub(crate) fn wait_until_ready(&self) {
        eventually("redis answers", || {
            ask(&self.socket(), "PING").filter(|answer| answer.starts_with("+PONG"))
        });
    }

    pub(crate) fn signal(&self, signal: &str) {
        send_signal(self.child.as_ref().unwrap().id(), signal);
    }

    /// Kills it as the out-of-memory killer does. What it has answered is in its files.
    pub(crate) fn kill(&mut self) {
        self.write_first();
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// From now on it answers when it has written. Before, while the disk is busy, it answers up to two seconds earlier.
    fn write_first(&self) {
        ask(&self.socket(), "CONFIG SET appendfsync always");
    }

    /// All that it has written to its files.
    pub(crate) fn files(&self) -> String {
        self.write_first();
        let directory = self.directory.path().join(FILES);
        let files = std::fs::read_dir(directory).unwrap();
        let bytes = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap());
        String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
    }

    /// All that it holds now, uncompressed.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        assert_eq!(self.ask("CONFIG SET rdbcompression no"), "+OK");
        assert_eq!(self.ask("SAVE"), "+OK");
        std::fs::read(self.directory.path().join("dump.rdb")).unwrap()
    }

    /// The answer to a command that answers in one line.
    pub(crate) fn ask(&self, command: &str) -> String {
        ask(&self.socket(), command).unwrap()
    }

    /// The answer to a command that answers with a number.
    pub(crate) fn number(&self, command: &str) -> i64 {
        self.ask(command).trim_start_matches(':').parse().unwrap()
    }
}

impl Redis {
    /// How many commands it has run, those in scripts too.
    pub(crate) fn commands(&self) -> u64 {
        self.figure("total_commands_processed:").unwrap()
    }

    /// A number of INFO, by the beginning of its line.
    pub(crate) fn figure(&self, name: &str) -> Option<u64> {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.write_all(b"INFO\r\nQUIT\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines();
        lines.find_map(|line| line.unwrap().strip_prefix(name)?.parse().ok())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.end();
    }
}

fn copy_files(from: &TempDir, to: &TempDir) {
    let copied = Command::new("cp")
        .arg("-r")
        .arg(from.path().join(FILES))
        .arg(to.path())
        .status();
    assert!(copied.unwrap().success());
}

/// Sends one command in Redis' inline form. Returns the first line of the answer.
pub(crate) fn ask(socket: &Path, command: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    Some(line.trim_end().to_owned())
}

pub(crate) fn send_signal(process: u32, signal: &str) {
    assert!(
        Command::new("kill")
            .args([signal, &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
}
