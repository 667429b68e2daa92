//! The worker is responsible for conversations: it claims those that have waited longest, one for each idle
//! worker of this process, and follows the flow with each customer until the close.
//!
//! A worker is a place, not a thread: idle ones cost nothing, one that attends is a task that sleeps until its
//! customer writes or falls silent.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::clock;
use crate::ids::{ChatId, ConversationId, SessionName};
use crate::service::handle::conversation::{Attendance, Context, Ended};
use crate::service::handle::doorbell::Doorbell;
use crate::service::kit::store_error_log::Complaint;
use crate::store::{Bell, Claimed, Error, Store};

/// Who missed a bell finds the work at the latest after this.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Each so many polls what is attended is compared with what Redis says is ours: a bell that told of a change may have
/// been missed.
const COMPARE_POLLS: u32 = 10;
/// Conversations claimed in one call; bounds how long Redis is held up.
const CLAIM_MAX: usize = 100;

/// An attendance that panicked so often will panic for ever: the conversation is let go.
const PANICS_MAX: u32 = 3;

/// See the module.
pub struct Worker {
    /// What its conversations need.
    pub context: Arc<Context>,
    /// How many customers are attended at a time.
    pub workers: usize,
    /// [`Bell::Queue`] and [`Bell::Inbox`].
    pub bells: mpsc::UnboundedReceiver<Bell>,
}

/// Session and chat.
type Chat = (SessionName, ChatId);

/// What the dispatcher knows while it runs.
struct Dispatcher {
    worker: Worker,
    /// The bell of each conversation that is attended.
    attended: HashMap<Chat, Arc<Doorbell>>,
    /// Those of them that keep no worker: they were opened while it is closed.
    beyond: HashSet<Chat>,
    /// Sessions in whose line somebody may wait.
    lines: VecDeque<SessionName>,
    /// Those of them where somebody may have come while it is closed.
    doors: HashSet<SessionName>,
    /// A claim's answer was lost, an attendance panicked or our leases lapsed: what is attended here may not be what
    /// Redis says is ours.
    unsure: bool,
    panics: Panics,
    /// Until the next comparison.
    polls: u32,
    complaint: Complaint,
    ended: mpsc::UnboundedSender<Ending>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Worker {
    /// Runs until `shutdown`; then every conversation finishes the step in hand. What is held stays held:
    /// who stops the process releases it.
    pub async fn run(self, shutdown: CancellationToken) {
        let (ended, mut endings) = mpsc::unbounded_channel();
        let mut dispatcher = Dispatcher {
            worker: self,
            attended: HashMap::new(),
            beyond: HashSet::new(),
            lines: VecDeque::new(),
            doors: HashSet::new(),
            unsure: false,
            panics: Panics::default(),
            polls: 0,
            complaint: Complaint::default(),
            ended,
            tasks: TaskTracker::new(),
            shutdown: shutdown.clone(),
        };
        let mut poll = interval(POLL_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                bell = dispatcher.worker.bells.recv() => match bell {
                    Some(bell) => dispatcher.heard(bell).await,
                    None => break,
                },
                ending = endings.recv() => dispatcher.freed(ending),
                _ = poll.tick() => {
                    dispatcher.polls += 1;
                    if dispatcher.polls == COMPARE_POLLS {
                        dispatcher.polls = 0;
                        dispatcher.unsure = true;
                    }
                    dispatcher.look_everywhere().await;
                }
                () = shutdown.cancelled() => break,
            }
            dispatcher.claim_closed().await;
            dispatcher.claim().await;
        }
        dispatcher.tasks.close();
        dispatcher.tasks.wait().await;
    }
}

impl Dispatcher {
    async fn heard(&mut self, bell: Bell) {
        match bell {
            Bell::Queue(session) => self.waits(session),
            Bell::Inbox(session, chat, heard) => {
                if let Some(bell) = self.attended.get(&(session, chat)) {
                    bell.hear(heard);
                }
            }
            Bell::Missed => self.look_everywhere().await,
            Bell::Announce(_) | Bell::Lanes(_) | Bell::Works(_) | Bell::Flows(_) => {}
        }
    }

