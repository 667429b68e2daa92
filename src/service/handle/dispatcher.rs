//! The dispatcher is responsible for the workers of this process: for each idle worker it claims the conversation that
//! has waited longest and starts a task that handles it until it closes.
//!
//! A worker is a place for one conversation, not a thread. An idle worker costs nothing; a busy one is a task that
//! sleeps until the customer writes or a timeout ends.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, SessionName};
use crate::service::handle::conversation::{ConversationContext, ConversationTask, TaskOutcome};
use crate::service::handle::doorbell::Doorbell;
use crate::service::handle::panic_count::{PANICS_MAX, Panics, SessionChat};
use crate::service::kit::session_queue::SessionQueue;
use crate::service::kit::session_rounds::{AT_ONCE, joined};
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::{Bell, HeldConversation, Store, StoreError};

/// How often we look again at sessions where something went wrong.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Every N polls, reconcile the sessions of our own conversations with Redis, because a bell may have been lost.
const RECONCILE_POLLS: u32 = 20;
/// How many conversations one call claims. This limits how long the call blocks Redis.
const CLAIM_MAX: usize = 100;
/// How many sessions we compare with Redis at once. Some of their servers may not answer for seconds.
const READS_MAX: usize = 8;

/// See the module.
pub struct Dispatcher {
    /// What all conversation tasks share.
    pub context: Arc<ConversationContext>,
    /// How many conversations are handled at a time.
    pub workers: usize,
    /// [`Bell::Queue`], [`Bell::Inbox`], [`Bell::Message`], [`Bell::TakenOver`], [`Bell::AtDesk`] and [`Bell::LeftAlone`].
    pub bells: mpsc::UnboundedReceiver<Bell>,
}

/// The state of a running dispatcher.
struct DispatcherState {
    dispatcher: Dispatcher,
    /// The conversations that this process handles, with the bell of each.
    active: HashMap<SessionChat, Arc<Doorbell>>,
    /// Those of them that use no worker, because they were opened outside opening hours.
    over_capacity: HashSet<SessionChat>,
    /// Sessions that may have a conversation in line.
    sessions_waiting: SessionQueue,
    /// Sessions that may have a conversation opened outside opening hours.
    maybe_closed: HashSet<SessionName>,
    /// Sessions where an answer to a claim was lost, or a task panicked. The next poll compares our conversations with Redis.
    unsure: HashSet<SessionName>,
    /// Sessions to compare with Redis now, and those of them where only our own conversations matter.
    to_compare: SessionQueue,
    only_ours: HashSet<SessionName>,
    /// The calls to Redis on their way: at most one in each session, so that no conversation gets two tasks.
    calls: JoinSet<(SessionName, CallDone)>,
    /// Their sessions, with the chats whose bell rang meanwhile: the answer may be older than that.
    calling: HashMap<SessionName, HashSet<ChatId>>,
    /// How many of the calls claim, and for how many workers; and how many compare.
    claims: usize,
    reserved: usize,
    reads: usize,
    /// Bells were missed or our lease lapsed: look at all sessions.
    must_look_everywhere: bool,
    panics: Panics,
    /// Polls since the last reconciliation.
    polls: u32,
    store_errors: StoreErrorLog,
    ended: mpsc::UnboundedSender<TaskEnd>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Dispatcher {
    /// Runs until `shutdown`; then every conversation finishes its current step. The conversations stay ours until `app`
    /// releases them.
    pub async fn run(self, shutdown: CancellationToken) {
        let (ended, mut endings) = mpsc::unbounded_channel();
        let mut state = DispatcherState {
            dispatcher: self,
            active: HashMap::new(),
            over_capacity: HashSet::new(),
            sessions_waiting: SessionQueue::default(),
            maybe_closed: HashSet::new(),
            unsure: HashSet::new(),
            to_compare: SessionQueue::default(),
            only_ours: HashSet::new(),
            calls: JoinSet::new(),
            calling: HashMap::new(),
            claims: 0,
            reserved: 0,
            reads: 0,
            // The first look, at the start.
            must_look_everywhere: true,
            panics: Panics::default(),
            polls: 0,
            store_errors: StoreErrorLog::default(),
            ended,
            tasks: TaskTracker::new(),
            shutdown: shutdown.clone(),
        };
        let mut poll = interval(POLL_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                bell = state.dispatcher.bells.recv() => match bell {
                    Some(bell) => state.on_bell(bell),
                    None => break,
                },
                ending = endings.recv() => state.on_end(ending),
                Some(done) = state.calls.join_next() => {
                    if let Some((session, done)) = joined(done) {
                        state.on_called(session, done);
                    }
                }
                _ = poll.tick() => {
                    state.polls = state.polls.saturating_add(1);
                    state.poll();
                }
                () = shutdown.cancelled() => break,
            }
            state.claim_closed();
            state.claim();
            state.compare();
        }
        state.tasks.close();
        state.tasks.wait().await;
    }
}

