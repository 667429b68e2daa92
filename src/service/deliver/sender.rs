//! The sender is responsible for the lanes: it takes those that are due and sends their replies until WAHA has accepted
//! them. The replies of one chat leave in order, one at a time; many chats are served at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::service::deliver::delivery::deliver;
use crate::service::deliver::send_context::SendContext;
use crate::service::kit::session_pages::SessionPages;
use crate::service::kit::session_queue::SessionQueue;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::service::owner::session_status;
use crate::service::owner::session_status::{NOT_FOUND, WORKING};
use crate::store::{Bell, Lane, StoreError, TakenLanes, Verdict};
use crate::waha::client::SendError;

/// If a bell was lost, the lane is found after this time at the latest. It is also the precision of retries.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How many lanes a process may hold at once: more than a busy process has conversations, because most lanes are typing.
const LANES_MAX: usize = 16_384;
/// How many lanes one call takes. This limits how long the call blocks Redis.
const TAKE_MAX: usize = 100;
/// Longer than the store lets any command take.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(6);
/// How often WAHA is asked about a session that could not send.
const PROBE_INTERVAL: Duration = Duration::from_secs(3);
/// How many paused sessions one poll asks WAHA about. The others are asked about in a later one.
const PROBES_MAX: usize = 16;
/// When we stop, running requests may finish within this time. WAHA may take up to 15 s, which is too long for a stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(4);

/// See the module.
pub struct Sender {
    /// What all deliveries share.
    pub context: SendContext,
    /// [`Bell::Lanes`] from Redis and from this process' own conversations.
    pub bells: mpsc::UnboundedReceiver<Bell>,
}

/// A session, and the token of one of its lanes.
type LaneInHand = (SessionName, String);

struct SenderState {
    context: Arc<SendContext>,
    /// The lanes that our tasks send from. By token, not by chat: two chats may be merged, and a lane may be taken again
    /// before the task that settled its last reply has ended.
    in_hand: HashSet<LaneInHand>,
    /// Sessions that may have due lanes.
    due: SessionQueue,
    pages: SessionPages,
    store_errors: StoreErrorLog,
    /// An answer from Redis was lost: it may have given us lanes that no task sends from.
    must_reconcile: bool,
    /// Lanes that Redis says are ours but no task sends from, and when we first saw each.
    unowned_lanes: HashMap<LaneInHand, (Lane, Instant)>,
    ended: mpsc::UnboundedSender<EndedLane>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Sender {
    /// Runs until `shutdown`. Then running requests may finish, up to a deadline, and `app` releases the lanes still held.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let (ended, mut endings) = mpsc::unbounded_channel();
        let mut state = SenderState {
            context: Arc::new(self.context),
            in_hand: HashSet::new(),
            due: SessionQueue::default(),
            pages: SessionPages::default(),
            store_errors: StoreErrorLog::default(),
            must_reconcile: false,
            unowned_lanes: HashMap::new(),
            ended,
            tasks: TaskTracker::new(),
            shutdown: shutdown.clone(),
        };
        let mut poll = interval(POLL_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                bell = self.bells.recv() => match bell {
                    Some(bell) => state.on_bell(bell).await,
                    None => break,
                },
                ended = endings.recv() => if let Some(lane) = ended { state.on_end(&lane); },
                _ = poll.tick() => state.poll_all().await,
                () = shutdown.cancelled() => break,
            }
            // Lanes whose bells have rung meanwhile are taken in the same call.
            while let Ok(bell) = self.bells.try_recv() {
                state.on_bell(bell).await;
            }
            state.take().await;
        }
        state.tasks.close();
        if tokio::time::timeout(DRAIN_TIMEOUT, state.tasks.wait())
            .await
            .is_err()
        {
            warn!(
                "WAHA did not answer before the stop; replies in progress are checked and, if necessary, sent again \
                at the next start"
            );
        }
    }
}

impl SenderState {
    async fn on_bell(&mut self, bell: Bell) {
        match bell {
            Bell::Lanes(session) => self.mark_due(session),
            Bell::Missed => {
                // Perhaps after a failover: Redis may say that a lane is ours that we have sent from and given back.
                self.must_reconcile = true;
                self.poll_all().await;
            }
            Bell::SessionWorks(_) => self.must_reconcile = true,
            _ => {}
        }
    }

    fn on_end(&mut self, lane: &EndedLane) {
        self.in_hand.remove(&lane.lane_in_hand);
        // Redis still says that the lane is ours, and no task sends from it.
        self.must_reconcile |= lane.panicked;
    }

    async fn poll_all(&mut self) {
        if let Err(error) = self.try_poll_all().await {
            self.store_errors.log("could not look for lanes", &error);
        }
    }

    async fn try_poll_all(&mut self) -> Result<(), StoreError> {
        let store = self.context.store.clone();
        let mut unowned_lanes = HashMap::new();
        let sessions = match self.must_reconcile {
            true => store.busy_sessions().await?,
            false => self.pages.next(&store).await?,
        };
        for session in sessions {
            if self.must_reconcile {
                for lane in store
                    .lanes_of_process(&session, &self.context.process)
                    .await?
                {
                    let lane_in_hand = (session.clone(), lane.token().to_owned());
                    if !self.in_hand.contains(&lane_in_hand) {
                        let since = self
                            .unowned_lanes
                            .get(&lane_in_hand)
                            .map_or_else(Instant::now, |(_, since)| *since);
                        unowned_lanes.insert(lane_in_hand, (lane, since));
                    }
                }
            }
            self.mark_due(session);
        }
        self.unowned_lanes = unowned_lanes;
        self.release_forgotten().await?;
        self.must_reconcile = !self.unowned_lanes.is_empty();
        Ok(())
    }

