//! A conversation task is responsible for one conversation, from claim to close. In each step it reads the customer's
//! messages, asks the flow what to do, and commits the result.

mod calling;
mod inbox;
mod saved_state;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::clock::Millis;
use crate::flow;
use crate::flow::{Advance, Next, Quiet, Script, State};
use crate::flows::Flows;
use crate::ids::{ProcessId, SessionName, nonce};
use crate::service::handle::calls::Calls;
use crate::service::handle::conversation::calling::{CallInProgress, CallProgress};
use crate::service::handle::conversation::inbox::Inbox;
use crate::service::handle::conversation::saved_state::{last_message_at, state};
use crate::service::handle::doorbell::Doorbell;
use crate::service::kit::backoff;
use crate::service::kit::handover::Handover;
use crate::service::kit::lease::Lease;
use crate::service::kit::pickup_latency::PickupLatency;
use crate::service::owner::reachability::{Reachability, UNREACHABLE_AFTER};
use crate::store::{
    Close, Committed, DeliveryState, Handoff, HeldConversation, NewMessage, Reply, StepCommit,
    Store, StoreError,
};

/// Delays between retries while Redis is down.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LONGEST: Duration = Duration::from_millis(500);
/// The longest sleep. After it, the task checks again.
const SLEEP_MAX: Duration = Duration::from_secs(24 * 3600);

