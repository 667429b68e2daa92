//! The sender is responsible for the lanes: it takes those that are due and sends their replies until WAHA has accepted
//! them. The replies of one chat leave in order, one at a time; many chats are served at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::service::deliver::delivery::deliver;
use crate::service::deliver::send_context::SendContext;
use crate::service::kit::handover::{GivenLane, GivenLanes, LANES_MAX, LanesInHand};
use crate::service::kit::session_queue::SessionQueue;
use crate::service::kit::session_rounds::{AT_ONCE, in_each, joined};
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::service::owner::session_status;
use crate::service::owner::session_status::{NOT_FOUND, WORKING};
use crate::store::{Bell, Lane, StoreError, TakenLanes, Verdict};
use crate::waha::client::SendError;

/// How often we look again at sessions where something went wrong.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How many lanes one call takes. This limits how long the call blocks Redis.
const TAKE_MAX: usize = 100;
/// Longer than the store lets any command take.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(6);
/// How long a task may take to end after it has settled its last reply.
const ENDS_WITHIN: Duration = Duration::from_millis(50);
/// How often WAHA is asked about a session that could not send.
const PROBE_INTERVAL: Duration = Duration::from_secs(3);
/// How many paused sessions WAHA is asked about at once.
const PROBES_MAX: usize = 16;
/// When we stop, running requests may finish within this time. WAHA may take up to 15 s, which is too long for a stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(4);

/// See the module.
pub struct Sender {
    /// What all deliveries share.
    pub context: SendContext,
    /// [`Bell::Lanes`] from Redis, from this process' own conversations, and from the lookout.
    pub bells: mpsc::UnboundedReceiver<Bell>,
    /// Lanes that came with a commit.
    pub given: GivenLanes,
}

/// A session, and the token of one of its lanes.
type LaneInHand = (SessionName, String);

/// The lanes of a session that are ours, according to Redis.
type LanesRead = (SessionName, Result<Vec<Lane>, StoreError>);

/// The result of a read.
enum Read {
    Lanes(Vec<LanesRead>),
    Busy(Result<Vec<SessionName>, StoreError>),
}

/// The answer to a call that takes lanes.
struct Taken {
    session: SessionName,
    /// How many were asked for, and when.
    count: usize,
    asked: Instant,
    answer: Result<TakenLanes, StoreError>,
}

struct SenderState {
    context: Arc<SendContext>,
    /// The lanes that our tasks send from. By token, not by chat: two chats may be merged, and a lane may be taken again
    /// before the task that settled its last reply has ended.
    in_hand: HashSet<LaneInHand>,
    /// How many these are, for those who give us more.
    in_hand_count: Arc<LanesInHand>,
    /// The last task of each chat that has one; it ends when its sender is dropped.
    last_of_chat: HashMap<(SessionName, ChatId), oneshot::Receiver<()>>,
    /// Sessions that may have due lanes.
    due: SessionQueue,
    /// The calls that take lanes: at most one in each session.
    taking: JoinSet<Taken>,
    taking_in: HashSet<SessionName>,
    /// How many lanes these calls may bring.
    reserved: usize,
    store_errors: StoreErrorLog,
    /// Sessions where an answer from Redis was lost, or a task panicked: Redis may have given us lanes that no task sends from.
    unsure: HashSet<SessionName>,
    /// Permits to ask WAHA about paused sessions.
    probes: Arc<Semaphore>,
    /// Bells were missed: lanes may be due in any session.
    must_look_everywhere: bool,
    /// The lanes of unsure sessions are being read, or the list of sessions.
    reads: JoinSet<Read>,
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
            in_hand_count: self.given.in_hand,
            last_of_chat: HashMap::new(),
            due: SessionQueue::default(),
            taking: JoinSet::new(),
            taking_in: HashSet::new(),
            reserved: 0,
            store_errors: StoreErrorLog::default(),
            unsure: HashSet::new(),
            // The first look, at the start.
            must_look_everywhere: true,
            reads: JoinSet::new(),
            probes: Arc::new(Semaphore::new(PROBES_MAX)),
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
                    Some(bell) => state.on_bell(bell),
                    None => break,
                },
                Some(given) = self.given.lanes.recv() => state.on_given(given),
                Some(taken) = state.taking.join_next() => {
                    if let Some(taken) = joined(taken) {
                        state.on_taken(taken);
                    }
                }
                Some(read) = state.reads.join_next() => {
                    if let Some(read) = joined(read) {
                        state.on_read(read);
                    }
                }
                ended = endings.recv() => if let Some(lane) = ended { state.on_end(&lane); },
                _ = poll.tick() => state.poll(),
                () = shutdown.cancelled() => break,
            }
            // Lanes whose bells have rung meanwhile are taken in the same call.
            while let Ok(bell) = self.bells.try_recv() {
                state.on_bell(bell);
            }
            state.take();
        }
        // They are given back: nothing is sent any more.
        while let Ok(given) = self.given.lanes.try_recv() {
            state.on_given(given);
        }
        state.tasks.close();
        if timeout(DRAIN_TIMEOUT, state.tasks.wait()).await.is_err() {
            warn!(
                "WAHA did not answer before the stop; replies in progress are checked and, if necessary, sent again \
                at the next start"
            );
        }
    }
}

