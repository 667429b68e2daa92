//! The dispatcher is responsible for the workers of this process: for each idle worker it claims the conversation that
//! has waited longest and starts a task that handles it until it closes.
//!
//! A worker is a place for one conversation, not a thread. An idle worker costs nothing; a busy one is a task that
//! sleeps until the customer writes or a timeout ends.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, SessionName};
use crate::service::handle::conversation::{ConversationContext, ConversationTask, TaskOutcome};
use crate::service::handle::doorbell::Doorbell;
use crate::service::handle::panic_count::{PANICS_MAX, Panics, SessionChat};
use crate::service::kit::session_pages::SessionPages;
use crate::service::kit::session_queue::SessionQueue;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::{Bell, HeldConversation, Store, StoreError};

/// If a bell was lost, the work is found after this time at the latest.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Every N polls, reconcile the sessions of the poll with Redis, because a bell may have been lost.
const RECONCILE_POLLS: u32 = 10;
/// How many conversations one call claims. This limits how long the call blocks Redis.
const CLAIM_MAX: usize = 100;

/// See the module.
pub struct Dispatcher {
    /// What all conversation tasks share.
    pub context: Arc<ConversationContext>,
    /// How many conversations are handled at a time.
    pub workers: usize,
    /// [`Bell::Queue`], [`Bell::Inbox`], [`Bell::TakenOver`], [`Bell::AtDesk`] and [`Bell::LeftAlone`].
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
    pages: SessionPages,
    /// Sessions that may have a conversation opened outside opening hours.
    maybe_closed: HashSet<SessionName>,
    /// An answer to a claim was lost, a task panicked, our lease lapsed or it is time: compare our conversations with Redis.
    must_reconcile: bool,
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
            pages: SessionPages::default(),
            maybe_closed: HashSet::new(),
            must_reconcile: false,
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
                    Some(bell) => state.on_bell(bell).await,
                    None => break,
                },
                ending = endings.recv() => state.on_end(ending),
                _ = poll.tick() => {
                    state.polls = state.polls.saturating_add(1);
                    state.poll_all().await;
                }
                () = shutdown.cancelled() => break,
            }
            state.claim_closed().await;
            state.claim().await;
        }
        state.tasks.close();
        state.tasks.wait().await;
    }
}

impl DispatcherState {
    async fn on_bell(&mut self, bell: Bell) {
        match bell {
            Bell::Queue(session) => self.mark_waiting(session),
            Bell::Inbox(session, chat) => {
                if let Some(bell) = self.active.get(&(session, chat)) {
                    bell.ring();
                }
            }
            Bell::TakenOver(session, chat) => {
                if let Some(bell) = self.active.get(&(session, chat)) {
                    bell.ring_taken_over();
                }
            }
            Bell::AtDesk(session, chat) => {
                if let Some(bell) = self.active.get(&(session, chat)) {
                    bell.ring_at_desk();
                }
            }
            Bell::LeftAlone(session, chat) => {
                if let Some(bell) = self.active.get(&(session, chat)) {
                    bell.ring_left_alone();
                }
            }
            Bell::Missed => {
                // Perhaps after a failover: Redis may have forgotten that a conversation is ours, or that it is not.
                self.must_reconcile = true;
                self.poll_all().await;
            }
            Bell::SessionWorks(_) => self.must_reconcile = true,
            Bell::Announce(_) | Bell::Lanes(_) | Bell::Flows(_) => {}
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
            self.must_reconcile = true;
        } else {
            self.panics.forget(&chat);
        }
        self.mark_waiting(chat.0);
    }

    fn idle_workers(&self) -> usize {
        let working = self.active.len().saturating_sub(self.over_capacity.len());
        self.dispatcher.workers.saturating_sub(working)
    }

    /// Finds work whose bells were lost.
    async fn poll_all(&mut self) {
        if let Err(error) = self.try_poll_all().await {
            self.store_errors
                .log("could not look for conversations to handle", &error);
        }
    }

    async fn try_poll_all(&mut self) -> Result<(), StoreError> {
        let is_due = self.polls >= RECONCILE_POLLS;
        let store = self.dispatcher.context.store.clone();
        self.must_reconcile |= self.dispatcher.context.lease.take_lapsed();
        let sessions = match self.must_reconcile {
            true => store.busy_sessions().await?,
            false => self.pages.next(&store).await?,
        };
        for session in sessions {
            for chat in store.unread(&session).await? {
                if let Some(bell) = self.active.get(&(session.clone(), chat)) {
                    bell.ring();
                }
            }
            if self.must_reconcile || is_due {
                self.reconcile(&store, &session).await?;
            }
            self.mark_waiting(session);
        }
        if is_due {
            self.polls = 0;
        }
        self.must_reconcile = false;
        Ok(())
    }