/// How often a task looks whether the restart of its session is over.
const PAUSE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The outcome of a conversation whose customer withdrew all that they had written. (`store/lua/shared/message_changes`
/// closes it while it waits in line.)
const WITHDRAWN: &str = "withdrawn";

/// The outcome of a conversation that the program can't handle: as the flow's own when one of its steps fails.
const TROUBLE: &str = "trouble";

/// How a task ended.
#[derive(Debug)]
pub(crate) enum TaskOutcome {
    /// The conversation closed with this outcome.
    Closed(String),
    /// The conversation waits for a person.
    HandedOff,
    /// Another process or the owner has it now.
    Lost,
    /// The process stops. The conversation stays ours until it is released.
    Stopped,
}

/// Shared by all conversation tasks of a process.
pub struct ConversationContext {
    /// The process that owns the conversations.
    pub process: ProcessId,
    /// Stores the conversations.
    pub store: Store,
    /// The flow of each session.
    pub flows: Arc<Flows>,
    /// Measures how soon messages are read.
    pub pickup_latency: Arc<PickupLatency>,
    /// Whether customers can reach us.
    pub reachability: Arc<Reachability>,
    /// This process' right to act on its conversations.
    pub lease: Arc<Lease>,
    /// Makes calls to the shop's own system.
    pub calls: Arc<Calls>,
    /// Gives replies to this process' sender, so that it need not wait for a bell from Redis.
    pub handover: Handover,
}

/// See the module.
pub(crate) struct ConversationTask {
    context: Arc<ConversationContext>,
    session: SessionName,
    /// The conversation as it was last read, without its inbox.
    held: HeldConversation,
    inbox: Inbox,
    state: State,
    /// When to ask the flow even if the customer stays silent.
    wake_at: Option<Millis>,
    /// A step has seen the inbox and left messages in it on purpose, so they don't count for the pickup latency again.
    left_unread: bool,
    /// The call that the flow waits for.
    call: Option<CallInProgress>,
    /// When the customer's last message arrived.
    last_message_at: Instant,
    /// When the flow may read the inbox, because the customer has paused for long enough. Another message moves it.
    quiet_at: Option<Instant>,
}

/// What to do after a step.
enum AfterStep {
    Waiting,
    MoreToRead,
    /// It was not committed, because it heard something else than the inbox in Redis.
    Refused,
    Ended(TaskOutcome),
}

impl ConversationTask {
    pub(crate) fn new(
        context: Arc<ConversationContext>,
        session: &SessionName,
        mut held: HeldConversation,
    ) -> Self {
        let state = state(&held);
        let mut inbox = Inbox::default();
        inbox.update(std::mem::take(&mut held.inbox));
        let last_message_at = last_message_at(&held);
        Self {
            context,
            session: session.clone(),
            held,
            inbox,
            state,
            wake_at: None,
            left_unread: false,
            call: None,
            last_message_at,
            quiet_at: None,
        }
    }

    pub(crate) async fn run(
        mut self,
        bell: &Doorbell,
        shutdown: &CancellationToken,
    ) -> TaskOutcome {
        let mut failures = 0;
        let mut more = false;
        loop {
            let rung = bell.take();
            if rung.check_ownership
                && let Some(ended) = Box::pin(self.recover(&mut failures, shutdown)).await
            {
                return ended;
            }
            if std::mem::take(&mut more) || rung.inbox || !self.hear(rung.messages) {
                match Box::pin(self.read_again()).await {
                    Ok(None) => {}
                    Ok(Some(ended)) => return ended,
                    Err(_) => {
                        if let Some(ended) = Box::pin(self.recover(&mut failures, shutdown)).await {
                            return ended;
                        }
                    }
                }
            }
            // Boxed, so that a task keeps the memory of a step only during the step: ten thousand customers may be silent.
            let stepped = Box::pin(self.step()).await;
            if let Err(error) = &stepped {
                debug!(%error, session = %self.session, chat = %self.held.chat, "a step was not committed; will \
                read the conversation again");
            }
            match stepped {
                Ok(AfterStep::Ended(ended)) => return ended,
                Ok(AfterStep::MoreToRead) => {
                    failures = 0;
                    more = true;
                }
                Ok(AfterStep::Waiting) => {
                    failures = 0;
                    let silence = self.time_to_wait();
                    tokio::select! {
                        () = bell.rings() => {}
                        () = sleep(silence) => {}
                        // Messages that came before the answer must be read first, even if their bells are late.
                        () = CallInProgress::finished(&mut self.call) => more = true,
                        () = shutdown.cancelled() => return TaskOutcome::Stopped,
                    }
                }
                Ok(AfterStep::Refused) | Err(_) => {
                    if let Some(ended) = Box::pin(self.recover(&mut failures, shutdown)).await {
                        return ended;
                    }
                }
            }
        }
    }

    /// Closes a conversation that can't be handled, with an apology.
    pub(crate) async fn close_with_apology(mut self, shutdown: &CancellationToken) -> TaskOutcome {
        let mut failures = 0;
        loop {
            let mut advance = self.script().give_up(self.state.clone());
            // Unread messages would open the next conversation, and perhaps cause the same panic.
            advance.consumed = self.inbox.said().len();
            if let Ok(AfterStep::Ended(ended)) = self.commit(advance, Millis::now()).await {
                return ended;
            }
            if let Some(ended) = self.recover(&mut failures, shutdown).await {
                return ended;
            }
        }
    }

    /// Closes a conversation for which there can't even be an apology. What the customer answered before stays in the history.
    pub(crate) async fn close_without_words(mut self, shutdown: &CancellationToken) -> TaskOutcome {
        let mut failures = 0;
        loop {
            let advance = Advance {
                state: self.state.clone(),
                replies: Vec::new(),
                next: Next::Close {
                    outcome: TROUBLE.to_owned(),
                    resumable: false,
                    asks_rating: false,
                },
                consumed: self.inbox.said().len(),
                last_used: None,
                remember: None,
                fault: None,
                fault_with_values: None,
            };
            if let Ok(AfterStep::Ended(ended)) = self.commit(advance, Millis::now()).await {
                return ended;
            }
            if let Some(ended) = self.recover(&mut failures, shutdown).await {
                return ended;
            }
        }
    }

    /// The flow to follow. Each step gets it again, because flows may be reloaded in between.
    fn script(&self) -> Arc<Script> {
        self.context.flows.of(&self.session)
    }

    /// Puts new messages into the inbox. Returns false if they don't follow what we know: then it must be read from Redis.
    fn hear(&mut self, messages: Vec<NewMessage>) -> bool {
        for message in messages {
            let follows = message.epoch == self.held.epoch
                && message.rev == self.held.rev
                && message.place == self.inbox.len();
            if !follows {
                return false;
            }
            self.inbox.push(message.stored);
            self.last_message_at = Instant::now();
        }
        true
    }

    /// Reads the conversation from Redis again: it finds new messages, and a commit whose answer was lost.
    async fn read_again(&mut self) -> Result<Option<TaskOutcome>, StoreError> {
        let held = self
            .context
            .store
            .read(&self.session, &self.held.chat, &self.context.process)
            .await?;
        match held {
            Some(mut held) if held.epoch == self.held.epoch => {
                if held.rev != self.held.rev {
                    self.state = state(&held);
                }
                self.last_message_at = last_message_at(&held);
                self.inbox.update(std::mem::take(&mut held.inbox));
                self.held = held;
                Ok(None)
            }
            _ => Ok(Some(TaskOutcome::Lost)),
        }
    }

    /// How long to sleep if nothing wakes the task.
    fn time_to_wait(&self) -> Duration {
        let until = |at: Millis| Millis::now().until(at);
        match self.quiet_at {
            // No reminder while the customer is still writing.
            Some(at) => at.saturating_duration_since(Instant::now()),
            None => self.wake_at.map_or(SLEEP_MAX, until).min(SLEEP_MAX),
        }
    }

    /// How long ago the first and the last of the unread messages arrived.
    fn quiet(&self) -> Quiet {
        let last = self.last_message_at.elapsed();
        let span = self.inbox.arrived().map_or(Duration::ZERO, |arrived| {
            arrived.end().since(*arrived.start())
        });
        let first = last + span;
        Quiet { last, first }
    }

    /// If there is something to decide, asks the flow and commits the result.
    async fn step(&mut self) -> Result<AfterStep, StoreError> {
        let now = Millis::now();
        self.quiet_at = None;
        if self.held.rev == 0 && self.inbox.is_withdrawn() {
            return self.close_withdrawn(now).await;
        }
        match self.continue_call(now) {
            CallProgress::NoCall => {}
            CallProgress::Waits => return Ok(AfterStep::Waiting),
            CallProgress::Continues(advance, usable) => {
                let stepped = self.commit_and_warn(*advance, now).await?;
                if let Some(usable) = usable {
                    // A lost count does no harm.
                    let _ = self.context.store.count_call(&self.session, usable).await;
                }
                return Ok(stepped);
            }
        }
        let begun = self.wake_at.is_some();
        if begun && self.inbox.is_empty() && self.wake_at.is_some_and(|at| now < at) {
            return Ok(AfterStep::Waiting);
        }
        if begun && self.inbox.is_empty() {
            let store = &self.context.store;
            if store.pause_does_not_count_yet(&self.session, now).await? {
                // Somebody may be restarting the session, and the customer's answer may come only after that: nobody times
                // out in these seconds, and the silence still counts from when it began.
                self.wake_at = Some(now + PAUSE_CHECK_INTERVAL);
                return Ok(AfterStep::Waiting);
            }
            self.count_silence_from_delivery(now).await?;
            // Time in which the customer could not reach us does not count either.
            let then = self.unreachable_until(now).await?;
            self.state.no_silence_before(then);
        }
        if begun
            && !self.left_unread
            && let Some(arrived) = self.inbox.arrived()
        {
            self.context
                .pickup_latency
                .note(now.since(*arrived.start()));
        }
        let script = self.script();
        if self.held.rev == 0 {
            let opened_at = self.held.opened;
            self.state = script.with_opening_hours(self.state.clone(), opened_at, now);
        }
        let unread = self.inbox.said();
        let ready = script.ready(&self.state, unread, self.quiet());
        self.quiet_at = ready.rest_ready_in.map(|time| Instant::now() + time);
        if ready.count == 0 && !unread.is_empty() {
            self.left_unread = true;
            return Ok(AfterStep::Waiting);
        }
        let advance = script.advance(self.state.clone(), &unread[..ready.count], now);
        self.commit_and_warn(advance, now).await
    }

    /// The customer withdrew all that opened the conversation before the flow read it: nobody is answered.
    async fn close_withdrawn(&mut self, now: Millis) -> Result<AfterStep, StoreError> {
        let advance = Advance {
            state: self.state.clone(),
            replies: Vec::new(),
            next: Next::Close {
                outcome: WITHDRAWN.to_owned(),
                // As before they wrote: they may still come back to where they stopped.
                resumable: !self.held.state.is_empty(),
                asks_rating: false,
            },
            consumed: 0,
            last_used: None,
            remember: None,
            fault: None,
            fault_with_values: None,
        };
        self.commit(advance, now).await
    }

    /// Logs a fault of the flow, if there was one, and commits the result.
    async fn commit_and_warn(
        &mut self,
        advance: Advance,
        now: Millis,
    ) -> Result<AfterStep, StoreError> {
        if let Some(fault) = &advance.fault {
            warn!(
                session = %self.session,
                chat = %self.held.chat,
                fault,
                "the flow failed in this conversation; check FLOW_FILE. The log names no values; to see them, play the same \
                answers in `waha-sm flow chat`"
            );
        }
        self.commit(advance, now).await
    }

    /// No silence counts before the question has been delivered.
    async fn count_silence_from_delivery(&mut self, now: Millis) -> Result<(), StoreError> {
        let (store, chat) = (&self.context.store, &self.held.chat);
        let (script, state) = (self.context.flows.of(&self.session), &mut self.state);
        // Another process sent it, and its clock may be ahead.
        match store.delivery_state(&self.session, chat).await? {
            DeliveryState::Waiting => script.delivered(state, now),
            DeliveryState::Delivered(at) => script.delivered(state, at.min(now)),
            DeliveryState::GivenUp(at) => script.not_delivered(state, at.min(now)),
            DeliveryState::NoneWaiting => {}
        }
        Ok(())
    }

    /// The end of the last time in which customers could not reach the session: `now` if they still can't, 0 if they always
    /// could.
    async fn unreachable_until(&self, now: Millis) -> Result<Millis, StoreError> {
        let ConversationContext {
            store,
            reachability,
            ..
        } = &*self.context;
        let known = store
            .unreachable_until(&self.session, UNREACHABLE_AFTER, now)
            .await?;
        if known != Some(now) && !reachability.check(&self.session).await {
            return Ok(now);
        }
        Ok(known.unwrap_or_default())
    }

    /// Commits the flow's decision.
    async fn commit(&mut self, mut advance: Advance, now: Millis) -> Result<AfterStep, StoreError> {
        // Chosen before the commit and stored by it. After a failover, Redis may count this revision a second time, for another
        // step.
        let nonce = nonce();
        self.prepare_calls(&mut advance, &nonce);
        let handoff = match &advance.next {
            Next::HandOff {
                within,
                team,
                urgent,
            } => Some(Handoff {
                within: within.unwrap_or_default(),
                team: team.clone(),
                urgent: *urgent,
                note: advance.state.note().unwrap_or_default().to_owned(),
            }),
            _ => None,
        };
        let mut asks_rating = false;
        let (outcome, resumable, wake_at) = match advance.next {
            Next::Wait { wake_at } => (None, false, Some(wake_at)),
            Next::Call | Next::HandOff { .. } => (None, false, None),
            Next::Close {
                outcome,
                resumable,
                asks_rating: asks,
            } => {
                asks_rating = asks;
                (Some(outcome), resumable, None)
            }
        };
        let variables =
            || serde_json::to_string(advance.state.variables()).unwrap_or_else(|_| "{}".to_owned());
        let consumed = self.inbox.places(advance.consumed);
        let step = StepCommit {
            chat: self.held.chat.clone(),
            epoch: self.held.epoch.clone(),
            rev: self.held.rev,
            consumed: self.inbox.first(consumed),
            state: serde_json::to_string(&advance.state).unwrap_or_default(),
            close: outcome.clone().map(|outcome| Close {
                outcome,
                variables: variables(),
                resume_within: if resumable {
                    self.script().resume_within()
                } else {
                    Duration::ZERO
                },
                asks_rating,
            }),
            known: advance.remember.take(),
            handoff,
            replies: self.replies(advance.replies, &nonce, now),
            sender: None,
            now,
        };
        let hands_off = step.handoff.is_some();
        let unread = match self.commit_and_send(step).await? {
            Committed::Done { unread, .. } => unread,
            Committed::NotInInbox => return Ok(AfterStep::Refused),
            Committed::Stale => return Ok(AfterStep::Ended(TaskOutcome::Lost)),
        };
        Ok(match outcome {
            Some(outcome) => AfterStep::Ended(TaskOutcome::Closed(outcome)),
            None if hands_off => AfterStep::Ended(TaskOutcome::HandedOff),
            None => {
                self.held.rev += 1;
                // Messages still in the inbox were left on purpose: the flow pauses, or the customer is still writing.
                self.inbox.consume(consumed);
                self.left_unread = !self.inbox.is_empty();
                self.state = advance.state;
                self.wake_at = wake_at;
                self.start_call();
                if unread == self.inbox.len() as u64 {
                    AfterStep::Waiting
                } else {
                    AfterStep::MoreToRead
                }
            }
        })
    }

    /// Commits a step, and gives its lane to the sender.
    async fn commit_and_send(&self, mut step: StepCommit) -> Result<Committed, StoreError> {
        let ConversationContext {
            store,
            process,
            handover,
            ..
        } = &*self.context;
        let (session, replies) = (&self.session, !step.replies.is_empty());
        let takes_lane = replies && handover.may_take(session);
        step.sender = takes_lane.then(|| process.clone());
        let asked = Instant::now();
        let mut committed = store.commit(session, step).await;
        match &mut committed {
            Ok(Committed::Done { lane, .. }) => match lane.take() {
                Some(lane) => handover.give(session, Some(*lane), asked),
                None if replies => handover.ring(session),
                None => {}
            },
            Err(_) if takes_lane => handover.give(session, None, asked),
            _ => {}
        }
        committed
    }

    fn replies(&self, replies: Vec<flow::FlowReply>, nonce: &str, now: Millis) -> Vec<Reply> {
        let reply = |(number, reply): (usize, flow::FlowReply)| Reply {
            id: format!("{}:{}:{nonce}:{number}", self.held.id, self.held.rev),
            conversation: self.held.id.clone(),
            text: reply.text,
            media: reply.media,
            queued_at: now,
            attempts: 0,
            by: None,
            notice: false,
        };
        replies.into_iter().enumerate().map(reply).collect()
    }

    /// Call this when an answer from Redis was lost, or a step was refused. Only Redis knows what was done, so this reads the
    /// conversation again.
    async fn recover(
        &mut self,
        failures: &mut u32,
        shutdown: &CancellationToken,
    ) -> Option<TaskOutcome> {
        loop {
            let delay = backoff::jittered(
                backoff::delay(*failures, RETRY_FIRST, RETRY_LONGEST),
                fastrand::f64(),
            );
            *failures += 1;
            tokio::select! {
                () = sleep(delay) => {}
                () = shutdown.cancelled() => return Some(TaskOutcome::Stopped),
            }
            if let Ok(ended) = self.read_again().await {
                return ended;
            }
        }
    }
}