    fn freed(&mut self, ending: Option<Ending>) {
        let Some(Ending {
            chat,
            conversation,
            bell,
            panicked,
        }) = ending
        else {
            return;
        };
        // The chat may have opened its next conversation and been claimed again before we heard of this end.
        if self
            .attended
            .get(&chat)
            .is_some_and(|current| Arc::ptr_eq(current, &bell))
        {
            self.attended.remove(&chat);
            self.beyond.remove(&chat);
        }
        if panicked {
            let panics = self.panics.note(&chat, &conversation);
            warn!(
                session = %chat.0,
                chat = %chat.1,
                %conversation,
                panics,
                "attending this conversation panicked; the lines before say where"
            );
            self.unsure = true;
        } else {
            self.panics.forget(&chat);
        }
        self.waits(chat.0);
    }

    fn idle(&self) -> usize {
        let working = self.attended.len().saturating_sub(self.beyond.len());
        self.worker.workers.saturating_sub(working)
    }

    /// Finds what bells that were missed rang for.
    async fn look_everywhere(&mut self) {
        if let Err(error) = self.try_look_everywhere().await {
            self.complaint.tell("could not look for work", &error);
        }
    }

    async fn try_look_everywhere(&mut self) -> Result<(), Error> {
        let store = self.worker.context.store.clone();
        self.unsure |= self.worker.context.lease.take_lapse();
        for session in store.sessions().await? {
            for chat in store.unread(&session).await? {
                if let Some(bell) = self.attended.get(&(session.clone(), chat)) {
                    bell.ring();
                }
            }
            if self.unsure {
                self.compare(&store, &session).await?;
            }
            self.waits(session);
        }
        self.unsure = false;
        Ok(())
    }

    /// Compares what is attended here with what Redis says is ours: attends what was forgotten, and lets those look
    /// whose conversation went to somebody else.
    async fn compare(&mut self, store: &Store, session: &SessionName) -> Result<(), Error> {
        let held: HashSet<ChatId> = store
            .held(session, &self.worker.context.process)
            .await?
            .into_iter()
            .collect();
        for ((_, chat), bell) in self.attended.iter().filter(|((of, _), _)| of == session) {
            if !held.contains(chat) {
                bell.ring_in_doubt();
            }
        }
        for chat in held {
            if self.attended.contains_key(&(session.clone(), chat.clone())) {
                continue;
            }
            if let Some(claimed) = store
                .read(session, &chat, &self.worker.context.process)
                .await?
            {
                self.attend(session, claimed);
            }
        }
        Ok(())
    }

    /// Claims for every idle worker, as long as somebody waits. Sessions take turns, each for its share of those
    /// idle, so that a busy one leaves workers to the others.
    async fn claim(&mut self) {
        while let (idle @ 1.., Some(session)) = (self.idle(), self.lines.pop_front()) {
            let count = (idle / (self.lines.len() + 1)).clamp(1, CLAIM_MAX);
            match self
                .worker
                .context
                .store
                .claim(&session, &self.worker.context.process, count, clock::now())
                .await
            {
                Ok(claimed) => {
                    let more = claimed.len() == count;
                    claimed.into_iter().for_each(|claimed| {
                        self.beyond.remove(&(session.clone(), claimed.chat.clone()));
                        self.attend(&session, claimed);
                    });
                    if more {
                        self.lines.push_back(session);
                    }
                }
                Err(error) => {
                    self.complaint.tell("could not claim", &error);
                    self.unsure = true;
                }
            }
        }
    }

    /// Claims who came while it is closed, beyond the workers: nobody waits in line to be told that it is closed.
    async fn claim_closed(&mut self) {
        let mut doors: Vec<SessionName> = self.doors.drain().collect();
        while let Some(session) = doors.pop() {
            let (context, now) = (&self.worker.context, clock::now());
            let script = context.flows.of(&session);
            let Some(since) = script.closed_since(now.unsigned_abs()) else {
                continue;
            };
            let (process, since) = (&context.process, since.cast_signed());
            let claiming = context
                .store
                .claim_closed(&session, process, CLAIM_MAX, now, since);
            match claiming.await {
                Ok(claimed) => {
                    let more = claimed.len() == CLAIM_MAX;
                    for claimed in claimed {
                        self.beyond.insert((session.clone(), claimed.chat.clone()));
                        self.attend(&session, claimed);
                    }
                    if more {
                        doors.push(session);
                    }
                }
                Err(error) => {
                    self.complaint.tell("could not claim", &error);
                    self.unsure = true;
                }
            }
        }
    }

