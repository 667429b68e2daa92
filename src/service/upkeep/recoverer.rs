//! The recoverer is responsible for leases: it sends this process' heartbeat, and releases what dead processes held, so that
//! other processes continue it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::clock::Millis;
use crate::ids::ProcessId;
use crate::service::kit::lease::{Lease, SILENT_AFTER};
use crate::service::kit::pickup_latency::PickupLatency;
use crate::service::kit::session_pages::SessionPages;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::{Store, StoreError};

const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);
/// If a round takes longer, or comes this late after the one before, contact with Redis counts as interrupted.
const CONTACT_WITHIN: Duration = Duration::from_millis(1_500);
/// Every N rounds, also look for processes that hold something but are missing in the list of processes.
const THOROUGH_ROUNDS: u64 = 20;

/// See the module.
pub struct Recoverer {
    process: ProcessId,
    workers: usize,
    store: Store,
    pickup_latency: Arc<PickupLatency>,
    lease: Arc<Lease>,
    store_errors: StoreErrorLog,
    rounds: u64,
    pages: SessionPages,
    last_round: Option<Instant>,
    /// The processes that were silent in the last round.
    suspects: HashSet<ProcessId>,
    /// Since when Redis has answered without an interruption; `None` if there was none. During an interruption no heartbeat
    /// arrives, but heartbeats still expire. So a process that seems silent right after one may be alive.
    contact_since: Option<Instant>,
}

impl Recoverer {
    /// `workers` is published for the estimated wait. Each heartbeat renews `lease` and adds up `pickup_latency`.
    pub fn new(
        process: ProcessId,
        workers: usize,
        store: Store,
        pickup_latency: Arc<PickupLatency>,
        lease: Arc<Lease>,
    ) -> Self {
        Self {
            process,
            workers,
            store,
            pickup_latency,
            lease,
            store_errors: StoreErrorLog::default(),
            rounds: 0,
            pages: SessionPages::default(),
            last_round: None,
            suspects: HashSet::new(),
            contact_since: None,
        }
    }

    /// Sends the first heartbeat. The process must not take a lease before.
    ///
    /// # Errors
    /// The store's.
    pub async fn announce(&self) -> Result<(), StoreError> {
        self.store
            .heartbeat(&self.process, self.workers, SILENT_AFTER)
            .await
            .map(drop)
    }

    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut tick = interval(HEARTBEAT_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = shutdown.cancelled() => return,
            }
            if let Err(error) = self.run_once().await {
                self.contact_since = Some(Instant::now());
                self.store_errors
                    .log("could not send the heartbeat of this process", &error);
            }
        }
    }

    /// Sends one heartbeat, and releases what silent processes hold. Returns these processes.
    ///
    /// # Errors
    /// The store's.
    pub async fn run_once(&mut self) -> Result<Vec<ProcessId>, StoreError> {
        let begun = Instant::now();
        let alive = self
            .store
            .heartbeat(&self.process, self.workers, SILENT_AFTER)
            .await?;
        self.lease.on_heartbeat(begun, alive);
        if let Err(error) = self.pickup_latency.add_up(&self.store).await {
            // Only a metric: it must not keep us from releasing what dead processes hold.
            debug!(%error, "could not add up how fast messages are picked up");
        }
        self.rounds += 1;
        let mut silent = self.store.silent_processes().await?;
        if self.rounds.is_multiple_of(THOROUGH_ROUNDS) {
            let sessions = self.pages.next(&self.store).await?;
            silent.extend(self.store.unlisted_owners(&sessions).await?);
        }
        if self
            .last_round
            .is_some_and(|last| last.elapsed() > CONTACT_WITHIN)
            || begun.elapsed() > CONTACT_WITHIN
        {
            self.contact_since = Some(Instant::now());
        }
        self.last_round = Some(Instant::now());
        if self
            .contact_since
            .is_some_and(|since| since.elapsed() < SILENT_AFTER)
        {
            self.suspects.clear();
            return Ok(Vec::new());
        }
        // Only processes that were silent in the last round too: one that was suspended and is back needs a moment for its
        // next heartbeat.
        let suspects = std::mem::replace(&mut self.suspects, silent.iter().cloned().collect());
        silent.retain(|process| suspects.contains(process));
        for process in &silent {
            let (conversations, lanes) = release(&self.store, process).await?;
            if conversations + lanes > 0 {
                warn!(
                    %process,
                    conversations, lanes, "a process fell silent (it died, or stalled); other processes continue its \
                    conversations and replies"
                );
            }
        }
        Ok(silent)
    }
}

/// Releases everything that `process` holds, in all sessions. The process must be dead or finished. Returns how many
/// conversations and how many lanes.
///
/// # Errors
/// The store's. The next call releases the rest.
pub async fn release(store: &Store, process: &ProcessId) -> Result<(u64, u64), StoreError> {
    let (mut conversations, mut lanes) = (0, 0);
    for session in store.busy_sessions().await? {
        let released = store.release(&session, process, Millis::now()).await?;
        conversations += released.0;
        lanes += released.1;
    }
    store.forget_process(process).await?;
    Ok((conversations, lanes))
}