impl DispatcherState {
    fn on_bell(&mut self, bell: Bell) {
        match bell {
            Bell::Queue(session) => self.mark_waiting(session),
            Bell::Inbox(session, chat) => self.ring(session, chat, Doorbell::ring),
            Bell::Message(session, chat, message) => {
                self.ring(session, chat, |bell| bell.ring_with(message));
            }
            Bell::TakenOver(session, chat) => self.ring(session, chat, Doorbell::ring_taken_over),
            Bell::AtDesk(session, chat) => self.ring(session, chat, Doorbell::ring_at_desk),
            Bell::LeftAlone(session, chat) => self.ring(session, chat, Doorbell::ring_left_alone),
            Bell::Missed => {
                // Perhaps after a failover: Redis may have forgotten that a conversation is ours, or that it is not.
                self.must_look_everywhere = true;
                self.poll();
            }
            Bell::SessionWorks(session) => drop(self.unsure.insert(session)),
            Bell::Announce(_) | Bell::Lanes(_) | Bell::Due(_) | Bell::Flows(_) => {}
        }
    }

    /// Rings the bell of a conversation. It may also be one whose task does not run yet, because the answer to our claim is on its way.
    fn ring(&mut self, session: SessionName, chat: ChatId, how: impl FnOnce(&Doorbell)) {
        let key = (session, chat);
        if let Some(bell) = self.active.get(&key) {
            how(bell);
        }
        if let Some(rung) = self.calling.get_mut(&key.0) {
            rung.insert(key.1);
        }
    }

    fn on_end(&mut self, ending: Option<TaskEnd>) {
        let Some(TaskEnd {
            chat,
            conversation,
            bell,
            panicked,
        }) = ending
        else {
            return;
        };
        // The chat's next conversation may have been claimed before this end arrived.
        if self
            .active
            .get(&chat)
            .is_some_and(|current| Arc::ptr_eq(current, &bell))
        {
            self.active.remove(&chat);
            self.over_capacity.remove(&chat);
        }
        if panicked {
            let panics = self.panics.count(&chat, &conversation);
            warn!(
                session = %chat.0,
                chat = %chat.1,
                %conversation,
                panics,
                "the task of this conversation panicked and will start again from what was saved; the log lines before \
                this one (`panicked at`) say where"
            );
            self.unsure.insert(chat.0.clone());
        } else {
            self.panics.forget(&chat);
        }
        self.mark_waiting(chat.0);
    }

    fn idle_workers(&self) -> usize {
        let working = self.active.len().saturating_sub(self.over_capacity.len());
        let workers = self.dispatcher.workers;
        workers.saturating_sub(working + self.reserved)
    }

    /// Finds work whose bells were lost: everywhere if many may have been lost, else where something went wrong, and from time to
    /// time in the sessions of our own conversations. (The lookout finds a single one that was lost.)
    fn poll(&mut self) {
        self.must_look_everywhere |= self.dispatcher.context.lease.take_lapsed();
        let everywhere = SessionName::none();
        if self.must_look_everywhere && !self.calling.contains_key(&everywhere) {
            self.must_look_everywhere = false;
            let context = self.dispatcher.context.clone();
            self.call(everywhere, async move |_| {
                CallDone::Busy(context.store.busy_sessions().await)
            });
        }
        let mut sessions = std::mem::take(&mut self.unsure);
        for session in &sessions {
            self.only_ours.remove(session);
        }
        if self.polls >= RECONCILE_POLLS {
            self.polls = 0;
            for (session, _) in self.active.keys() {
                if sessions.insert(session.clone()) {
                    self.only_ours.insert(session.clone());
                }
            }
        }
        for session in sessions {
            self.to_compare.push(session);
        }
    }