impl SenderState {
    fn on_bell(&mut self, bell: Bell) {
        match bell {
            Bell::Lanes(session) => self.due.push(session),
            Bell::Missed => {
                // Perhaps after a failover: Redis may say that a lane is ours that we have sent from and given back.
                self.must_look_everywhere = true;
                self.poll();
            }
            Bell::SessionWorks(session) => drop(self.unsure.insert(session)),
            _ => {}
        }
    }

    fn on_end(&mut self, lane: &EndedLane) {
        self.in_hand.remove(&lane.lane_in_hand);
        let chat = (lane.lane_in_hand.0.clone(), lane.chat.clone());
        if let Some(last) = self.last_of_chat.get_mut(&chat)
            && last.try_recv() != Err(TryRecvError::Empty)
        {
            self.last_of_chat.remove(&chat);
        }
        if lane.panicked {
            // Redis still says that the lane is ours, and no task sends from it.
            self.unsure.insert(lane.lane_in_hand.0.clone());
        }
    }

    /// Looks again where something went wrong. The results come later, so that a session whose server does not answer keeps none of
    /// the others waiting.
    fn poll(&mut self) {
        if !self.reads.is_empty() {
            return;
        }
        let store = self.context.store.clone();
        if self.must_look_everywhere {
            self.reads
                .spawn(async move { Read::Busy(store.busy_sessions().await) });
            return;
        }
        let unsure = std::mem::take(&mut self.unsure);
        if unsure.is_empty() {
            return;
        }
        let process = self.context.process.clone();
        self.reads.spawn(async move {
            let reading = in_each(unsure, |session| {
                let (store, process) = (store.clone(), process.clone());
                async move { store.lanes_of_process(&session, &process).await }
            });
            Read::Lanes(reading.await)
        });
    }

    fn on_read(&mut self, read: Read) {
        match read {
            Read::Busy(Ok(sessions)) => {
                self.must_look_everywhere = false;
                for session in sessions {
                    self.due.push(session.clone());
                    self.unsure.insert(session);
                }
            }
            Read::Busy(Err(error)) => {
                self.store_errors.log("could not look for lanes", &error);
            }
            Read::Lanes(read) => {
                for (session, lanes) in read {
                    self.on_lanes(&session, lanes);
                }
            }
        }
    }

    /// Notes the lanes of a session that Redis says are ours and no task sends from, and releases those that have been so for a while.
    fn on_lanes(&mut self, session: &SessionName, lanes: Result<Vec<Lane>, StoreError>) {
        let lanes = match lanes {
            Ok(lanes) => lanes,
            Err(error) => {
                self.store_errors
                    .log_of(session, "could not look for lanes", &error);
                self.unsure.insert(session.clone());
                return;
            }
        };
        let mut before = std::mem::take(&mut self.unowned_lanes);
        let mut unowned = HashMap::new();
        for lane in lanes {
            let lane_in_hand = (session.clone(), lane.token().to_owned());
            if !self.in_hand.contains(&lane_in_hand) {
                let known = before.remove(&lane_in_hand);
                let since = known.map_or_else(Instant::now, |(_, since)| since);
                unowned.insert(lane_in_hand, (lane, since));
            }
        }
        if !unowned.is_empty() {
            self.unsure.insert(session.clone());
        }
        before.retain(|(of, _), _| of != session);
        self.release_forgotten(&unowned);
        before.extend(unowned);
        self.unowned_lanes = before;
        self.due.push(session.clone());
    }

    /// Releases each unowned lane, but only after a time in which any answer from Redis would have arrived.
    fn release_forgotten(&self, unowned: &HashMap<LaneInHand, (Lane, Instant)>) {
        let now = Millis::now();
        let forgotten = unowned
            .iter()
            .filter(|(_, (_, since))| since.elapsed() > FORGOTTEN_AFTER);
        for ((session, _), (lane, _)) in forgotten {
            let release = lane.settled(Verdict::Release {
                due: now,
                doubt: false,
            });
            let (store, session) = (self.context.store.clone(), session.clone());
            self.tasks.spawn(async move {
                if let Err(error) = store.settle(&session, release, now).await {
                    debug!(%session, %error, "could not release a lane; will try again");
                }
            });
        }
    }

