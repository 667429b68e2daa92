//! The recoverer is responsible for leases: it sends the heartbeat of this process, and takes back what dead processes
//! held, so that others continue it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::clock;
use crate::ids::ProcessId;
use crate::service::kit::lease::{Lease, SILENT_AFTER};
use crate::service::kit::pickup_latency::PickupLatency;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::{Store, StoreError};

const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);
/// A round that took longer, or came so late, was no contact with Redis.
const CONTACT_WITHIN: Duration = Duration::from_millis(1_500);
/// Every N rounds, also look for processes that hold something and are on no list.
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
    last_round: Option<Instant>,
    /// Silent in the last round.
    suspects: HashSet<ProcessId>,
    /// Since when Redis has answered without a break, if there was one. While it was away, nobody's heartbeat came
    /// through, and the expiry of heartbeats went on: nobody is judged by that.
    contact_since: Option<Instant>,
}

impl Recoverer {
    /// `workers` are counted for the estimated wait; `pickup_latency` is added up with each heartbeat; `lease` is told
    /// of each.
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
            last_round: None,
            suspects: HashSet::new(),
            contact_since: None,
        }
    }

    /// Sends the first heartbeat; needed before the process takes its first lease.
    ///
    /// # Errors
    /// As the store's.
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

    /// One heartbeat, and a look at the others'. Returns which processes had fallen silent.
    ///
    /// # Errors
    /// As the store's.
    pub async fn run_once(&mut self) -> Result<Vec<ProcessId>, StoreError> {
        let begun = Instant::now();
        let alive = self
            .store
            .heartbeat(&self.process, self.workers, SILENT_AFTER)
            .await?;
        self.lease.renewed(begun, alive);
        self.pickup_latency.add_up(&self.store).await?;
        self.rounds += 1;
        let mut silent = self.store.silent_processes().await?;
        if self.rounds.is_multiple_of(THOROUGH_ROUNDS) {
            silent.extend(self.store.unlisted_owners().await?);
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
        // One that was stopped for a while and is back needs a moment for its next heartbeat.
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

/// Takes back everything that `process` holds, in all sessions: it is known to be dead, or done. Returns how many
/// conversations and how many lanes.
///
/// # Errors
/// As the store's; what was not taken back is at the next call.
pub async fn release(store: &Store, process: &ProcessId) -> Result<(u64, u64), StoreError> {
    let (mut conversations, mut lanes) = (0, 0);
    for session in store.sessions().await? {
        let released = store.release(&session, process, clock::now()).await?;
        conversations += released.0;
        lanes += released.1;
    }
    store.forget_process(process).await?;
    Ok((conversations, lanes))
}