    /// Compares our tasks with the conversations that are ours in Redis. Starts missing tasks, and wakes tasks whose
    /// conversation now belongs to another process.
    async fn reconcile(&mut self, store: &Store, session: &SessionName) -> Result<(), StoreError> {
        let held: HashSet<ChatId> = store
            .conversations_of_process(session, &self.dispatcher.context.process)
            .await?
            .into_iter()
            .collect();
        for ((_, chat), bell) in self.active.iter().filter(|((of, _), _)| of == session) {
            if !held.contains(chat) {
                bell.ring_to_check_ownership();
            }
        }
        for chat in held {
            if self.active.contains_key(&(session.clone(), chat.clone())) {
                continue;
            }
            if let Some(claimed) = store
                .read(session, &chat, &self.dispatcher.context.process)
                .await?
            {
                self.start_task(session, claimed);
            }
        }
        Ok(())
    }

    /// Claims waiting conversations for the idle workers. Sessions take turns, and each gets its share of the workers, so
    /// that a busy session leaves some for the others.
    async fn claim(&mut self) {
        while let (idle @ 1.., Some(session)) = (self.idle_workers(), self.sessions_waiting.pop()) {
            let count = (idle / (self.sessions_waiting.len() + 1)).clamp(1, CLAIM_MAX);
            match self
                .dispatcher
                .context
                .store
                .claim(
                    &session,
                    &self.dispatcher.context.process,
                    count,
                    Millis::now(),
                )
                .await
            {
                Ok(claimed) => {
                    let more = claimed.len() == count;
                    claimed.into_iter().for_each(|claimed| {
                        self.over_capacity
                            .remove(&(session.clone(), claimed.chat.clone()));
                        self.start_task(&session, claimed);
                    });
                    if more {
                        self.sessions_waiting.push(session);
                    }
                }
                Err(error) => {
                    self.store_errors
                        .log("could not claim conversations", &error);
                    self.must_reconcile = true;
                }
            }
        }
    }

    /// Claims conversations opened outside opening hours, even if no worker is idle. No customer should wait in line just to
    /// read that the shop is closed.
    async fn claim_closed(&mut self) {
        let mut maybe_closed: Vec<SessionName> = self.maybe_closed.drain().collect();
        while let Some(session) = maybe_closed.pop() {
            let (context, now) = (&self.dispatcher.context, Millis::now());
            let script = context.flows.of(&session);
            let Some(since) = script.closed_since(now) else {
                continue;
            };
            let process = &context.process;
            let claiming = context
                .store
                .claim_closed(&session, process, CLAIM_MAX, now, since);
            match claiming.await {
                Ok(claimed) => {
                    let more = claimed.len() == CLAIM_MAX;
                    for claimed in claimed {
                        self.over_capacity
                            .insert((session.clone(), claimed.chat.clone()));
                        self.start_task(&session, claimed);
                    }
                    if more {
                        maybe_closed.push(session);
                    }
                }
                Err(error) => {
                    self.store_errors
                        .log("could not claim conversations", &error);
                    self.must_reconcile = true;
                }
            }
        }
    }

    /// Notes that this session may have a conversation in line.
    fn mark_waiting(&mut self, session: SessionName) {
        self.maybe_closed.insert(session.clone());
        self.sessions_waiting.push(session);
    }

    fn start_task(&mut self, session: &SessionName, claimed: HeldConversation) {
        let chat = (session.clone(), claimed.chat.clone());
        debug!(
            %session,
            chat = %claimed.chat,
            conversation = %claimed.id,
            "claimed a conversation"
        );
        let bell = Arc::new(Doorbell::default());
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
        let (context, of_session) = (self.dispatcher.context.clone(), session.clone());
        let shutdown = self.shutdown.clone();
        let (store, rung) = (self.dispatcher.context.store.clone(), bell.clone());
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
                TaskOutcome::Lost if Box::pin(owner_took_over(&store, &chat, &rung)).await => info!(
                    session = %chat.0,
                    chat = %chat.1,
                    "the owner answers this chat from their own phone; the worker is free again"
                ),
                TaskOutcome::Lost if Box::pin(is_at_desk(&store, &chat, &rung)).await => info!(
                    session = %chat.0,
                    chat = %chat.1,
                    "a person took or closed this conversation; the worker is free again"
                ),
                TaskOutcome::Lost if Box::pin(left_alone(&store, &chat, &rung)).await => info!(
                    session = %chat.0,
                    chat = %chat.1,
                    outcome = "limit",
                    "conversation closed: the bot leaves this chat alone; the worker is free again"
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
