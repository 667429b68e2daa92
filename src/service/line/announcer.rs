//! The announcer is responsible for customers who wait: it tells them their place in line when the rules say so, and answers
//! the words that work there (to leave, and to ask for the position).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::clock::Millis;
use crate::flow;
use crate::flow::{AnnouncedPosition, Command, Notice, QueueText, Script, State};
use crate::flows::Flows;
use crate::ids::SessionName;
use crate::service::kit::flow_input::to_input;
use crate::service::kit::session_pages::PAGE;
use crate::service::kit::session_rounds::{in_each, serve};
use crate::service::kit::unread_message::UnreadMessage;
use crate::service::line::pauses::{self, PauseLog, Pauses};
use crate::service::line::people::{KnownAgents, PeopleLines};
use crate::store;
use crate::store::{
    Announcement, DueWaiting, Leave, LinePause, Reply, Store, StoreError, WaitingConversation,
};

/// After the start, workers take the first customers before anybody is told a place.
const START_AFTER: Duration = Duration::from_secs(1);
/// A line that can't be read within this time is left out of an estimate.
const PACE_WITHIN: Duration = Duration::from_millis(500);
/// How long the pace of the other lines is used again.
const PACES_VALID_FOR: Duration = Duration::from_secs(1);
/// How many chats one call reads. This limits how long the call blocks Redis.
const LOOK_MAX: usize = 100;
/// The time between two of them in a session. It leaves most of Redis to webhooks and workers while very many customers are due.
const REST: Duration = Duration::from_millis(10);
/// The outcome for a customer who leaves the line: the same as for one who leaves later, during the flow.
const LEFT_OUTCOME: &str = "left";

/// After the opening, each customer who waits for a person gets a notice this much after the one before them.
const AFTER_OPENING: Duration = Duration::from_secs(5);
/// How often we look at them while it is closed: a reload may change the opening times.
const LOOK_WHILE_CLOSED: Duration = Duration::from_secs(3600);

/// How often we look at customers while their line is paused, although they get no notice: soon enough if the look that ends
/// with the pause was lost.
const LOOK_WHILE_PAUSED: Duration = Duration::from_secs(600);

/// See the module.
pub struct Announcer {
    store: Store,
    flows: Arc<Flows>,
    paces: Mutex<Option<Paces>>,
    agents: Mutex<KnownAgents>,
    pauses: Mutex<PauseLog>,
}

impl Announcer {
    /// `store` holds the lines, and `flows` say which texts to send, and when.
    pub fn new(store: Store, flows: Arc<Flows>) -> Self {
        Self {
            store,
            flows,
            paces: Mutex::default(),
            agents: Mutex::default(),
            pauses: Mutex::default(),
        }
    }

    /// Runs until `shutdown`, and looks in each of these sessions: those whose lines changed, and those that the lookout names.
    pub async fn run(
        self,
        sessions: mpsc::UnboundedReceiver<SessionName>,
        shutdown: CancellationToken,
    ) {
        // Workers have just started and will take the first customers, so don't tell these customers their places first.
        tokio::select! {
            () = sleep(START_AFTER) => {}
            () = shutdown.cancelled() => return,
        }
        let announcer = Arc::new(self);
        serve(
            sessions,
            "could not look at the line",
            shutdown,
            |session| {
                let announcer = announcer.clone();
                async move { announcer.look_in(&session).await }
            },
        )
        .await;
    }

    /// Handles the waiting customers who are due in a session.
    async fn look_in(&self, session: &SessionName) -> Result<(), StoreError> {
        if self.store.is_paused(session).await? {
            return Ok(());
        }
        let per_minute = self.flows.of(session).notice_rules().per_minute;
        loop {
            let due = self
                .store
                .due_waiting(session, LOOK_MAX, per_minute, Millis::now())
                .await?;
            self.pauses.lock().await.see(session, &due.paused);
            let more = due.more;
            if !due.waiting.is_empty() {
                self.announce(session, due).await?;
            }
            if !more {
                return Ok(());
            }
            sleep(REST).await;
        }
    }

