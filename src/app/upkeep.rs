//! Builds the agents for housekeeping, and passes leases from the last run to this one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::redis::retry_at_start;
use super::shared::Shared;
use super::start_error::StartError;
use crate::config::Role;
use crate::data_dir::DataDir;
use crate::flows::Flows;
use crate::history::Archive;
use crate::ids::ProcessId;
use crate::service::kit::metrics::Metrics;
use crate::service::kit::touched::Touched;
use crate::service::upkeep::archiver::{self, Archiver};
use crate::service::upkeep::recoverer::{Recoverer, release};
use crate::service::upkeep::reloader::{ReloadRequest, Reloader};
use crate::service::upkeep::sweeper::Sweeper;
use crate::service::upkeep::write_back::WriteBack;
use crate::store::{self, Store};

/// A new process id, unique among all processes that ever share a Redis.
pub(super) fn new_process_name() -> io::Result<ProcessId> {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(ProcessId::from_random(bytes))
}

/// Releases the leases of the last run on this directory, and stores this process' id for the next run.
pub(super) async fn take_back(
    redis: &store::StoreConfig,
    data_dir: &DataDir,
    shared: &Shared,
) -> Result<(), StartError> {
    if let Some(last) = data_dir.last_process() {
        let (conversations, lanes) =
            retry_at_start(redis, async || release(&shared.store, &last).await).await?;
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
    )
}

pub(super) fn write_back(shared: &Shared) -> WriteBack {
    WriteBack::new(shared.store.clone())
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

/// Opens the history on a blocking thread, because an upgrade of the file may take a while.
pub(super) async fn open_archive(path: &Path, back: &Handle) -> Result<Archive, StartError> {
    let path = path.to_owned();
    let opening = back.spawn_blocking(move || archiver::open(&path));
    Ok(opening.await.map_err(io::Error::from)??)
}

pub(super) fn archiver(
    store: Store,
    archive: Archive,
    path: PathBuf,
    metrics: Arc<Metrics>,
    touched: Arc<Touched>,
) -> Archiver {
    Archiver {
        store,
        archive,
        path,
        metrics,
        touched,
    }
}
