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

/// Longer than the daemon allows itself.
const STOP_PATIENCE: Duration = Duration::from_secs(12);
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// From then on a process' memory is compared with what it has at its end.
const WARM_AFTER: Duration = Duration::from_secs(5);

/// One `waha-sm`, which may be dead at the moment.
pub(crate) struct Process {
    pub(crate) name: String,
    role: &'static str,
    settings: Vec<(&'static str, String)>,
    place: PathBuf,
    child: Option<(Child, Instant)>,
    /// Of the incarnation that lives: when it was warm.
    warm: Option<Usage>,
    /// Of the one that lived longest.
    memory: Option<Memory>,
    /// How those ended that were not killed.
    pub(crate) ended_by_itself: Vec<String>,
}

/// How one process' memory grew.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) warm_mb: f64,
    pub(crate) last_mb: f64,
    /// Between the two.
    pub(crate) time: Duration,
}

impl Process {
    /// Not started yet. Its data and its log are in `place`.
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
            warm: None,
            memory: None,
            ended_by_itself: Vec::new(),
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.place.join(format!("data-{}", self.name))
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.place.join(format!("{}.log", self.name))
    }

    /// Starts it, also again, on the same data; does not wait for anything.
    pub(crate) fn start(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let child = daemon::program(self.role)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env("DATA_DIR", self.data())
            // Ends with us, whatever ends us; the files stay, for whoever looks for the reason.
            .env(daemon::PLACE, self.place.join("nothing"))
            .stdin(Stdio::piped())
            .process_group(0)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.child = Some((child, Instant::now()));
        self.warm = None;
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

    /// Starts it again if it ended by itself, as any supervisor does, and notes its memory.
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

    /// SIGTERM; whether it ended well and in time.
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

    /// How its memory grew, in the longest time that it lived without a kill.
    pub(crate) fn memory(&self) -> Option<Memory> {
        self.memory
    }

    fn weigh(&mut self) {
        let Some((child, since)) = &self.child else {
            return;
        };
        let Some(time) = since.elapsed().checked_sub(WARM_AFTER) else {
            return;
        };
        let now = Usage::of(&child.id().to_string());
        let warm = *self.warm.get_or_insert(now);
        if now.resident_mb > 0.0 && self.memory.is_none_or(|memory| memory.time <= time) {
            self.memory = Some(Memory {
                warm_mb: warm.resident_mb,
                last_mb: now.resident_mb,
                time,
            });
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