    async fn announce(&self, session: &SessionName, due: DueWaiting) -> Result<(), StoreError> {
        let DueWaiting {
            waiting, paused, ..
        } = due;
        let line = self.store.pace(session).await?;
        let (others, workers) = self.other_lines(session, &line).await?;
        let now = Millis::now();
        let people = PeopleLines::of(&waiting, session, &self.store, &self.agents, now).await?;
        let wait = |one: &WaitingConversation| {
            let (position, since) = (one.position, one.since);
            if one.for_person {
                return people.wait(one, now);
            }
            let moved = line.called_at.unwrap_or(since).max(since);
            let line = flow::LinePace {
                stalled_for: now.since(moved),
                ..pace(&line)
            };
            flow::estimate(&line, &others, workers, position)
        };
        let script = self.flows.of(session);
        let closed_since = script.closed_since(now);
        let pauses = Pauses(&paused);
        let announcements: Vec<_> = waiting
            .into_iter()
            // A customer who came after closing time doesn't wait in line: a worker says at once that we are closed.
            .filter(|one| closed_since.is_none_or(|since| one.since < since || one.begun))
            .map(|one| {
                let pause = pauses.of(&one);
                self.decide(&script, one, pause, now, wait)
            })
            .collect();
        for one in announcements.iter().filter(|one| one.leave.is_some()) {
            info!(%session, chat = %one.chat, "the customer left the line");
        }
        let per_minute = script.notice_rules().per_minute;
        self.store
            .announce(session, &announcements, per_minute, now)
            .await?;
        Ok(())
    }

    /// The other lines that share the workers, and how many workers there are. Both are empty until a first handling time
    /// has been measured, because there is no estimate before that.
    async fn other_lines(
        &self,
        session: &SessionName,
        line: &store::QueuePace,
    ) -> Result<(Vec<flow::LinePace>, u64), StoreError> {
        if line.measured == 0 {
            return Ok((Vec::new(), 0));
        }
        let mut paces = self.paces.lock().await;
        let read = match paces.take() {
            Some(read) if read.at.elapsed() < PACES_VALID_FOR => read,
            _ => Paces::read(&self.store).await?,
        };
        let read = paces.insert(read);
        let others = read.paces.iter().filter(|(other, _)| other != session);
        Ok((others.map(|(_, pace)| *pace).collect(), read.workers))
    }

    /// Decides what to tell a waiting customer, if anything.
    fn decide(
        &self,
        script: &Script,
        waiting: WaitingConversation,
        pause: Option<&LinePause>,
        now: Millis,
        wait: impl Fn(&WaitingConversation) -> Option<Duration>,
    ) -> Announcement {
        let name = Some(waiting.name.as_str()).filter(|name| !name.is_empty());
        let position = waiting.position;
        // Nobody is called, so an unasked notice waits until it opens, or the pause is over.
        let closed = waiting.for_person && script.team_closed_since(&waiting.team, now).is_some();
        let pause = pause.filter(|_| !closed);
        let held = closed || pause.is_some();
        let wait = || match held {
            true => None,
            false => wait(&waiting),
        };
        let QueueCommands {
            last: command,
            words,
            examined_now,
        } = self.commands(script, &waiting);
        let place = flow::WaitingCustomer {
            position,
            opened_at: waiting.since,
            announced: waiting
                .announced
                .map(|(position, at)| AnnouncedPosition { position, at }),
            moved: waiting.moved.is_some(),
        };
        let decision = flow::decide(script.notice_rules(), &place, now);
        let notice = decision.notice.filter(|_| !held);
        let text = match (command, notice) {
            (Some(Command::Leave), _) => Some(QueueText::Left),
            (Some(Command::Position), _) | (None, Some(Notice::Position)) => {
                Some(QueueText::Position {
                    position,
                    wait: wait(),
                })
            }
            (None, Some(Notice::Next)) => Some(QueueText::Next { wait: wait() }),
            (None, Some(Notice::StillWaiting)) => Some(QueueText::StillWaiting {
                position,
                wait: wait(),
            }),
            (None, None) => None,
        };
        let leave = (command == Some(Command::Leave)).then(|| Leave {
            outcome: LEFT_OUTCOME.to_owned(),
            variables: self.variables(&waiting.state),
        });
        // Who writes during a pause is told of it, once; so is a customer who would now get the first notice.
        let is_first = waiting.announced.is_none() && decision.notice.is_some();
        let told_pause = pause
            .filter(|_| leave.is_none() && (!waiting.unexamined.is_empty() || is_first))
            .map(pauses::name_of)
            .filter(|name| *name != waiting.told_pause);
        let announced = text.as_ref().filter(|_| leave.is_none()).map(|_| position);
        // If the customer is told now, the rules count the next check from that.
        let after = flow::WaitingCustomer {
            announced: announced
                .map(|position| AnnouncedPosition { position, at: now })
                .or(place.announced),
            moved: place.moved && announced.is_none(),
            ..place
        };
        let due = match pause {
            _ if closed => held_until(script, &waiting.team, position, now),
            Some(_) => now + LOOK_WHILE_PAUSED,
            None => flow::decide(script.notice_rules(), &after, now).check_at,
        };
        let answers_message = told_pause.is_some() && !waiting.unexamined.is_empty();
        let of_pause = pause.filter(|_| told_pause.is_some());
        let of_pause = of_pause.map(|pause| script.paused_text(&pause.text, name));
        let in_line = text.map(|text| match waiting.for_person {
            true => script.person_text(text, name, &waiting.team, now),
            false => script.queue_text(text, name),
        });
        // A text that the flow leaves blank is not sent.
        let texts = [of_pause, in_line].into_iter().flatten();
        let texts: Vec<String> = texts.filter(|text| !text.trim().is_empty()).collect();
        let text = Some(texts.join("\n")).filter(|_| !texts.is_empty());
        let reply = text.map(|text| Reply {
            id: format!("{}:notice:{now}", waiting.id),
            conversation: waiting.id.clone(),
            text,
            media: None,
            queued_at: now,
            attempts: 0,
            by: None,
            // Only an unasked notice may wait, or be replaced or dropped. An answer and a goodbye must be sent.
            notice: command.is_none() && !answers_message,
        });
        Announcement {
            examined_before: waiting.examined,
            since: waiting.since,
            examined: waiting.examined + examined_now.saturating_sub(words.len()) as u64,
            chat: waiting.chat,
            id: waiting.id,
            turn: waiting.turn,
            announced,
            moved: waiting.moved,
            told_pause,
            due,
            leave,
            reply,
            words,
        }
    }

