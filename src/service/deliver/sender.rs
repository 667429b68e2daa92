//! The sender is responsible for lanes: it takes those that are due and sends their replies, in order, one at a
//! time per chat and many chats at once, until WAHA took them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::clock;
use crate::ids::SessionName;
use crate::service::deliver::delivery::{Context, deliver};
use crate::service::handle::conversation::HandedOver;
use crate::service::kit::store_error_log::Complaint;
use crate::service::owner::session_status;
use crate::service::owner::session_status::WORKING;
use crate::store::{Bell, Error, Lane, Taken, Verdict};
use crate::waha::client::SendError;

/// Who missed a bell finds the lane at the latest after this; also how exactly a retry is on time.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Lanes taken at once because they were due; most of them are typing.
const LANES_MAX: usize = 1_024;
/// Lanes taken in one call; bounds how long Redis is held up.
const TAKE_MAX: usize = 100;
/// Longer than any command may take (the store's limit).
const FORGOTTEN_AFTER: Duration = Duration::from_secs(6);
/// How often WAHA is asked about a session that could not send.
const PROBE_INTERVAL: Duration = Duration::from_secs(3);
/// What is being sent when we stop may finish until then; WAHA itself may take 15 s, which a stop has not.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(4);

/// See the module.
pub struct Sender {
    /// How and for whom to send.
    pub context: Context,
    /// [`Bell::Lanes`].
    pub bells: mpsc::UnboundedReceiver<Bell>,
    /// Lanes that this process' commits took.
    pub handed_over: mpsc::UnboundedReceiver<HandedOver>,
}

/// Session and token.
type Taking = (SessionName, String);

struct Dispatcher {
    context: Arc<Context>,
    /// Takings of lanes that tasks of ours send from. Not by chat: a chat may become another's, and one task may have
    /// settled its last reply when the next is handed over.
    in_hand: HashSet<Taking>,
    /// Sessions with lanes that may be due.
    due: VecDeque<SessionName>,
    /// How many of those in hand were taken because they were due.
    taken: usize,
    complaint: Complaint,
    /// An answer of Redis' was lost: it may say that we hold what nobody sends.
    unsure: bool,
    /// Lanes that may be such, and since when.
    suspects: HashMap<Taking, (Lane, Instant)>,
    ended: mpsc::UnboundedSender<(Taking, Origin)>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Sender {
    /// Runs until `shutdown`; then what is being sent is finished, to a deadline. Lanes that are still held
    /// after that are released by who stops the process.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let (ended, mut endings) = mpsc::unbounded_channel();
        let mut dispatcher = Dispatcher {
            context: Arc::new(self.context),
            in_hand: HashSet::new(),
            due: VecDeque::new(),
            taken: 0,
            complaint: Complaint::default(),
            unsure: false,
            suspects: HashMap::new(),
            ended,
            tasks: TaskTracker::new(),
            shutdown: shutdown.clone(),
        };
        let mut poll = interval(POLL_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                bell = self.bells.recv() => match bell {
                    Some(Bell::Lanes(session)) => dispatcher.due(session),
                    Some(Bell::Missed) => dispatcher.look_everywhere().await,
                    Some(_) => {}
                    None => break,
                },
                Some(handed_over) = self.handed_over.recv() => dispatcher.handed(handed_over),
                ending = endings.recv() => if let Some(ending) = ending { dispatcher.finished(&ending) },
                _ = poll.tick() => dispatcher.look_everywhere().await,
                () = shutdown.cancelled() => break,
            }
            while let Ok(handed_over) = self.handed_over.try_recv() {
                dispatcher.handed(handed_over);
            }
            dispatcher.take().await;
        }
        dispatcher.tasks.close();
        if tokio::time::timeout(DRAIN_TIMEOUT, dispatcher.tasks.wait())
            .await
            .is_err()
        {
            warn!(
                "WAHA did not answer in time; the replies that were being sent will be tried again at the next start"
            );
        }
    }
}

impl Dispatcher {
    fn finished(&mut self, (taking, origin): &(Taking, Origin)) {
        self.taken -= usize::from(*origin == Origin::Taken);
        self.in_hand.remove(taking);
    }

    fn handed(&mut self, handed_over: HandedOver) {
        match handed_over {
            HandedOver::Lane(session, lane, since) => {
                self.send(&session, *lane, Origin::HandedOver, since);
            }
            HandedOver::Unsure => self.unsure = true,
        }
    }

