//! The cost of processes: CPU time and memory from /proc, and the figures of a Redis.

use std::io::{BufRead as _, BufReader, Read as _, Result, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

/// The unit in which /proc counts time, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
const REDIS_PATIENCE: Duration = Duration::from_secs(5);

/// The cost of one process up to now.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Usage {
    /// CPU time in our own code, in seconds.
    pub(crate) user_s: f64,
    /// CPU time in the kernel.
    pub(crate) system_s: f64,
    /// Memory it has now, in MiB.
    pub(crate) resident_mb: f64,
    /// The most memory it had so far.
    pub(crate) peak_mb: f64,
}

impl Usage {
    /// All zero if there is no such process.
    pub(crate) fn of(process: &str) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Counted from the state, which follows the name in brackets.
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let seconds = |field: usize| {
            fields
                .get(field)
                .and_then(|ticks| ticks.parse::<f64>().ok())
                .unwrap_or(0.0)
                / TICKS_PER_SECOND
        };
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let mb = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok())
                .unwrap_or(0.0)
                / 1024.0
        };
        Self {
            user_s: seconds(11),
            system_s: seconds(12),
            resident_mb: mb("VmRSS:"),
            peak_mb: mb("VmHWM:"),
        }
    }

    pub(crate) fn cpu_s(&self) -> f64 {
        self.user_s + self.system_s
    }

    /// The CPU time since an earlier measurement; the memory of now.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            user_s: self.user_s - earlier.user_s,
            system_s: self.system_s - earlier.system_s,
            ..self
        }
    }

    /// Together with a process that ran before this one; the memory of now, and the higher peak.
    pub(crate) fn and(self, before: Self) -> Self {
        Self {
            user_s: self.user_s + before.user_s,
            system_s: self.system_s + before.system_s,
            peak_mb: self.peak_mb.max(before.peak_mb),
            ..self
        }
    }
}

/// A Redis that can be asked without a client: by its socket, or by a URL without a password.
pub(crate) struct Redis(BufReader<Box<dyn Connection>>);

trait Connection: std::io::Read + Write {}
impl<T: std::io::Read + Write> Connection for T {}

impl Redis {
    pub(crate) fn at_socket(path: &Path) -> Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(REDIS_PATIENCE))?;
        Ok(Self(BufReader::new(Box::new(stream))))
    }

    pub(crate) fn at_url(url: &str) -> Result<Self> {
        let place = url
            .strip_prefix("redis://")
            .filter(|place| !place.contains('@'));
        let place = place
            .and_then(|place| place.split(['/', '?']).next())
            .ok_or(std::io::ErrorKind::Unsupported)?;
        let place = if place.contains(':') {
            place.to_owned()
        } else {
            format!("{place}:6379")
        };
        let stream = TcpStream::connect(place)?;
        stream.set_read_timeout(Some(REDIS_PATIENCE))?;
        Ok(Self(BufReader::new(Box::new(stream))))
    }

    /// Memory in MiB, and CPU seconds up to now.
    pub(crate) fn usage(&mut self) -> Result<(f64, f64)> {
        let info = self.ask("INFO everything")?;
        let figure = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.parse::<f64>().ok())
                .unwrap_or(0.0)
        };
        let memory = figure("used_memory:") / f64::from(1 << 20);
        Ok((memory, figure("used_cpu_user:") + figure("used_cpu_sys:")))
    }

    /// One round trip.
    pub(crate) fn ping(&mut self) -> Result<()> {
        self.0.get_mut().write_all(b"PING\r\n")?;
        self.0.read_line(&mut String::new()).map(drop)
    }

    /// Its process id.
    pub(crate) fn process(&mut self) -> Result<u32> {
        let info = self.ask("INFO server")?;
        let id = info
            .lines()
            .find_map(|line| line.strip_prefix("process_id:"));
        id.and_then(|id| id.trim().parse().ok())
            .ok_or(std::io::ErrorKind::InvalidData.into())
    }

    /// Removes what a load test left in a Redis that is not its own.
    pub(crate) fn forget(&mut self, prefix: &str) -> Result<()> {
        let script =
            "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('UNLINK', key) end";
        self.ask(&format!("EVAL \"{script}\" 0 {prefix}*"))
            .map(drop)
    }

    /// One command in Redis' inline form; the answer if it is a text.
    fn ask(&mut self, command: &str) -> Result<String> {
        self.0
            .get_mut()
            .write_all(format!("{command}\r\n").as_bytes())?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let length = line
            .strip_prefix('$')
            .and_then(|length| length.trim_end().parse().ok());
        let mut text = vec![0; length.map_or(0, |length: usize| length + 2)];
        self.0.read_exact(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}
