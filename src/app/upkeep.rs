//! Builds the agents for housekeeping, and passes leases from the last run to this one.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::net::UnixListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::daemon::Daemon;
use super::redis::retry_at_start;
use super::shared::Shared;
use super::start_error::StartError;
use crate::config::{KeepHistory, Role};
use crate::data_dir::DataDir;
use crate::describe::describe;
use crate::flows::Flows;
use crate::health_socket;
use crate::history::{self, Archive};
use crate::ids::ProcessId;
use crate::service::kit::metrics::Metrics;
use crate::service::kit::readiness::Readiness;
use crate::service::kit::shared_reading::SharedReading;
use crate::service::kit::touched::Touched;
use crate::service::upkeep::archiver::{self, Archiver};
use crate::service::upkeep::history_keeper::{HistoryKeeper, NotKeeper, Replacing};
use crate::service::upkeep::history_watch::HistoryWatch;
use crate::service::upkeep::lookout::{Lookout, ToldAgents};
use crate::service::upkeep::recoverer::{Recoverer, release};
use crate::service::upkeep::reloader::{ReloadRequest, Reloader};
use crate::service::upkeep::sweeper::Sweeper;
use crate::service::upkeep::write_back::WriteBack;
use crate::store::{self, Bell, HistoryClaim, RedisServer, Store};

/// A new process id, unique among all processes that ever share a Redis.
pub(super) fn new_process_name() -> io::Result<ProcessId> {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(ProcessId::from_random(bytes))
}

/// Opens the socket that `waha-sm health` asks. Without it everything else works.
pub(super) fn health_socket() -> Option<UnixListener> {
    let bound = health_socket::bind().and_then(UnixListener::from_std);
    bound
        .inspect_err(|error| {
            warn!(
                %error,
                "can't open the socket for `waha-sm health`, which can't ask this process; is /proc mounted?"
            );
        })
        .ok()
}

pub(super) fn readiness(
    daemon: &Daemon,
    store: Store,
    history: Option<Arc<Metrics>>,
) -> Arc<Readiness> {
    Arc::new(Readiness {
        store,
        history,
        started: daemon.started.clone(),
        stopping: daemon.stopping.clone(),
        reading: SharedReading::default(),
    })
}

/// Releases the leases of the last run on this directory, and stores this process' id for the next run.
pub(super) async fn take_back(
    redis: &store::StoreConfig,
    data_dir: &DataDir,
    shared: &Shared,
) -> Result<(), StartError> {
    if let Some(last) = data_dir.last_process() {
        let released = retry_at_start(redis, async || release(&shared.store, &last).await).await?;
        let (conversations, lanes) = (released.conversations, released.lanes);
        if let Some(error) = released.error {
            warn!(
                %error,
                "could not release everything that the last run left unfinished; the rest continues after some seconds"
            );
        }
        if conversations + lanes > 0 {
            info!(
                conversations,
                lanes,
                "released the conversations and replies that the last run left unfinished, so that they continue now"
            );
        }
    }
    if let Err(error) = data_dir.set_process(&shared.process) {
        warn!(
            %error,
            "could not store this process's id in DATA_DIR; after a crash, its conversations continue only after some \
            seconds; check the disk and the permissions"
        );
    }
    Ok(())
}

pub(super) fn recoverer(shared: &Shared, workers: usize, heart: Store) -> Recoverer {
    Recoverer::new(
        shared.process.clone(),
        workers,
        heart,
        shared.pickup_latency.clone(),
        shared.lease.clone(),
        shared.duties.clone(),
    )
}

pub(super) fn write_back(shared: &Shared) -> WriteBack {
    WriteBack::new(shared.store.clone())
}

pub(super) fn lookout(
    shared: &Shared,
    bells: mpsc::UnboundedReceiver<Bell>,
    agents: ToldAgents,
) -> Lookout {
    Lookout {
        store: shared.store.clone(),
        duties: shared.duties.clone(),
        flows: shared.flows.clone(),
        bells,
        agents,
    }
}

pub(super) fn sweeper(shared: &Shared) -> Sweeper {
    Sweeper {
        store: shared.store.clone(),
    }
}

pub(super) fn reloader(
    flows: Arc<Flows>,
    store: Store,
    process: ProcessId,
    role: Role,
    warning_of_calls: Option<String>,
    requests: mpsc::UnboundedReceiver<ReloadRequest>,
) -> Reloader {
    Reloader {
        flows,
        store,
        process,
        label: process_label(role),
        warning_of_calls,
        requests,
    }
}

/// Identifies this process for a person who runs several, perhaps in containers.
fn process_label(role: Role) -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let (process, machine) = (std::process::id(), machine.trim());
    format!("{role} (process {process} on {machine})")
}

/// The history, open, and the right to write it.
pub(super) struct OpenHistory {
    path: PathBuf,
    archive: Archive,
    keeper: HistoryKeeper,
    store: Store,
}

impl OpenHistory {
    /// Opens the file, on a blocking thread because an upgrade of it may take a while, and asks for the right to write it.
    pub(super) async fn open(
        redis: &store::StoreConfig,
        store: Store,
        data_dir: &DataDir,
        process: &ProcessId,
        (role, keep): (Role, KeepHistory),
        back: &Handle,
    ) -> Result<Self, StartError> {
        let path = data_dir.path().join(history::FILE_NAME);
        let opening = {
            let (directory, path) = (data_dir.path().to_owned(), path.clone());
            back.spawn_blocking(move || {
                // Without it everything works, only the files for a moment are in another place.
                if let Err(error) = history::keep_temporary_files_in(&directory) {
                    warn!(error = %describe(&error), "SQLite can't put its temporary files into the data directory");
                }
                let mut archive = archiver::open(&path)?;
                let file = archive.file_id_now();
                Ok::<_, history::HistoryError>((archive, file))
            })
        };
        let (archive, file) = opening.await.map_err(io::Error::from)??;
        let replacing = match (&redis.server, keep) {
            (RedisServer::Private(_), _) => Replacing::Always,
            (_, KeepHistory::Here) => Replacing::AtStart,
            _ => Replacing::Never,
        };
        let is_known = file.is_some();
        let claim = HistoryClaim {
            file: file.unwrap_or_default(),
            process: process.clone(),
            place: data_dir.place(),
            label: format!(
                "{}, DATA_DIR {}",
                process_label(role),
                data_dir.path().display()
            ),
            may_replace: false,
        };
        let keeper = HistoryKeeper::new(store.clone(), claim, replacing);
        // If the file can't be opened now, the archiver asks when it can.
        if is_known {
            claim_at_start(redis, &keeper).await?;
        }
        Ok(Self {
            path,
            archive,
            keeper,
            store,
        })
    }

    pub(super) fn archiver(
        self,
        metrics: Arc<Metrics>,
        touched: Arc<Touched>,
        keep_for: Option<Duration>,
    ) -> Archiver {
        Archiver {
            store: self.store,
            archive: self.archive,
            path: self.path,
            keeper: Arc::new(self.keeper),
            metrics,
            touched,
            keep_for,
        }
    }
}

/// Asks for the right to write the history, and again if Redis fails meanwhile.
async fn claim_at_start(
    redis: &store::StoreConfig,
    keeper: &HistoryKeeper,
) -> Result<(), StartError> {
    let asked = retry_at_start(redis, async || match keeper.claim_at_start().await {
        Err(NotKeeper::Store(error)) => Err(error),
        answered => Ok(answered),
    });
    Ok(asked.await??)
}

pub(super) fn history_watch(store: Store, metrics: Arc<Metrics>) -> HistoryWatch {
    HistoryWatch { store, metrics }
}
