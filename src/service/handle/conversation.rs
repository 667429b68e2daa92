//! An attendance is responsible for one conversation, from its claim to its close: step by step it reads what
//! the customer wrote, asks the flow, and commits.

mod calling;
pub(crate) mod inbox;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::clock;
use crate::flow;
use crate::flow::{Advance, Next, Quiet, Script, State};
use crate::flows::Flows;
use crate::ids::{ProcessId, SessionName};
use crate::service::handle::calls::Calls;
use crate::service::handle::conversation::calling::{Called, Pending};
use crate::service::handle::conversation::inbox::{heard_at, read, state};
use crate::service::handle::doorbell::Doorbell;
use crate::service::kit::backoff;
use crate::service::kit::lease::Lease;
use crate::service::kit::pickup_latency::WakeUps;
use crate::service::owner::reachability::{DEAF_AFTER, Ears};
use crate::store::{Claimed, Close, Committed, Error, Heard, Lane, Reply, Step, Store};

/// Between tries while Redis is away.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LONGEST: Duration = Duration::from_millis(500);
/// A timer that fires this much late harms nobody, and nothing sleeps longer than a day.
const SLEEP_MAX: Duration = Duration::from_secs(24 * 3600);

/// How an attendance ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The conversation closed with this outcome.
    Closed(String),
    /// It waits for a person.
    HandedOff,
    /// It is another owner's by now.
    Lost,
    /// We were told to stop; it is still ours, to be released.
    Stopped,
}

/// What all attendances of a process share.
pub struct Context {
    /// The process that owns the conversations.
    pub process: ProcessId,
    /// Where conversations are.
    pub store: Store,
    /// What to follow.
    pub flows: Arc<Flows>,
    /// Noted with each message.
    pub wake_ups: Arc<WakeUps>,
    /// Whether anybody is heard.
    pub ears: Arc<Ears>,
    /// This process' right to them.
    pub lease: Arc<Lease>,
    /// The way to the shop's own system.
    pub calls: Arc<Calls>,
    /// To this process' sender.
    pub lanes: mpsc::UnboundedSender<HandedOver>,
}

/// See the module.
pub(crate) struct Attendance {
    context: Arc<Context>,
    session: SessionName,
    held: Claimed,
    state: State,
    /// When the flow must be asked even if the customer stays silent.
    wake_at: Option<i64>,
    /// What is first in the inbox was seen before, and left there on purpose.
    kept: bool,
    /// The call that the flow waits for.
    pending: Option<Pending>,
    /// When the customer last wrote.
    heard_at: Instant,
    /// When they have been quiet for long enough, if nothing more comes, for the flow to hear what is in the inbox.
    quiet_at: Option<Instant>,
}

/// What a commit gives to this process' sender.
#[derive(Debug)]
pub enum HandedOver {
    /// A lane of this session that was idle, and when the commit was begun that took it.
    Lane(SessionName, Box<Lane>, Instant),
    /// The commit's answer was lost: perhaps a lane.
    Unsure,
}

/// What one commit came to.
enum Stepped {
    Waiting,
    MoreToRead,
    Ended(Ended),
}

impl Attendance {
    pub(crate) fn new(context: Arc<Context>, session: &SessionName, held: Claimed) -> Self {
        let state = state(&held);
        let heard_at = heard_at(&held);
        Self {
            context,
            session: session.clone(),
            held,
            state,
            wake_at: None,
            kept: false,
            pending: None,
            heard_at,
            quiet_at: None,
        }
    }

    pub(crate) async fn run(mut self, bell: &Doorbell, shutdown: &CancellationToken) -> Ended {
        let mut failures = 0;
        loop {
            // In boxes: ten thousand customers who are silent take the room of a wait, not of a step.
            let stepped = match Box::pin(self.step()).await {
                Ok(stepped) => stepped,
                Err(error) => {
                    debug!(%error, session = %self.session, chat = %self.held.chat, "a step was not committed; will look again");
                    match Box::pin(self.recover(&mut failures, shutdown)).await {
                        Some(ended) => return ended,
                        None => continue,
                    }
                }
            };
            failures = 0;
            let mut more = matches!(stepped, Stepped::MoreToRead);
            match stepped {
                Stepped::Ended(ended) => return ended,
                Stepped::MoreToRead => {}
                Stepped::Waiting => {
                    let silence = self.silence();
                    tokio::select! {
                        () = bell.rings() => {}
                        () = sleep(silence) => {}
                        // A bell may be late: what was written before the answer came is heard before it.
                        () = Pending::ends(&mut self.pending) => more = true,
                        () = shutdown.cancelled() => return Ended::Stopped,
                    }
                }
            }
            let rung = bell.take();
            if rung.in_doubt
                && let Some(ended) = Box::pin(self.recover(&mut failures, shutdown)).await
            {
                return ended;
            }
            if self.listen(rung.heard) && !rung.look && !more {
                continue;
            }
            match Box::pin(self.look()).await {
                Ok(None) => {}
                Ok(Some(ended)) => return ended,
                Err(_) => {
                    if let Some(ended) = Box::pin(self.recover(&mut failures, shutdown)).await {
                        return ended;
                    }
                }
            }
        }
    }

