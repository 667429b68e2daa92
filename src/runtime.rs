//! What the daemon needs from the operating system: two runtimes, open files, private files, and signals.

use std::io;
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::warn;

/// Blocking threads call ureq and rusqlite, which need little stack. In a debug build, handling an event needs half a megabyte,
/// and the console's checkup has needed more than one.
const STACK: usize = if cfg!(debug_assertions) {
    4 << 20
} else {
    1 << 20
};
/// Open files in addition to webhook connections: connections to WAHA and Redis, the history, the log, the runtimes' files.
const FILES_SPARE: usize = 256;
/// Enough for a WAHA, however few files are allowed.
const CONNECTIONS_MIN: usize = 64;

/// A runtime whose threads run at `niceness` (-20 to 19, default 0), with up to `blocking` threads for calls that block.
///
/// The daemon has two of them, one for the listener and one for the work, because webhooks must be answered under any load.
/// A test with only one (median of five pairs of runs on two cores): webhooks answered per second in a closed loop went from
/// 11,600 to 6,100; the slowest hundredth of webhooks took 2.6 instead of 1.5 ms at 200 a second, and 3.8 instead of 2.6 ms
/// at 1,000 a second.
///
/// # Errors
/// If the operating system refuses a thread.
pub(crate) fn start(name: &str, niceness: Option<i32>, blocking: usize) -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builder = Builder::new_multi_thread();
    builder
        .thread_name(name)
        // Each runtime gets half of the cores: with fewer threads, more work is in a thread's own queue and wakes no other.
        .worker_threads((cores / 2).max(1))
        .enable_all()
        .max_blocking_threads(blocking)
        .thread_stack_size(STACK);
    if let Some(niceness) = niceness {
        builder.on_thread_start(move || {
            // On Linux this sets the calling thread's priority. If it is refused, everything still works, but less evenly.
            let _ = rustix::process::setpriority_process(None, niceness);
        });
    }
    builder.build()
}

/// Closes all files that this process and its children make from now on to other users. Call it before any thread starts.
pub(crate) fn keep_new_files_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// How many files a process may have to open that takes this many connections.
pub(crate) fn open_files_needed(connections: usize) -> usize {
    connections + FILES_SPARE
}

/// Whether this process runs in a container.
pub(crate) fn in_container() -> bool {
    let marks = ["/.dockerenv", "/run/.containerenv"];
    marks.iter().any(|mark| Path::new(mark).exists())
        || std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}

/// How many bytes of memory there are, below `root`: those of the machine, or of the container.
pub(crate) fn memory(root: &Path) -> Option<u64> {
    let info = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let total = info
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = total.trim().trim_end_matches("kB").trim().parse().ok()?;
    let limit = std::fs::read_to_string(root.join("sys/fs/cgroup/memory.max")).ok();
    let limit = limit.and_then(|limit| limit.trim().parse().ok());
    Some(
        kilobytes
            .saturating_mul(1024)
            .min(limit.unwrap_or(u64::MAX)),
    )
}

/// Raises the limit of open files as far as allowed, and warns if it is too low for this many connections. Returns how many it
/// is enough for. The soft limit is low only for programs that use select(2), and we don't use it.
pub(crate) fn allow_open_files(connections: usize) -> usize {
    let needed = open_files_needed(connections);
    let Rlimit { maximum, current } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // If it is refused, the current limit must be enough.
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    if allowed.is_some_and(|allowed| allowed < needed as u64) {
        warn!(
            allowed,
            needed,
            "too few open files are allowed: when many webhooks come at once, some must be sent again; raise the hard \
             limit (ulimit -Hn, LimitNOFILE= in systemd, --ulimit nofile= in Docker)"
        );
    }
    let allowed = allowed.and_then(|allowed| usize::try_from(allowed).ok());
    allowed.map_or(connections, |allowed| {
        allowed
            .saturating_sub(FILES_SPARE)
            .clamp(CONNECTIONS_MIN, connections)
    })
}

/// Receives SIGHUP from now on: a request to reload the flows.
pub(crate) struct ReloadSignals(Signal);

impl ReloadSignals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for the next one; `None` if there can't be another.
    pub(crate) async fn next(&mut self) -> Option<()> {
        self.0.recv().await
    }
}

/// Receives SIGTERM and SIGINT from now on.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
