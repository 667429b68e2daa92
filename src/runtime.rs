//! What the daemon asks of the operating system: two runtimes, open files, and signals.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::warn;

/// Blocking threads call ureq and rusqlite, which need little stack. In a debug build, taking an event needs more than half of this.
const STACK: usize = 1024 * 1024;
/// Open files besides the connections to us: connections to WAHA and Redis, the history, the log, the runtimes' own.
const FILES_SPARE: usize = 256;

/// A runtime whose threads run at `niceness` (-20 to 19, default 0), with up to `blocking` threads for calls
/// that block.
///
/// The daemon has two of them, the listener's and the work's, because webhooks must be answered under any load. With
/// one runtime instead (five pairs of runs on two cores, median): webhooks answered per second in a closed loop 11,600 -> 6,100, and
/// the slowest hundredth of webhooks 1.5 -> 2.6 ms at 200 a second, 2.6 -> 3.8 ms at 1,000.
///
/// # Errors
/// The operating system refused a thread.
pub(crate) fn start(name: &str, niceness: Option<i32>, blocking: usize) -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builder = Builder::new_multi_thread();
    builder
        .thread_name(name)
        // Half of the cores each: a thread that finds its work in its own queue wakes no other.
        .worker_threads((cores / 2).max(1))
        .enable_all()
        .max_blocking_threads(blocking)
        .thread_stack_size(STACK);
    if let Some(niceness) = niceness {
        builder.on_thread_start(move || {
            // On Linux this is the calling thread's own priority. If it is refused, everything still works, only less evenly.
            let _ = rustix::process::setpriority_process(None, niceness);
        });
    }
    builder.build()
}

/// Raises the limit of open files as far as we may, and warns if that is too low for so many connections. The soft limit is only
/// low for programs that use select(2), and ours does not.
pub(crate) fn allow_open_files(connections: usize) {
    let needed = connections + FILES_SPARE;
    let Rlimit { maximum, current } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // If it is refused, the present limit must be enough.
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    if allowed.is_some_and(|allowed| allowed < needed as u64) {
        warn!(
            allowed,
            needed,
            "too few open files are allowed: when many webhooks come at once, some have to wait; raise the hard limit \
             (ulimit -Hn, LimitNOFILE= in systemd, --ulimit nofile= in Docker)"
        );
    }
}

/// SIGHUP, from now on: load the flows again.
pub(crate) struct Hangups(Signal);

impl Hangups {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for the next one; `None` if no more can come.
    pub(crate) async fn next(&mut self) -> Option<()> {
        self.0.recv().await
    }
}

/// SIGTERM and SIGINT, from now on.
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