    /// Compares our conversations with Redis.
    fn compare(&mut self) {
        while self.reads < READS_MAX
            && let Some(session) = pop_free(&mut self.to_compare, &self.calling)
        {
            self.reads += 1;
            let known = self.active.keys().filter(|(of, _)| *of == session);
            let known: HashSet<ChatId> = known.map(|(_, chat)| chat.clone()).collect();
            let (context, only_ours) = (
                self.dispatcher.context.clone(),
                self.only_ours.remove(&session),
            );
            self.call(session, async move |session| {
                CallDone::Compared(OursInRedis::read(&context, &session, &known, only_ours).await)
            });
        }
    }

    /// Claims waiting conversations for the idle workers. Sessions take turns, and each gets its share of the workers, so
    /// that a busy session leaves some for the others.
    fn claim(&mut self) {
        while self.claims < AT_ONCE
            && let idle @ 1.. = self.idle_workers()
            && let Some(session) = pop_free(&mut self.sessions_waiting, &self.calling)
        {
            let count = (idle / (self.sessions_waiting.len() + 1)).clamp(1, CLAIM_MAX);
            self.claims += 1;
            self.reserved += count;
            let context = self.dispatcher.context.clone();
            self.call(session, async move |session| {
                let (store, process, now) = (&context.store, &context.process, Millis::now());
                let claimed = store.claim(&session, process, count, now).await;
                CallDone::Claimed { count, claimed }
            });
        }
    }

    /// Claims conversations opened outside opening hours, even if no worker is idle. No customer should wait in line just to
    /// read that the shop is closed.
    fn claim_closed(&mut self) {
        let maybe_closed: Vec<SessionName> = self.maybe_closed.drain().collect();
        for session in maybe_closed {
            let (context, now) = (self.dispatcher.context.clone(), Millis::now());
            let Some(since) = context.flows.of(&session).closed_since(now) else {
                continue;
            };
            if self.calling.contains_key(&session) || self.claims >= AT_ONCE {
                self.maybe_closed.insert(session);
                continue;
            }
            self.claims += 1;
            self.call(session, async move |session| {
                let (store, process) = (&context.store, &context.process);
                let claimed = store.claim_closed(&session, process, CLAIM_MAX, now, since);
                CallDone::ClaimedClosed(claimed.await)
            });
        }
    }

    /// Calls Redis in a task of its own, so that a session whose server does not answer keeps none of the others waiting.
    fn call<Calling>(&mut self, session: SessionName, call: impl FnOnce(SessionName) -> Calling)
    where
        Calling: Future<Output = CallDone> + Send + 'static,
    {
        self.calling.insert(session.clone(), HashSet::new());
        let calling = call(session.clone());
        self.calls.spawn(async move { (session, calling.await) });
    }

    fn on_called(&mut self, session: SessionName, done: CallDone) {
        let rung = self.calling.remove(&session).unwrap_or_default();
        let (what, done) = match done {
            CallDone::Claimed { count, claimed } => {
                self.claims -= 1;
                self.reserved -= count;
                let done = claimed.map(|claimed| self.on_claimed(&session, claimed, &rung, count));
                ("could not claim conversations", done)
            }
            CallDone::ClaimedClosed(claimed) => {
                self.claims -= 1;
                let done = claimed.map(|claimed| self.on_claimed_closed(&session, claimed, &rung));
                ("could not claim conversations", done)
            }
            CallDone::Busy(Ok(busy)) => {
                for session in busy {
                    self.only_ours.remove(&session);
                    self.to_compare.push(session);
                }
                return;
            }
            CallDone::Busy(Err(error)) => {
                let what = "could not look for conversations to handle";
                self.store_errors.log(what, &error);
                self.must_look_everywhere = true;
                return;
            }
            CallDone::Compared(held) => {
                self.reads -= 1;
                let done = held.map(|held| self.on_compared(&session, held, &rung));
                ("could not look for conversations to handle", done)
            }
        };
        if let Err(error) = done {
            self.store_errors.log_of(&session, what, &error);
            self.unsure.insert(session);
        }
    }

    fn on_claimed(
        &mut self,
        session: &SessionName,
        claimed: Vec<HeldConversation>,
        rung: &HashSet<ChatId>,
        count: usize,
    ) {
        let more = claimed.len() == count;
        for claimed in claimed {
            self.over_capacity
                .remove(&(session.clone(), claimed.chat.clone()));
            self.start_task(session, claimed, rung);
        }
        if more {
            self.sessions_waiting.push(session.clone());
        }
    }

    fn on_claimed_closed(
        &mut self,
        session: &SessionName,
        claimed: Vec<HeldConversation>,
        rung: &HashSet<ChatId>,
    ) {
        let more = claimed.len() == CLAIM_MAX;
        for claimed in claimed {
            self.over_capacity
                .insert((session.clone(), claimed.chat.clone()));
            self.start_task(session, claimed, rung);
        }
        if more {
            self.maybe_closed.insert(session.clone());
        }
    }