    /// The variables that the conversation saved before it returned to the line, in JSON.
    fn variables(&self, state: &str) -> String {
        let state: Option<State> = serde_json::from_str(state).ok();
        state
            .and_then(|state| serde_json::to_string(state.variables()).ok())
            .unwrap_or_else(|| "{}".to_owned())
    }

    /// Finds the queue's words among the messages not examined yet. The message that opened the conversation never counts as
    /// one. Messages after a word to leave belong to the next conversation.
    fn commands(&self, script: &Script, waiting: &WaitingConversation) -> QueueCommands {
        let opening = usize::from(waiting.examined == 0 && !waiting.begun);
        let mut found = QueueCommands {
            last: None,
            words: Vec::new(),
            examined_now: waiting.unexamined.len(),
        };
        for (place, text) in waiting.unexamined.iter().enumerate().skip(opening) {
            let message = UnreadMessage::read(text).into_message();
            let Some(command) = message.and_then(|message| script.command(&to_input(&message)))
            else {
                continue;
            };
            found.words.push(text.clone());
            found.last = Some(command);
            if command == Command::Leave {
                found.examined_now = place + 1;
                break;
            }
        }
        found
    }
}

/// How fast lines moved a moment ago.
struct Paces {
    at: Instant,
    paces: Vec<(SessionName, flow::LinePace)>,
    workers: u64,
}

impl Paces {
    /// Those of some busy sessions. One that can't be read counts as one without customers.
    async fn read(store: &Store) -> Result<Self, StoreError> {
        let sessions = store.busy_sessions_from(0, PAGE).await?;
        let reading = in_each(sessions, |session| {
            let store = store.clone();
            async move { timeout(PACE_WITHIN, store.pace(&session)).await }
        });
        let read = reading.await.into_iter();
        let paces = read.filter_map(|(session, line)| Some((session, pace(&line.ok()?.ok()?))));
        Ok(Self {
            at: Instant::now(),
            paces: paces.collect(),
            workers: store.workers().await?,
        })
    }
}

/// The queue's words found in an inbox.
struct QueueCommands {
    last: Option<Command>,
    words: Vec<String>,
    /// How many messages were examined.
    examined_now: usize,
}

/// When to look again at a customer who waits for a person of this team while it is closed: after the opening, one after the
/// other, so that not all get a notice at once.
fn held_until(script: &Script, team: &str, position: u64, now: Millis) -> Millis {
    let turn = AFTER_OPENING.saturating_mul(u32::try_from(position).unwrap_or(u32::MAX));
    let at_most = now + LOOK_WHILE_CLOSED;
    script.team_opens_at(team, now).map_or(at_most, |opens| {
        at_most.min(opens + turn.min(LOOK_WHILE_CLOSED))
    })
}

fn pace(line: &store::QueuePace) -> flow::LinePace {
    flow::LinePace {
        handling: line.handling,
        measured: line.measured,
        active: line.active,
        waiting: line.waiting,
        stalled_for: Duration::ZERO,
    }
}