    /// Closes a conversation that can't be attended, with an apology.
    pub(crate) async fn let_go(mut self, shutdown: &CancellationToken) -> Ended {
        let mut failures = 0;
        loop {
            let mut advance = self.script().give_up(self.state.clone());
            // Left unread, they would open the next conversation, and perhaps be what nobody can attend.
            advance.consumed = self.held.inbox.len();
            if let Ok(Stepped::Ended(ended)) = self.commit(advance, clock::now()).await {
                return ended;
            }
            if let Some(ended) = self.recover(&mut failures, shutdown).await {
                return ended;
            }
        }
    }

    /// The flow to follow. Asked at each step: it may be exchanged between two.
    fn script(&self) -> Arc<Script> {
        self.context.flows.of(&self.session)
    }

    /// Reads the conversation anew: its inbox, and whether a step whose answer was lost was committed.
    async fn look(&mut self) -> Result<Option<Ended>, Error> {
        let held = self
            .context
            .store
            .read(&self.session, &self.held.chat, &self.context.process)
            .await?;
        match held {
            Some(held) if held.epoch == self.held.epoch => {
                if held.rev != self.held.rev {
                    self.state = state(&held);
                }
                self.heard_at = heard_at(&held);
                self.held = held;
                Ok(None)
            }
            _ => Ok(Some(Ended::Lost)),
        }
    }

    /// Takes copies of messages for the inbox, which was empty when the last number was taken down, if they are exactly the next ones. Returns whether
    /// nothing is missing.
    fn listen(&mut self, heard: Vec<Heard>) -> bool {
        for heard in heard {
            if heard.number == 0 {
                return false;
            }
            if heard.conversation != self.held.id || heard.number <= self.held.received {
                continue;
            }
            if heard.number != self.held.received + 1 {
                return false;
            }
            self.held.received = heard.number;
            self.held.inbox.push(heard.message);
            self.heard_at = Instant::now();
        }
        true
    }

    /// How long there is nothing to do unless something comes.
    fn silence(&self) -> Duration {
        let until = |at: i64| clock::until(at, clock::now());
        match self.quiet_at {
            // Who is still writing is not silent: no reminder then.
            Some(at) => at.saturating_duration_since(Instant::now()),
            None => self.wake_at.map_or(SLEEP_MAX, until).min(SLEEP_MAX),
        }
    }

    /// How long ago what is unread came in, of which the first and the last arrived at these times.
    fn quiet(&self, arrived: Option<RangeInclusive<i64>>) -> Quiet {
        let last = self.heard_at.elapsed();
        let span = arrived.map_or(0, |arrived| arrived.end().saturating_sub(*arrived.start()));
        let span = Duration::from_millis(u64::try_from(span).unwrap_or(0));
        let first = last + span;
        Quiet { last, first }
    }

    /// Asks the flow, if there is something to ask it about, and commits what it says.
    async fn step(&mut self) -> Result<Stepped, Error> {
        let now = clock::now();
        self.quiet_at = None;
        match self.called(now) {
            Called::Nothing => {}
            Called::Waits => return Ok(Stepped::Waiting),
            Called::Goes(advance, well) => {
                let stepped = self.go_on(*advance, now).await?;
                if let Some(well) = well {
                    // A figure that is lost harms nobody.
                    let _ = self.context.store.count_call(&self.session, well).await;
                }
                return Ok(stepped);
            }
        }
        let begun = self.wake_at.is_some();
        if begun && self.held.inbox.is_empty() && self.wake_at.is_some_and(|at| now < at) {
            return Ok(Stepped::Waiting);
        }
        if begun
            && self.held.inbox.is_empty()
            && self
                .context
                .store
                .has_replies(&self.session, &self.held.chat)
                .await?
        {
            // Nobody is silent who has not been given the question yet.
            self.state.heard(now.unsigned_abs());
        }
        if begun && self.held.inbox.is_empty() {
            // Nor who could not be heard, or answered.
            let then = self.deaf_until(now).await?;
            self.state.not_heard_until(then.unsigned_abs());
        }
        let (unread, arrived) = read(&self.held.inbox);
        if begun
            && !self.kept
            && let Some(arrived) = &arrived
        {
            self.context
                .wake_ups
                .note(now.saturating_sub(*arrived.start()));
        }
        let script = self.script();
        if self.held.rev == 0 {
            let opened_at = self.held.opened.unsigned_abs();
            self.state = script.at_the_door(self.state.clone(), opened_at, now.unsigned_abs());
        }
        let ready = script.ready(&self.state, &unread, self.quiet(arrived));
        self.quiet_at = ready.rest_in.map(|time| Instant::now() + time);
        if ready.count == 0 && !unread.is_empty() {
            self.kept = true;
            return Ok(Stepped::Waiting);
        }
        let advance = script.advance(
            self.state.clone(),
            &unread[..ready.count],
            now.unsigned_abs(),
        );
        self.go_on(advance, now).await
    }

