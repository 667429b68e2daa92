//! The soak's own Redis: it loses nothing that it confirmed, and can be killed, cut off and asked.

use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Kills Redis (-9) as soon as its own standard input is closed: when we close it, or when we end for any reason.
const GUARD: &str = r#""$@" & read -r _; kill -9 $!; wait"#;

/// See the module. Killed when it is dropped.
pub(crate) struct Redis {
    directory: PathBuf,
    /// A shell, see [`GUARD`].
    guard: Option<Child>,
}

impl Redis {
    pub(crate) fn start(directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let mut redis = Self {
            directory: directory.to_owned(),
            guard: None,
        };
        redis.start_again()?;
        Ok(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("redis.sock")
    }

    /// Starts it on its files, and waits until they are loaded.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        let guard = Command::new("sh")
            .args(["-c", GUARD, "sh", "redis-server"])
            .args(["--port", "0", "--save", "", "--appendonly", "yes"])
            // It answers only when a write is on disk. If something is lost, Redis did not lose it.
            .args(["--appendfsync", "always", "--unixsocket"])
            .arg(self.socket())
            .arg("--dir")
            .arg(&self.directory)
            .arg("--logfile")
            .arg(self.directory.join("redis.log"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // Its own group: Ctrl-C at a terminal is for the soak, and Redis ends when the soak ends.
            .process_group(0)
            .spawn()?;
        self.guard = Some(guard);
        let deadline = Instant::now() + PATIENCE;
        while self.ask(&["PING"]).is_err() {
            if Instant::now() > deadline {
                return Err(Error::new(ErrorKind::TimedOut, "Redis did not start"));
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Kills it as the out-of-memory killer does.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            guard.wait()?;
        }
        Ok(())
    }

    /// The answer to one command; an error answer of Redis is an error.
    pub(crate) fn ask(&self, command: &[&str]) -> Result<Value> {
        let mut stream = UnixStream::connect(self.socket())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut request = format!("*{}\r\n", command.len());
        for word in command {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        stream.write_all(request.as_bytes())?;
        read(&mut BufReader::new(stream))
    }

    /// The answer to a command that answers with a number; 0 if it can't be asked.
    pub(crate) fn number(&self, command: &[&str]) -> u64 {
        self.ask(command)
            .ok()
            .and_then(|answer| answer.as_u64())
            .unwrap_or(0)
    }

    /// The texts that a command answers with.
    pub(crate) fn texts(&self, command: &[&str]) -> Vec<String> {
        let answer = self.ask(command).unwrap_or_default();
        let texts = answer.as_array().into_iter().flatten();
        texts
            .filter_map(|text| Some(text.as_str()?.to_owned()))
            .collect()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// One answer in Redis' protocol, as JSON.
fn read(from: &mut BufReader<UnixStream>) -> Result<Value> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let (kind, rest) = line.trim_end().split_at_checked(1).unwrap_or_default();
    let number = || {
        rest.parse::<i64>()
            .map_err(|_| Error::from(ErrorKind::InvalidData))
    };
    Ok(match kind {
        "+" => rest.into(),
        ":" => number()?.into(),
        "$" => match usize::try_from(number()?) {
            Err(_) => Value::Null,
            Ok(length) => {
                let mut text = vec![0; length + 2];
                from.read_exact(&mut text)?;
                String::from_utf8_lossy(&text[..length]).into_owned().into()
            }
        },
        "*" => {
            let parts = (0..number()?).map(|_| read(from));
            Value::Array(parts.collect::<Result<_>>()?)
        }
        _ => return Err(Error::other(rest)),
    })
}