    /// Starts missing tasks, and wakes tasks that have unread messages, or whose conversation now belongs to another process.
    fn on_compared(&mut self, session: &SessionName, held: OursInRedis, rung: &HashSet<ChatId>) {
        for chat in held.unread.iter().flatten() {
            if let Some(bell) = self.active.get(&(session.clone(), chat.clone())) {
                bell.ring();
            }
        }
        for ((_, chat), bell) in self.active.iter().filter(|((of, _), _)| of == session) {
            if !held.chats.contains(chat) {
                bell.ring_to_check_ownership();
            }
        }
        for claimed in held.without_task {
            self.start_task(session, claimed, rung);
        }
        if held.unread.is_some() {
            self.mark_waiting(session.clone());
        }
    }

    /// Notes that this session may have a conversation in line.
    fn mark_waiting(&mut self, session: SessionName) {
        self.maybe_closed.insert(session.clone());
        self.sessions_waiting.push(session);
    }

    /// `rung`: the chats whose bell rang after Redis may have answered.
    fn start_task(
        &mut self,
        session: &SessionName,
        claimed: HeldConversation,
        rung: &HashSet<ChatId>,
    ) {
        let chat = (session.clone(), claimed.chat.clone());
        debug!(
            %session,
            chat = %claimed.chat,
            conversation = %claimed.id,
            "claimed a conversation"
        );
        let bell = Arc::new(Doorbell::default());
        if rung.contains(&claimed.chat) {
            bell.ring();
        }
        // After a failover, Redis may not know that we have it, and give it to us a second time: the first task ends.
        if let Some(before) = self.active.insert(chat.clone(), bell.clone()) {
            before.ring_to_check_ownership();
        }
        let panics = self.panics.of(&chat, &claimed.id);
        if panics == PANICS_MAX {
            error!(
                %session,
                chat = %claimed.chat,
                conversation = %claimed.id,
                panics,
                "the task of this conversation panicked {PANICS_MAX} times: the conversation is closed with an \
                apology, so that it does not block a worker. This is a bug in waha-sm: please report it with the log \
                lines that say `panicked at`"
            );
        }
        let conversation = claimed.id.clone();
        let of_task = conversation.clone();
        let (context, of_session) = (self.dispatcher.context.clone(), session.clone());
        let shutdown = self.shutdown.clone();
        let (store, of_end) = (self.dispatcher.context.store.clone(), bell.clone());
        let ending = TaskEnd {
            chat: chat.clone(),
            conversation,
            bell: bell.clone(),
            panicked: true,
        };
        let report = ReportTaskEnd {
            ending: Some(ending),
            ended: self.ended.clone(),
        };
        self.tasks.spawn(async move {
            // Moved into the task, so that dropping it reports the end even after a panic.
            let report = report;
            // Here, because even to read what was stored may panic.
            let task = ConversationTask::new(context, &of_session, claimed);
            let ended = match panics {
                0..PANICS_MAX => task.run(&bell, &shutdown).await,
                PANICS_MAX => Box::pin(task.close_with_apology(&shutdown)).await,
                _ => Box::pin(task.close_without_words(&shutdown)).await,
            };
            match ended {
                TaskOutcome::Closed(outcome) => {
                    info!(session = %chat.0, chat = %chat.1, outcome, "conversation closed");
                }
                TaskOutcome::HandedOff => {
                    info!(session = %chat.0, chat = %chat.1, "the customer waits for a person");
                }
                // Boxed for the same reason as in `ConversationTask::run`.
                TaskOutcome::Lost if Box::pin(owner_took_over(&store, &chat, &of_end)).await => info!(
                    session = %chat.0,
                    chat = %chat.1,
                    "the owner answers this chat from their own phone; the worker is free again"
                ),
                TaskOutcome::Lost if Box::pin(is_at_desk(&store, &chat, &of_end)).await => info!(
                    session = %chat.0,
                    chat = %chat.1,
                    "a person took or closed this conversation; the worker is free again"
                ),
                TaskOutcome::Lost if Box::pin(left_alone(&store, &chat, &of_end)).await => info!(
                    session = %chat.0,
                    chat = %chat.1,
                    outcome = "limit",
                    "conversation closed: the bot leaves this chat alone; the worker is free again"
                ),
                // A bell that would say why may be on its way, or lost.
                TaskOutcome::Lost if Box::pin(has_ended(&store, &chat, &of_task)).await => info!(
                    session = %chat.0,
                    chat = %chat.1,
                    "this conversation ended elsewhere: the owner or a person closed it, another process did, or the \
                    customer's two ids became one chat; the worker is free again"
                ),
                TaskOutcome::Lost => warn!(
                    session = %chat.0,
                    chat = %chat.1,
                    "this process lost this conversation, which continues elsewhere: this process sent no heartbeat \
                    for a while (overloaded?), so another took over, or the customer's two ids became one chat"
                ),
                TaskOutcome::Stopped => {}
            }
            report.without_panic();
        });
    }
}