    /// Somebody may wait in this session's line.
    fn waits(&mut self, session: SessionName) {
        self.doors.insert(session.clone());
        if !self.lines.contains(&session) {
            self.lines.push_back(session);
        }
    }

    fn attend(&mut self, session: &SessionName, claimed: Claimed) {
        let chat = (session.clone(), claimed.chat.clone());
        debug!(
            %session,
            chat = %claimed.chat,
            conversation = %claimed.id,
            "claimed a conversation"
        );
        let bell = Arc::new(Doorbell::default());
        self.attended.insert(chat.clone(), bell.clone());
        let panics = self.panics.of(&chat, &claimed.id);
        if panics == PANICS_MAX {
            error!(
                %session,
                chat = %claimed.chat,
                conversation = %claimed.id,
                panics,
                "attending this conversation panicked again and again: it is closed with an apology, so that others are \
                 attended. This is a mistake in this program: please report it with the lines before that say `panicked at`"
            );
        }
        let conversation = claimed.id.clone();
        let attendance = Attendance::new(self.worker.context.clone(), session, claimed);
        let shutdown = self.shutdown.clone();
        let (store, rung) = (self.worker.context.store.clone(), bell.clone());
        let ending = Ending {
            chat: chat.clone(),
            conversation,
            bell: bell.clone(),
            panicked: true,
        };
        let tell = Tell {
            ending: Some(ending),
            ended: self.ended.clone(),
        };
        self.tasks.spawn(async move {
            // Moved in here, so that it is dropped, and tells, also when something below panics.
            let tell = tell;
            let ended = if panics < PANICS_MAX {
                attendance.run(&bell, &shutdown).await
            } else {
                Box::pin(attendance.let_go(&shutdown)).await
            };
            match ended {
                Ended::Closed(outcome) => {
                    info!(session = %chat.0, chat = %chat.1, outcome, "conversation closed");
                }
                Ended::HandedOff => {
                    info!(session = %chat.0, chat = %chat.1, "the customer waits for a person");
                }
                // In a box, as within the attendance: its room would be taken for as long as the customer is silent.
                Ended::Lost if Box::pin(phone(&store, &chat, &rung)).await => info!(
                    session = %chat.0,
                    chat = %chat.1,
                    "the owner answers from their own phone; the worker is free"
                ),
                Ended::Lost => warn!(
                    session = %chat.0,
                    chat = %chat.1,
                    "this conversation is no longer ours: this process had not been heard of, or the customer's two ids became \
                     one chat; it goes on elsewhere"
                ),
                Ended::Stopped => {}
            }
            tell.well();
        });
    }
}

/// Whether a conversation was lost to the owner, who answers from their own phone, or did for a moment.
async fn phone(store: &Store, (session, chat): &Chat, bell: &Doorbell) -> bool {
    bell.rang_for_phone() || store.is_with_phone(session, chat).await.unwrap_or(false)
}

/// How often the attendance of conversations panicked that have not ended since. One for a chat, so that they stay few.
#[derive(Debug, Default)]
struct Panics(HashMap<Chat, (ConversationId, u32)>);

impl Panics {
    /// One more; how many it makes.
    fn note(&mut self, chat: &Chat, conversation: &ConversationId) -> u32 {
        let panics = self.of(chat, conversation).saturating_add(1);
        self.0.insert(chat.clone(), (conversation.clone(), panics));
        panics
    }

    fn of(&self, chat: &Chat, conversation: &ConversationId) -> u32 {
        let noted = self.0.get(chat).filter(|(id, _)| id == conversation);
        noted.map_or(0, |(_, panics)| *panics)
    }

    fn forget(&mut self, chat: &Chat) {
        self.0.remove(chat);
    }
}

/// A conversation is no longer attended.
struct Ending {
    chat: Chat,
    conversation: ConversationId,
    bell: Arc<Doorbell>,
    panicked: bool,
}

/// Tells of an ending when it is dropped.
struct Tell {
    ending: Option<Ending>,
    ended: mpsc::UnboundedSender<Ending>,
}

impl Tell {
    fn well(mut self) {
        if let Some(ending) = &mut self.ending {
            ending.panicked = false;
        }
    }
}

impl Drop for Tell {
    fn drop(&mut self) {
        if let Some(ending) = self.ending.take() {
            // The receiver is gone when we stop; then nobody needs to know.
            let _ = self.ended.send(ending);
        }
    }
}
