//! The recoverer is responsible for leases: it sends this process' heartbeat, and releases what dead processes held, so that
//! other processes continue it. Of the living processes, each releases what they held in the sessions that it looks after.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::clock::Millis;
use crate::ids::{ProcessId, SessionName};
use crate::service::kit::duties::Duties;
use crate::service::kit::lease::{Lease, SILENT_AFTER};
use crate::service::kit::pickup_latency::PickupLatency;
use crate::service::kit::session_rounds::{in_each, joined};
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::{Store, StoreError};

const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);
/// If a look at the processes takes longer, or comes this late after the one before, contact with Redis counts as interrupted.
const CONTACT_WITHIN: Duration = Duration::from_millis(1_500);
/// How often we also look for processes that hold something but are missing in the list of processes.
const THOROUGH_INTERVAL: Duration = Duration::from_secs(30);
/// A dead process is forgotten this long after it was found: each of the others has released its share by then. What is left, the
/// next thorough look finds.
const FORGET_AFTER: Duration = Duration::from_secs(10);

/// See the module.
pub struct Recoverer {
    process: ProcessId,
    workers: usize,
    store: Store,
    pickup_latency: Arc<PickupLatency>,
    lease: Arc<Lease>,
    duties: Arc<Duties>,
}

impl Recoverer {
    /// `workers` is published for the estimated wait. Each heartbeat renews `lease` and adds up `pickup_latency`. The living processes
    /// share the `duties`.
    pub fn new(
        process: ProcessId,
        workers: usize,
        store: Store,
        pickup_latency: Arc<PickupLatency>,
        lease: Arc<Lease>,
        duties: Arc<Duties>,
    ) -> Self {
        Self {
            process,
            workers,
            store,
            pickup_latency,
            lease,
            duties,
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
    pub async fn run(self, shutdown: CancellationToken) {
        let recovery = Recovery {
            process: self.process.clone(),
            store: self.store.clone(),
            duties: self.duties.clone(),
            store_errors: StoreErrorLog::default(),
            silent: HashMap::new(),
            unlisted: HashSet::new(),
            running: JoinSet::new(),
            last_look: None,
            contact_since: None,
        };
        // Apart, so that nothing delays a heartbeat: on a Cluster, another server than that of our heartbeat may not answer.
        tokio::join!(
            self.send_heartbeats(shutdown.clone()),
            self.add_up_latency(shutdown.clone()),
            recovery.run(shutdown),
        );
    }

    async fn send_heartbeats(&self, shutdown: CancellationToken) {
        let store_errors = StoreErrorLog::default();
        let mut tick = interval(HEARTBEAT_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = shutdown.cancelled() => return,
            }
            let begun = Instant::now();
            // Before it stops, others look after its sessions.
            let workers = match self.duties.is_leaving() {
                true => 0,
                false => self.workers,
            };
            let sent = self.store.heartbeat(&self.process, workers, SILENT_AFTER);
            match sent.await {
                Ok(alive) => self.lease.on_heartbeat(begun, alive),
                Err(error) => {
                    store_errors.log("could not send the heartbeat of this process", &error)
                }
            }
        }
    }

    async fn add_up_latency(&self, shutdown: CancellationToken) {
        let mut tick = interval(HEARTBEAT_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = shutdown.cancelled() => return,
            }
            if let Err(error) = self.pickup_latency.add_up(&self.store).await {
                debug!(%error, "could not add up how fast messages are picked up");
            }
        }
    }
}

/// Looks which processes are alive.
struct Recovery {
    process: ProcessId,
    store: Store,
    duties: Arc<Duties>,
    store_errors: StoreErrorLog,
    /// The processes without a heartbeat.
    silent: HashMap<ProcessId, SilentProcess>,
    /// Those of them that are missing in the list of processes: they were forgotten just when they woke up, took something, and died.
    unlisted: HashSet<ProcessId>,
    running: JoinSet<RecoveryDone>,
    last_look: Option<Instant>,
    /// Since when Redis has answered without an interruption; `None` if there was none. During an interruption no heartbeat
    /// arrives, but heartbeats still expire. So a process that seems silent right after one may be alive.
    contact_since: Option<Instant>,
}