    async fn look_everywhere(&mut self) {
        if let Err(error) = self.try_look_everywhere().await {
            self.complaint.tell("could not look for lanes", &error);
        }
    }

    async fn try_look_everywhere(&mut self) -> Result<(), Error> {
        let store = self.context.store.clone();
        let mut suspects = HashMap::new();
        for session in store.sessions().await? {
            if self.unsure {
                for lane in store.lanes_in_hand(&session, &self.context.process).await? {
                    let taking = (session.clone(), lane.token().to_owned());
                    if !self.in_hand.contains(&taking) {
                        let since = self
                            .suspects
                            .get(&taking)
                            .map_or_else(Instant::now, |(_, since)| *since);
                        suspects.insert(taking, (lane, since));
                    }
                }
            }
            self.due(session);
        }
        self.suspects = suspects;
        self.release_forgotten().await?;
        self.unsure = !self.suspects.is_empty();
        Ok(())
    }

    /// Gives back what Redis says is ours and nobody here sends from: for so long that no answer can be on its way
    /// that hands it to us.
    async fn release_forgotten(&mut self) -> Result<(), Error> {
        let now = clock::now();
        for ((session, _), (lane, since)) in &self.suspects {
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

    /// Lanes of this session may be due.
    fn due(&mut self, session: SessionName) {
        if !self.due.contains(&session) {
            self.due.push_back(session);
        }
    }

    /// Takes due lanes for as many tasks as may still be started. Sessions take turns.
    async fn take(&mut self) {
        while let (free @ 1.., Some(session)) =
            (LANES_MAX.saturating_sub(self.taken), self.due.pop_front())
        {
            let count = (free / (self.due.len() + 1)).clamp(1, TAKE_MAX);
            let asked = Instant::now();
            match self
                .context
                .store
                .take_lanes(&session, &self.context.process, count, clock::now())
                .await
            {
                Ok(Taken::Lanes(lanes)) => {
                    let more = lanes.len() == count;
                    for lane in lanes {
                        self.taken += 1;
                        self.send(&session, lane, Origin::Taken, asked);
                    }
                    if more {
                        self.due.push_back(session);
                    }
                }
                Ok(Taken::Paused) => drop(self.tasks.spawn(probe(self.context.clone(), session))),
                Err(error) => {
                    self.complaint.tell("could not take lanes", &error);
                    self.unsure = true;
                }
            }
        }
    }

    fn send(&mut self, session: &SessionName, lane: Lane, origin: Origin, taken: Instant) {
        let taking = (session.clone(), lane.token().to_owned());
        self.in_hand.insert(taking.clone());
        let ending = Ending {
            ended: self.ended.clone(),
            taking: Some((taking, origin)),
        };
        let (context, session, shutdown) =
            (self.context.clone(), session.clone(), self.shutdown.clone());
        self.tasks.spawn(async move {
            // Moved in here, so that it is dropped, and tells, also when something below panics.
            let _ending = ending;
            deliver(&context, &session, lane, taken, &shutdown).await;
        });
    }
}

/// Where a lane in hand came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Taken because it was due: so many at most.
    Taken,
    /// Handed over by a commit of ours: not more than conversations are attended.
    HandedOver,
}

/// Tells when a lane is no longer in hand.
struct Ending {
    ended: mpsc::UnboundedSender<(Taking, Origin)>,
    taking: Option<(Taking, Origin)>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(taking) = self.taking.take() {
            // The receiver is gone when we stop; then nobody needs to know.
            let _ = self.ended.send(taking);
        }
    }
}

/// Asks WAHA whether a paused session works again; one process asks in each interval.
async fn probe(context: Arc<Context>, session: SessionName) {
    let turn = context
        .store
        .turn_to_probe(&session, clock::millis(PROBE_INTERVAL))
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
        // WAHA is away, or the session is unknown to it: not the time to send.
        Ok(Err(
            SendError::Unreachable { .. } | SendError::Interrupted { .. } | SendError::Busy { .. },
        ))
        | Err(_) => return,
        // It can't be asked that way; a reply will show. A 422 surely sends nothing.
        Ok(Err(SendError::Refused { .. } | SendError::SessionNotWorking { .. })) => {
            WORKING.to_owned()
        }
    };
    let noted = session_status::note(&context.store, &context.owner, &session, &status, None);
    if let Err(error) = noted.await {
        debug!(%error, %session, "could not note what WAHA says of the session; will ask again");
    }
}