    /// Takes due lanes, up to [`LANES_MAX`] in total, and starts a task for each. Sessions take turns.
    fn take(&mut self) {
        let mut later = Vec::new();
        while self.taking.len() < AT_ONCE
            && let free @ 1.. = LANES_MAX.saturating_sub(self.in_hand.len() + self.reserved)
            && let Some(session) = self.due.pop()
        {
            if self.taking_in.contains(&session) {
                later.push(session);
                continue;
            }
            if !self.context.access.may_send(&session) {
                // The lookout rings again, and then so that all processes hear it.
                continue;
            }
            let count = (free / (self.due.len() + 1)).clamp(1, TAKE_MAX);
            self.reserved += count;
            self.taking_in.insert(session.clone());
            let context = self.context.clone();
            self.taking.spawn(async move {
                let (store, process, asked) = (&context.store, &context.process, Instant::now());
                let answer = store.take_lanes(&session, process, count, Millis::now());
                let answer = answer.await;
                Taken {
                    session,
                    count,
                    asked,
                    answer,
                }
            });
        }
        for session in later {
            self.due.push(session);
        }
        self.in_hand_count.set(self.in_hand.len() + self.reserved);
    }

    /// A commit brought a lane, or its answer was lost.
    fn on_given(&mut self, given: GivenLane) {
        match given.lane {
            Some(lane) => self.send(&given.session, lane, given.asked),
            None => drop(self.unsure.insert(given.session)),
        }
    }

    fn on_taken(&mut self, taken: Taken) {
        let Taken {
            session,
            count,
            asked,
            answer,
        } = taken;
        self.reserved -= count;
        self.taking_in.remove(&session);
        match answer {
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
                let (context, probes) = (self.context.clone(), self.probes.clone());
                drop(self.tasks.spawn(probe(context, session, probes)));
            }
            Err(error) => {
                self.store_errors
                    .log_of(&session, "could not take lanes", &error);
                self.unsure.insert(session);
            }
        }
    }

    fn send(&mut self, session: &SessionName, lane: Lane, taken: Instant) {
        let lane_in_hand = (session.clone(), lane.token().to_owned());
        self.in_hand.insert(lane_in_hand.clone());
        let (working, ended) = oneshot::channel();
        let chat = (session.clone(), lane.chat.clone());
        let before = self.last_of_chat.insert(chat, ended);
        let report = ReportLaneEnd {
            ended: self.ended.clone(),
            lane: Some((lane_in_hand, lane.chat.clone())),
            working: Some(working),
        };
        let (context, session, shutdown) =
            (self.context.clone(), session.clone(), self.shutdown.clone());
        self.tasks.spawn(async move {
            // Moved into the task, so that dropping it reports the end even after a panic.
            let _report = report;
            if let Some(mut before) = before
                && timeout(ENDS_WITHIN, &mut before).await.is_err()
            {
                // Redis has forgotten, in a failover, that we are sending from this lane. Two requests at once could send a reply
                // twice.
                let _ = before.await;
                give_back(&context, &session, &lane).await;
                return;
            }
            deliver(&context, &session, lane, taken, &shutdown).await;
        });
    }
}

/// A lane that no task sends from any more.
struct EndedLane {
    lane_in_hand: LaneInHand,
    chat: ChatId,
    panicked: bool,
}

/// When dropped, reports that its task no longer sends from the lane.
struct ReportLaneEnd {
    ended: mpsc::UnboundedSender<EndedLane>,
    lane: Option<(LaneInHand, ChatId)>,
    /// Dropped first, so that the chat counts as free when the report arrives.
    working: Option<oneshot::Sender<()>>,
}

impl Drop for ReportLaneEnd {
    fn drop(&mut self) {
        drop(self.working.take());
        if let Some((lane_in_hand, chat)) = self.lane.take() {
            // This fails only while we stop, and then nobody needs the report.
            let _ = self.ended.send(EndedLane {
                lane_in_hand,
                chat,
                panicked: std::thread::panicking(),
            });
        }
    }
}

/// Makes a lane due again without sending from it. Another task has just sent from it, so its first reply may be another one now, or be
/// in doubt.
async fn give_back(context: &SendContext, session: &SessionName, lane: &Lane) {
    let now = Millis::now();
    let release = lane.settled(Verdict::Release {
        due: now,
        doubt: true,
    });
    if let Err(error) = context.store.settle(session, release, now).await {
        debug!(%session, %error, "could not release a lane; will try again");
    }
}

/// Asks WAHA whether a paused session works again. Only one process asks in each interval.
async fn probe(context: Arc<SendContext>, session: SessionName, probes: Arc<Semaphore>) {
    let noted = session_status::note_lasting_stop(&context.store, &context.notifier, &session);
    if let Err(error) = noted.await {
        debug!(%error, %session, "could not look how long the session has been stopped; will look again");
    }
    // If WAHA answers too slowly for this, the lookout finds the session still paused.
    let Ok(Ok(_permit)) = timeout(PROBE_INTERVAL, probes.acquire()).await else {
        return;
    };
    let turn = context
        .store
        .turn_to_ask_status(&session, PROBE_INTERVAL)
        .await;
    if !turn.unwrap_or(false) {
        return;
    }
    let status = {
        let (context, session) = (context.clone(), session.clone());
        tokio::task::spawn_blocking(move || context.waha.client.session_status(&session)).await
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