/// A process without a heartbeat.
struct SilentProcess {
    since: Instant,
    release: ReleaseState,
}

#[derive(PartialEq, Eq)]
enum ReleaseState {
    /// It still holds something in our sessions, perhaps.
    Due,
    Running,
    Done,
}

/// The result of a task of the recovery.
enum RecoveryDone {
    /// A process held these in our sessions; those that could be released are.
    Released(ProcessId, Released),
    /// These processes hold something in our sessions, have no heartbeat, and may be missing in the list.
    Unlisted(Vec<ProcessId>),
}

impl Recovery {
    async fn run(mut self, shutdown: CancellationToken) {
        let mut tick = interval(HEARTBEAT_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut thorough = interval(THOROUGH_INTERVAL);
        thorough.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sharing = self.duties.changes();
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    if let Err(error) = self.look().await {
                        self.contact_since = Some(Instant::now());
                        self.store_errors.log("could not look which processes are alive", &error);
                    }
                }
                _ = thorough.tick() => {
                    let (store, duties) = (self.store.clone(), self.duties.clone());
                    self.running.spawn(async move {
                        RecoveryDone::Unlisted(silent_owners(&store, &duties).await)
                    });
                }
                // We may have sessions now that one of them did not release.
                Ok(()) = sharing.changed() => {
                    for silent in self.silent.values_mut() {
                        silent.release = ReleaseState::Due;
                    }
                }
                Some(done) = self.running.join_next() => {
                    if let Some(done) = joined(done) {
                        self.on_done(done);
                    }
                }
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Looks which processes are alive, and starts to release what silent ones hold.
    async fn look(&mut self) -> Result<(), StoreError> {
        let begun = Instant::now();
        let mut processes = self.store.processes().await?;
        for process in self.unlisted.clone() {
            if self.store.is_alive(&process).await? {
                self.unlisted.remove(&process);
            } else {
                processes.push((process, None));
            }
        }
        let is_late = self
            .last_look
            .is_some_and(|last| last.elapsed() > CONTACT_WITHIN);
        if is_late || begun.elapsed() > CONTACT_WITHIN {
            self.contact_since = Some(Instant::now());
        }
        self.last_look = Some(Instant::now());
        if self
            .contact_since
            .is_some_and(|since| since.elapsed() < SILENT_AFTER)
        {
            self.silent.clear();
            return Ok(());
        }
        let sharing = processes
            .iter()
            .filter(|(_, workers)| workers.is_some_and(|workers| workers > 0));
        self.duties
            .share(sharing.map(|(process, _)| process.clone()));
        let silent = processes
            .into_iter()
            .filter(|(process, workers)| workers.is_none() && *process != self.process);
        let silent: HashSet<ProcessId> = silent.map(|(process, _)| process).collect();
        self.silent.retain(|process, _| silent.contains(process));
        for process in silent {
            let Some(known) = self.silent.get_mut(&process) else {
                // Only a process that was silent in the last look too: one that was suspended and is back needs a moment for its
                // next heartbeat.
                let silent = SilentProcess {
                    since: Instant::now(),
                    release: ReleaseState::Due,
                };
                self.silent.insert(process, silent);
                continue;
            };
            let since = known.since;
            match known.release {
                ReleaseState::Due => {
                    known.release = ReleaseState::Running;
                    let (store, duties) = (self.store.clone(), self.duties.clone());
                    self.running.spawn(release_share(store, duties, process));
                }
                ReleaseState::Done if since.elapsed() > FORGET_AFTER => {
                    self.store.forget_process(&process).await?;
                    self.unlisted.remove(&process);
                }
                ReleaseState::Running | ReleaseState::Done => {}
            }
        }
        Ok(())
    }

    fn on_done(&mut self, done: RecoveryDone) {
        match done {
            RecoveryDone::Unlisted(processes) => {
                let others = processes.into_iter().filter(|one| *one != self.process);
                self.unlisted.extend(others);
            }
            RecoveryDone::Released(process, released) => {
                let (conversations, lanes) = (released.conversations, released.lanes);
                if conversations + lanes > 0 {
                    warn!(
                        %process,
                        conversations, lanes, "a process fell silent (it died, or stalled); other processes continue its \
                        conversations and replies"
                    );
                }
                if let Some(silent) = self.silent.get_mut(&process)
                    && silent.release == ReleaseState::Running
                {
                    silent.release = match released.error {
                        Some(_) => ReleaseState::Due,
                        None => ReleaseState::Done,
                    };
                }
                if let Some(error) = &released.error {
                    let what = "could not release what a silent process holds";
                    self.store_errors.log(what, error);
                }
            }
        }
    }
}

/// Releases what `process` holds in the sessions that this process looks after.
async fn release_share(store: Store, duties: Arc<Duties>, process: ProcessId) -> RecoveryDone {
    let released = match store.busy_sessions().await {
        Ok(sessions) => {
            let ours = sessions
                .into_iter()
                .filter(|session| duties.is_ours(session));
            release_in(&store, ours, &process).await
        }
        Err(error) => Released {
            error: Some(error),
            ..Released::default()
        },
    };
    RecoveryDone::Released(process, released)
}

/// The processes that hold something in our sessions and have no heartbeat. Where it can't tell, the next look does.
async fn silent_owners(store: &Store, duties: &Duties) -> Vec<ProcessId> {
    let sessions = store.busy_sessions().await.unwrap_or_default();
    let ours = sessions
        .into_iter()
        .filter(|session| duties.is_ours(session));
    let reading = in_each(ours, |session| {
        let store = store.clone();
        async move { store.owners(&session).await }
    });
    let read = reading.await.into_iter();
    let owners: HashSet<ProcessId> = read
        .filter_map(|(_, owners)| owners.ok())
        .flatten()
        .collect();
    let mut silent = Vec::new();
    for owner in owners {
        if let Ok(false) = store.is_alive(&owner).await {
            silent.push(owner);
        }
    }
    silent
}

/// The conversations and lanes that were released.
#[derive(Debug, Default)]
pub struct Released {
    /// How many conversations.
    pub conversations: u64,
    /// How many lanes.
    pub lanes: u64,
    /// The first error. It ended nothing for the other sessions.
    pub error: Option<StoreError>,
}

/// Releases everything that `process` holds in these sessions.
async fn release_in(
    store: &Store,
    sessions: impl IntoIterator<Item = SessionName>,
    process: &ProcessId,
) -> Released {
    let releasing = in_each(sessions, |session| {
        let (store, process) = (store.clone(), process.clone());
        async move { store.release(&session, &process, Millis::now()).await }
    });
    let mut all = Released::default();
    for (session, released) in releasing.await {
        match released {
            Ok((conversations, lanes)) => {
                all.conversations += conversations;
                all.lanes += lanes;
            }
            Err(error) => {
                debug!(%session, %process, %error, "could not release what a process holds in this session");
                all.error.get_or_insert(error);
            }
        }
    }
    all
}

/// Releases everything that `process` holds, in all sessions, and forgets it if nothing is left. The process must be dead or finished.
///
/// # Errors
/// The store's, if it can't tell which sessions there are. An error of one session is in the answer; the next call releases the rest.
pub async fn release(store: &Store, process: &ProcessId) -> Result<Released, StoreError> {
    let sessions = store.busy_sessions().await?;
    let released = release_in(store, sessions, process).await;
    if released.error.is_none() {
        store.forget_process(process).await?;
    }
    Ok(released)
}