    /// Tells what was wrong with the flow, if anything was, and commits what it said.
    async fn go_on(&mut self, advance: Advance, now: i64) -> Result<Stepped, Error> {
        if let Some(fault) = &advance.fault {
            warn!(
                session = %self.session,
                chat = %self.held.chat,
                fault,
                "the flow failed in this conversation; check FLOW_FILE"
            );
        }
        self.commit(advance, now).await
    }

    /// Until when this customer would not have been heard; 0 if always.
    async fn deaf_until(&self, now: i64) -> Result<i64, Error> {
        let Context { store, ears, .. } = &*self.context;
        let known = store.deaf_until(&self.session, DEAF_AFTER, now).await?;
        if known != Some(now) && !ears.hear(&self.session).await {
            return Ok(now);
        }
        Ok(known.unwrap_or(0))
    }

    /// Commits what the flow said.
    async fn commit(&mut self, mut advance: Advance, now: i64) -> Result<Stepped, Error> {
        self.prepare_calls(&mut advance);
        let handoff = match advance.next {
            Next::HandOff { within } => Some(within.map_or(0, clock::millis)),
            _ => None,
        };
        let (outcome, resumable, wake_at) = match advance.next {
            Next::Wait { wake_at } => (None, false, Some(wake_at.cast_signed())),
            Next::Call | Next::HandOff { .. } => (None, false, None),
            Next::Close { outcome, resumable } => (Some(outcome), resumable, None),
        };
        let variables =
            || serde_json::to_string(advance.state.variables()).unwrap_or_else(|_| "{}".to_owned());
        let step = Step {
            chat: self.held.chat.clone(),
            epoch: self.held.epoch.clone(),
            rev: self.held.rev,
            consumed: advance.consumed,
            state: serde_json::to_string(&advance.state).unwrap_or_default(),
            close: outcome.clone().map(|outcome| Close {
                outcome,
                variables: variables(),
                resume_within: if resumable {
                    clock::millis(self.script().resume_within())
                } else {
                    0
                },
            }),
            handoff,
            replies: self.replies(advance.replies, now),
            now,
        };
        let read = self.held.inbox.len();
        let consumed = advance.consumed.min(read);
        let begun = Instant::now();
        let (unread, lane) = match self.context.store.commit(&self.session, step).await? {
            Committed::Stale => return Ok(Stepped::Ended(Ended::Lost)),
            Committed::Done { unread, lane } => (unread, lane),
        };
        if let Some(lane) = lane {
            self.hand_over(HandedOver::Lane(self.session.clone(), lane, begun));
        }
        Ok(match outcome {
            Some(outcome) => Stepped::Ended(Ended::Closed(outcome)),
            None if handoff.is_some() => Stepped::Ended(Ended::HandedOff),
            None => {
                self.held.rev += 1;
                // What the flow left unread it reads after its pause, and not before.
                self.held.inbox.drain(..consumed);
                self.kept = !self.held.inbox.is_empty();
                self.state = advance.state;
                self.wake_at = wake_at;
                self.call();
                if unread == self.held.inbox.len() as u64 {
                    Stepped::Waiting
                } else {
                    Stepped::MoreToRead
                }
            }
        })
    }

    /// The sender is gone when we stop; what it would have sent is released then.
    fn hand_over(&self, handed_over: HandedOver) {
        let _ = self.context.lanes.send(handed_over);
    }

    fn replies(&self, replies: Vec<flow::FlowReply>, now: i64) -> Vec<Reply> {
        let reply = |(number, reply): (usize, flow::FlowReply)| Reply {
            id: format!("{}:{}:{number}", self.held.id, self.held.rev),
            conversation: self.held.id.clone(),
            text: reply.text,
            media: reply.media,
            queued_at: now,
            attempts: 0,
            notice: false,
        };
        replies.into_iter().enumerate().map(reply).collect()
    }

    /// After an answer of Redis' was lost: only Redis knows what was done. Goes on from there.
    async fn recover(&mut self, failures: &mut u32, shutdown: &CancellationToken) -> Option<Ended> {
        self.hand_over(HandedOver::Unsure);
        loop {
            let delay = backoff::jittered(
                backoff::delay(*failures, RETRY_FIRST, RETRY_LONGEST),
                fastrand::f64(),
            );
            *failures += 1;
            tokio::select! {
                () = sleep(delay) => {}
                () = shutdown.cancelled() => return Some(Ended::Stopped),
            }
            if let Ok(ended) = self.look().await {
                return ended;
            }
        }
    }
}
