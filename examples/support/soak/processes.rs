//! The daemons of a soak: real processes that are killed, frozen and started again, and their memory.

use std::fs::File;
use std::io::Result;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::daemon;
use crate::usage::Usage;

/// Longer than the daemon's own deadline.
const STOP_PATIENCE: Duration = Duration::from_secs(12);
const POLL_INTERVAL: Duration = Duration::from_millis(5);
const WEIGH_INTERVAL: Duration = Duration::from_secs(1);
/// A process is warm after this part of its life; the report shows how much its memory grew since then.
const WARM_UP: u32 = 3;
/// Processes with a shorter life are not counted.
const LIFE_MIN: Duration = Duration::from_secs(6);

/// One `waha-sm`, which may be dead at the moment.
pub(crate) struct Process {
    pub(crate) name: String,
    role: &'static str,
    settings: Vec<(&'static str, String)>,
    place: PathBuf,
    child: Option<(Child, Instant)>,
    /// Memory of the current run, in MiB, by its age.
    weights: Vec<(Duration, f64)>,
    /// The same for the longest run.
    longest: Vec<(Duration, f64)>,
    /// How the runs ended that were not killed.
    pub(crate) ended_by_itself: Vec<String>,
}

/// How one process' memory grew.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    /// Its memory when it was warm.
    pub(crate) warm_mb: f64,
    pub(crate) last_mb: f64,
    /// Its age at the last measurement.
    pub(crate) life: Duration,
}

impl Process {
    /// It is not started yet. Its data and its log are in `place`.
    pub(crate) fn new(
        name: &str,
        role: &'static str,
        place: &Path,
        settings: Vec<(&'static str, String)>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            role,
            settings,
            place: place.to_owned(),
            child: None,
            weights: Vec::new(),
            longest: Vec::new(),
            ended_by_itself: Vec::new(),
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.place.join(format!("data-{}", self.name))
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.place.join(format!("{}.log", self.name))
    }

    /// Starts or restarts it on the same data, and does not wait.
    pub(crate) fn start(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let child = daemon::program(self.role)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env("DATA_DIR", self.data())
            // It ends when we end, for any reason. The files stay, so that the reason can be found.
            .env(daemon::PLACE, self.place.join("nothing"))
            .stdin(Stdio::piped())
            .process_group(0)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.child = Some((child, Instant::now()));
        self.weights.clear();
        Ok(())
    }

    /// kill -9, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.weigh();
        if let Some((mut child, _)) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// SIGSTOP, or SIGCONT.
    pub(crate) fn freeze(&self, frozen: bool) -> Result<()> {
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        match &self.child {
            Some((child, _)) => Ok(kill_process(Pid::from_child(child), signal)?),
            None => Ok(()),
        }
    }

    /// Restarts it if it ended by itself, like a supervisor, and records its memory.
    pub(crate) fn supervise(&mut self) -> Result<()> {
        self.weigh();
        if let Some((child, _)) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            self.ended_by_itself.push(status.to_string());
            self.start()?;
        }
        Ok(())
    }

    /// Sends SIGTERM. Returns whether it ended successfully and in time.
    pub(crate) fn stop(&mut self) -> Result<bool> {
        self.weigh();
        let Some((mut child, _)) = self.child.take() else {
            return Ok(true);
        };
        kill_process(Pid::from_child(&child), Signal::TERM)?;
        let deadline = Instant::now() + STOP_PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        child.kill()?;
        child.wait()?;
        Ok(false)
    }

    /// How its memory grew in its longest run.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let (life, last_mb) = *self.longest.last().filter(|(life, _)| *life >= LIFE_MIN)?;
        let warm = self.longest.iter().find(|(age, _)| *age >= life / WARM_UP);
        Some(Memory {
            warm_mb: warm?.1,
            last_mb,
            life,
        })
    }

    fn weigh(&mut self) {
        let Some((child, since)) = &self.child else {
            return;
        };
        let age = since.elapsed();
        let last = self.weights.last().map_or(Duration::ZERO, |(age, _)| *age);
        if age < last + WEIGH_INTERVAL {
            return;
        }
        let now = Usage::of(&child.id().to_string()).resident_mb;
        // It is 0 if the process has just ended.
        if now > 0.0 {
            self.weights.push((age, now));
        }
        if self.weights.len() >= self.longest.len() {
            self.longest.clone_from(&self.weights);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
