//! What runs, and the order in which it stops.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::start_error::StartError;
use crate::data_dir::{DataDir, DataDirError};
use crate::ids::ProcessId;
use crate::runtime::{ReloadSignals, Signals};
use crate::service::upkeep::recoverer::{Released, release};
use crate::store::{PrivateRedis, Store};

/// The limit for the whole stop. Supervisors kill after ten seconds.
const STOP_TIMEOUT: Duration = Duration::from_millis(9_500);

/// Leases are released before this stage stops, because it archives what that writes.
pub(super) const ARCHIVER: &str = "archiver";

/// What runs, and what to close at the end.
#[derive(Default)]
pub(super) struct Daemon {
    pub(super) started: CancellationToken,
    pub(super) stopping: CancellationToken,
    /// Cancelled if a stage panics: the rest can't work without it.
    panicked: CancellationToken,
    /// In the order in which they stop, producers first. Each stage has ended before the next one stops.
    stages: Vec<DaemonStage>,
    listeners: Vec<AbortHandle>,
    pub(super) stores: Vec<Store>,
    /// The process that holds leases, and the store that has them. They are released when no agent uses them any more.
    pub(super) leases: Option<(ProcessId, Store)>,
    pub(super) private_redis: Option<PrivateRedis>,
    /// The last field, so that the lock is released after everything else has stopped.
    data_dir: Option<Arc<DataDir>>,
}

/// A task, and how to stop it.
struct DaemonStage {
    name: &'static str,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

/// Cancels its token if it is dropped by a panic.
struct PanicAlarm(CancellationToken);

impl Drop for PanicAlarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.cancel();
        }
    }
}

impl Daemon {
    /// Starts, waits for a signal or a panic, and stops.
    pub(super) async fn run(
        start: impl AsyncFnOnce(&mut Self, ReloadSignals) -> Result<(), StartError>,
    ) -> Result<(), StartError> {
        // First of all, so that no signal is missed.
        let mut signals = Signals::new()?;
        let reload_signals = ReloadSignals::new()?;
        let mut daemon = Self::default();
        let result = tokio::select! {
            started = start(&mut daemon, reload_signals) => match started {
                Ok(()) => tokio::select! {
                    () = signals.next() => Ok(()),
                    () = daemon.panicked.cancelled() => Err(StartError::Panicked),
                },
                Err(error) => Err(error),
            },
            () = signals.next() => Ok(()),
        };
        if result.is_ok() {
            info!("stopping; a second signal stops at once");
        }
        daemon.stopping.cancel();
        // Also if the start failed half-way, so that nothing keeps running.
        tokio::select! {
            () = daemon.stop() => {}
            () = tokio::time::sleep(STOP_TIMEOUT) => {
                warn!("not everything stopped in time; nothing is lost: the work continues at the next start");
            }
            () = signals.next() => warn!("stopped at once; nothing is lost: the work continues at the next start"),
        }
        result.inspect(|()| info!("stopped"))
    }

    /// Locks the data directory for as long as the daemon runs.
    pub(super) fn take_data_dir(&mut self, path: &Path) -> Result<Arc<DataDir>, DataDirError> {
        let data_dir = Arc::new(DataDir::take(path)?);
        self.data_dir = Some(data_dir.clone());
        Ok(data_dir)
    }

    /// Starts the next stage. It stops after the stages that were started before it.
    pub(super) fn stage<Run>(
        &mut self,
        runtime: &Handle,
        name: &'static str,
        start: impl FnOnce(CancellationToken) -> Run,
    ) where
        Run: Future<Output = ()> + Send + 'static,
    {
        let shutdown = CancellationToken::new();
        let running = start(shutdown.clone());
        let alarm = PanicAlarm(self.panicked.clone());
        let task = runtime.spawn(async move {
            // Moved into the task, so that a panic drops it.
            let _alarm = alarm;
            running.await;
        });
        self.stages.push(DaemonStage {
            name,
            shutdown,
            task,
        });
    }

    /// Keeps a task that passes bells or signals to agents until everything has stopped. The agents can't work without it: if
    /// it panics, the daemon stops.
    pub(super) fn listener(&mut self, task: JoinHandle<()>) {
        self.listeners.push(task.abort_handle());
        let panicked = self.panicked.clone();
        tokio::spawn(async move {
            if task.await.is_err_and(|error| error.is_panic()) {
                panicked.cancel();
            }
        });
    }

    /// Stops the stages in order: the listener and the other producers, the dispatcher (current steps finish), the sender
    /// (up to a deadline), the heartbeat. Then the remaining leases are released. Then the archiver (last flush), the
    /// connections and the private Redis stop.
    async fn stop(mut self) {
        let mut leases = self.leases.take();
        for stage in self.stages {
            if stage.name == ARCHIVER {
                release_leases(leases.take()).await;
            }
            stage.shutdown.cancel();
            if let Err(error) = stage.task.await {
                error!(
                    stage = stage.name,
                    %error,
                    "a part of the daemon crashed (see `stage`); the lines above that say `panicked at` say why"
                );
            }
        }
        release_leases(leases).await;
        self.listeners.iter().for_each(AbortHandle::abort);
        for store in &self.stores {
            store.close().await;
        }
        if let Some(private_redis) = self.private_redis
            && let Err(error) = private_redis.stop().await
        {
            warn!(%error, "the private Redis did not stop in time; it may still be writing, and the next start uses it");
        }
    }
}

/// Releases what is still held, for other processes or for the next start.
async fn release_leases(leases: Option<(ProcessId, Store)>) {
    let Some((process, store)) = leases else {
        return;
    };
    match release(&store, &process).await {
        Ok(Released {
            conversations,
            lanes,
            error: None,
        }) => info!(
            conversations,
            lanes, "released this process's conversations and replies"
        ),
        Ok(Released {
            error: Some(error), ..
        })
        | Err(error) => warn!(
            %error,
            "could not release this process's conversations and replies; other processes take over within seconds, \
            else the next start does"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stage_that_panics_is_noticed_and_one_that_ends_is_not() {
        let mut daemon = Daemon::default();
        let here = Handle::current();
        daemon.stage(&here, "ends", |_| async {});
        daemon.stages.remove(0).task.await.unwrap();
        assert!(!daemon.panicked.is_cancelled());
        daemon.stage(&here, "panics", |_| async { panic!("on purpose") });
        assert!(daemon.stages.remove(0).task.await.is_err());
        assert!(daemon.panicked.is_cancelled());
    }

    #[tokio::test]
    async fn a_listener_that_panics_is_noticed() {
        let mut daemon = Daemon::default();
        daemon.listener(tokio::spawn(async {}));
        daemon.listener(tokio::spawn(async { panic!("on purpose") }));
        daemon.panicked.cancelled().await;
    }
}