/// Whether the owner took over the conversation by answering from their own phone, even if only briefly.
async fn owner_took_over(store: &Store, (session, chat): &SessionChat, bell: &Doorbell) -> bool {
    bell.was_taken_over() || store.is_with_phone(session, chat).await.unwrap_or(false)
}

/// Whether a person at the desk took or closed the conversation. The bell may still be on its way.
async fn is_at_desk(store: &Store, (session, chat): &SessionChat, bell: &Doorbell) -> bool {
    bell.was_at_desk() || store.is_held(session, chat).await.unwrap_or(false)
}

/// Whether the conversation was closed because its chat reached a limit.
async fn left_alone(store: &Store, (session, chat): &SessionChat, bell: &Doorbell) -> bool {
    bell.was_left_alone() || store.is_left_alone(session, chat).await.unwrap_or(false)
}

/// Whether no conversation with this id is open in the chat.
async fn has_ended(
    store: &Store,
    (session, chat): &SessionChat,
    conversation: &ConversationId,
) -> bool {
    let is_open = store.is_open(session, chat, conversation).await;
    !is_open.unwrap_or(true)
}

/// The answer to a call.
enum CallDone {
    Claimed {
        /// How many were asked for.
        count: usize,
        claimed: Result<Vec<HeldConversation>, StoreError>,
    },
    ClaimedClosed(Result<Vec<HeldConversation>, StoreError>),
    Compared(Result<OursInRedis, StoreError>),
    /// Which sessions are busy. This call is of no session.
    Busy(Result<Vec<SessionName>, StoreError>),
}

/// Our conversations in a session, according to Redis.
struct OursInRedis {
    chats: HashSet<ChatId>,
    /// Those that no task handles.
    without_task: Vec<HeldConversation>,
    /// Active chats of any process with unread messages; `None` if only our own conversations mattered.
    unread: Option<Vec<ChatId>>,
}

impl OursInRedis {
    /// `known`: the chats that have a task.
    async fn read(
        context: &ConversationContext,
        session: &SessionName,
        known: &HashSet<ChatId>,
        only_ours: bool,
    ) -> Result<Self, StoreError> {
        let ConversationContext { store, process, .. } = context;
        let chats = store.conversations_of_process(session, process).await?;
        let chats: HashSet<ChatId> = chats.into_iter().collect();
        let mut without_task = Vec::new();
        for chat in chats.difference(known) {
            without_task.extend(store.read(session, chat, process).await?);
        }
        let unread = match only_ours {
            true => None,
            false => Some(store.unread(session).await?),
        };
        Ok(Self {
            chats,
            without_task,
            unread,
        })
    }
}

/// Takes the first session in which no call is on its way.
fn pop_free(
    sessions: &mut SessionQueue,
    calling: &HashMap<SessionName, HashSet<ChatId>>,
) -> Option<SessionName> {
    for _ in 0..sessions.len() {
        let session = sessions.pop()?;
        if !calling.contains_key(&session) {
            return Some(session);
        }
        sessions.push(session);
    }
    None
}

/// The end of a conversation's task.
struct TaskEnd {
    chat: SessionChat,
    conversation: ConversationId,
    bell: Arc<Doorbell>,
    panicked: bool,
}

/// Reports the end of a task when it is dropped.
struct ReportTaskEnd {
    ending: Option<TaskEnd>,
    ended: mpsc::UnboundedSender<TaskEnd>,
}

impl ReportTaskEnd {
    fn without_panic(mut self) {
        if let Some(ending) = &mut self.ending {
            ending.panicked = false;
        }
    }
}

impl Drop for ReportTaskEnd {
    fn drop(&mut self) {
        if let Some(ending) = self.ending.take() {
            // This fails only while we stop, and then nobody needs the report.
            let _ = self.ended.send(ending);
        }
    }
}