    /// Releases each unowned lane, but only after a time in which any answer from Redis would have arrived.
    async fn release_forgotten(&mut self) -> Result<(), StoreError> {
        let now = Millis::now();
        for ((session, _), (lane, since)) in &self.unowned_lanes {
            if since.elapsed() > FORGOTTEN_AFTER {
                self.context
                    .store
                    .settle(
                        session,
                        lane.settled(Verdict::Release {
                            due: now,
                            doubt: false,
                        }),
                        now,
                    )
                    .await?;
            }
        }
        Ok(())
    }

    /// Notes that lanes of this session may be due.
    fn mark_due(&mut self, session: SessionName) {
        self.due.push(session);
    }

    /// Takes due lanes, up to [`LANES_MAX`] in total, and starts a task for each. Sessions take turns.
    async fn take(&mut self) {
        let mut probes = 0;
        while let (free @ 1.., Some(session)) =
            (LANES_MAX.saturating_sub(self.in_hand.len()), self.due.pop())
        {
            if !self.context.access.may_send(&session) {
                // Polled again until it may.
                continue;
            }
            let count = (free / (self.due.len() + 1)).clamp(1, TAKE_MAX);
            let asked = Instant::now();
            match self
                .context
                .store
                .take_lanes(&session, &self.context.process, count, Millis::now())
                .await
            {
                Ok(TakenLanes::Lanes(lanes)) => {
                    let more = lanes.len() == count;
                    for lane in lanes {
                        self.send(&session, lane, asked);
                    }
                    if more {
                        self.due.push(session);
                    }
                }
                Ok(TakenLanes::Paused) => {
                    if probes < PROBES_MAX {
                        probes += 1;
                        drop(self.tasks.spawn(probe(self.context.clone(), session)));
                    }
                }
                Err(error) => {
                    self.store_errors.log("could not take lanes", &error);
                    self.must_reconcile = true;
                }
            }
        }
    }

    fn send(&mut self, session: &SessionName, lane: Lane, taken: Instant) {
        let lane_in_hand = (session.clone(), lane.token().to_owned());
        self.in_hand.insert(lane_in_hand.clone());
        let report = ReportLaneEnd {
            ended: self.ended.clone(),
            lane_in_hand: Some(lane_in_hand),
        };
        let (context, session, shutdown) =
            (self.context.clone(), session.clone(), self.shutdown.clone());
        self.tasks.spawn(async move {
            // Moved into the task, so that dropping it reports the end even after a panic.
            let _report = report;
            deliver(&context, &session, lane, taken, &shutdown).await;
        });
    }
}

/// A lane that no task sends from any more.
struct EndedLane {
    lane_in_hand: LaneInHand,
    panicked: bool,
}

/// When dropped, reports that its task no longer sends from the lane.
struct ReportLaneEnd {
    ended: mpsc::UnboundedSender<EndedLane>,
    lane_in_hand: Option<LaneInHand>,
}

impl Drop for ReportLaneEnd {
    fn drop(&mut self) {
        if let Some(lane_in_hand) = self.lane_in_hand.take() {
            // This fails only while we stop, and then nobody needs the report.
            let _ = self.ended.send(EndedLane {
                lane_in_hand,
                panicked: std::thread::panicking(),
            });
        }
    }
}

/// Asks WAHA whether a paused session works again. Only one process asks in each interval.
async fn probe(context: Arc<SendContext>, session: SessionName) {
    let noted = session_status::note_lasting_stop(&context.store, &context.notifier, &session);
    if let Err(error) = noted.await {
        debug!(%error, %session, "could not look how long the session has been stopped; will look again");
    }
    let turn = context
        .store
        .turn_to_ask_status(&session, PROBE_INTERVAL)
        .await;
    if !turn.unwrap_or(false) {
        return;
    }
    let status = {
        let (context, session) = (context.clone(), session.clone());
        tokio::task::spawn_blocking(move || context.client.session_status(&session)).await
    };
    let status = match status {
        Ok(Ok(status)) => status,
        // WAHA is down: don't send now.
        Ok(Err(
            SendError::Unreachable { .. } | SendError::Interrupted { .. } | SendError::Busy { .. },
        ))
        | Err(_) => return,
        Ok(Err(SendError::SessionNotWorking { status_word })) => {
            status_word.unwrap_or_else(|| NOT_FOUND.to_owned())
        }
        // WAHA refuses the question, so assume that the session works. If it doesn't, WAHA refuses the next reply too (422),
        // and the session is paused again. But if it refuses our key, it refuses the next reply too.
        Ok(Err(error)) => {
            if context.access.is_refused(&session, &error).await {
                return;
            }
            WORKING.to_owned()
        }
    };
    let noted = session_status::note(&context.store, &context.notifier, &session, &status, None);
    if let Err(error) = noted.await {
        debug!(%error, %session, "could not store the session's status; will ask WAHA again");
    }
}
