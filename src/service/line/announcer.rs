//! The announcer is responsible for customers who wait: it tells them their place in line when the rules say so, and answers
//! the words that work there (to leave, and to ask for the position).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::clock::Millis;
use crate::flow;
use crate::flow::{AnnouncedPosition, Command, Notice, QueueText, Script, State};
use crate::flows::Flows;
use crate::ids::SessionName;
use crate::service::kit::flow_input::to_input;
use crate::service::kit::session_pages::{PAGE, SessionPages};
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::service::kit::unread_message::UnreadMessage;
use crate::service::line::pauses::{self, PauseLog, Pauses};
use crate::service::line::people::{KnownAgents, PeopleLines};
use crate::store;
use crate::store::{
    Announcement, Bell, DueWaiting, Leave, LinePause, Reply, Store, StoreError, WaitingConversation,
};

/// If a bell was lost, the work is found after this time at the latest.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest time between two polls while more sessions are due than one poll looks at.
const CROWDED_INTERVAL: Duration = Duration::from_millis(500);
/// How long the pace of the other lines is used again.
const PACES_VALID_FOR: Duration = Duration::from_secs(1);
/// How many chats one call reads. This limits how long the call blocks Redis.
const LOOK_MAX: usize = 100;
/// How many such calls a session gets in a row. Then it is the turn of other sessions.
const LOOKS_IN_A_ROW: usize = 5;
/// The time between two of them. It leaves most of Redis to webhooks and workers while very many customers are due.
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

/// The next time of a session that is not working. It changes when a poll finds that the session works again.
const NEVER: Millis = Millis::new(i64::MAX);

/// See the module.
pub struct Announcer {
    /// Holds the line.
    pub store: Store,
    /// Say which texts to send, and when.
    pub flows: Arc<Flows>,
    /// [`Bell::Announce`].
    pub bells: mpsc::UnboundedReceiver<Bell>,
}

impl Announcer {
    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        // Workers have just started and will take the first customers, so don't tell these customers their places first.
        tokio::select! {
            () = sleep(POLL_INTERVAL) => {}
            () = shutdown.cancelled() => return,
        }
        let store_errors = StoreErrorLog::default();
        let mut sessions: Option<HashSet<SessionName>> = None;
        let mut lines = KnownLines::default();
        let mut poll_at = Instant::now();
        loop {
            tokio::select! {
                bell = self.bells.recv() => match bell {
                    Some(Bell::Announce(session)) => drop(sessions.get_or_insert_default().insert(session)),
                    Some(Bell::Missed) => sessions = None,
                    Some(_) => {}
                    None => return,
                },
                () = sleep_until(poll_at.into()) => sessions = None,
                () = shutdown.cancelled() => return,
            }
            let polls = sessions.is_none();
            let wait = match self.run_once(sessions.take(), &mut lines).await {
                Ok(_) => lines.next_look(Millis::now()),
                Err(error) => {
                    store_errors.log("could not look at the line", &error);
                    POLL_INTERVAL
                }
            };
            let next_poll = Instant::now() + wait;
            // Bells don't put a poll off, however many ring.
            poll_at = match polls {
                true => next_poll,
                false => poll_at.min(next_poll),
            };
        }
    }

    /// Handles the waiting customers who are due, in the given sessions or in those that a poll looks at. Returns how many
    /// replies were written, and stores in `lines` when each session is due again.
    ///
    /// # Errors
    /// The store's.
    async fn run_once(
        &self,
        sessions: Option<HashSet<SessionName>>,
        lines: &mut KnownLines,
    ) -> Result<usize, StoreError> {
        let sessions: HashSet<SessionName> = match sessions {
            Some(sessions) => sessions,
            None => {
                let mut polled = lines.due(Millis::now());
                polled.extend(lines.pages.next(&self.store).await?);
                polled
            }
        };
        let mut sent = 0;
        for session in sessions {
            if self.store.is_paused(&session).await? {
                lines.next.insert(session, NEVER);
                continue;
            }
            let per_minute = self.flows.of(&session).notice_rules().per_minute;
            for _ in 0..LOOKS_IN_A_ROW {
                let due = self
                    .store
                    .due_waiting(&session, LOOK_MAX, per_minute, Millis::now())
                    .await?;
                lines.pauses.see(&session, &due.paused);
                let more = due.more;
                if !due.waiting.is_empty() {
                    sent += self.announce(&session, due, lines).await?;
                }
                if !more {
                    break;
                }
                sleep(REST).await;
            }
            // Each customer just handled has a new time to be checked.
            match self.store.next_look_at(&session).await? {
                Some(at) => lines.next.insert(session, at),
                None => lines.next.remove(&session),
            };
        }
        Ok(sent)
    }

    async fn announce(
        &self,
        session: &SessionName,
        due: DueWaiting,
        lines: &mut KnownLines,
    ) -> Result<usize, StoreError> {
        let DueWaiting {
            waiting, paused, ..
        } = due;
        let line = self.store.pace(session).await?;
        let (others, workers) = self.other_lines(session, &line, lines).await?;
        let now = Millis::now();
        let agents = &mut lines.agents;
        let people = PeopleLines::of(&waiting, session, &self.store, agents, now).await?;
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
        let sent = announcements
            .iter()
            .filter(|one| one.reply.is_some())
            .count();
        for one in announcements.iter().filter(|one| one.leave.is_some()) {
            info!(%session, chat = %one.chat, "the customer left the line");
        }
        let per_minute = script.notice_rules().per_minute;
        self.store
            .announce(session, &announcements, per_minute, now)
            .await?;
        Ok(sent)
    }

    /// The other lines that share the workers, and how many workers there are. Both are empty until a first handling time
    /// has been measured, because there is no estimate before that.
    async fn other_lines(
        &self,
        session: &SessionName,
        line: &store::QueuePace,
        lines: &mut KnownLines,
    ) -> Result<(Vec<flow::LinePace>, u64), StoreError> {
        if line.measured == 0 {
            return Ok((Vec::new(), 0));
        }
        let read = match lines.paces.take() {
            Some(read) if read.at.elapsed() < PACES_VALID_FOR => read,
            _ => {
                let mut paces = Vec::new();
                for other in self.store.busy_sessions_from(0, PAGE).await? {
                    let of_other = pace(&self.store.pace(&other).await?);
                    paces.push((other, of_other));
                }
                Paces {
                    at: Instant::now(),
                    paces,
                    workers: self.store.workers().await?,
                }
            }
        };
        let read = lines.paces.insert(read);
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

/// What the announcer knows about the lines of all sessions.
#[derive(Default)]
struct KnownLines {
    /// When each session is due.
    next: HashMap<SessionName, Millis>,
    paces: Option<Paces>,
    agents: KnownAgents,
    pauses: PauseLog,
    pages: SessionPages,
}

/// How fast lines moved a moment ago.
struct Paces {
    at: Instant,
    paces: Vec<(SessionName, flow::LinePace)>,
    workers: u64,
}

impl KnownLines {
    /// The sessions that are due now, but no more than a poll looks at.
    fn due(&self, now: Millis) -> HashSet<SessionName> {
        let due = self.next.iter().filter(|(_, at)| **at <= now);
        let due = due.map(|(session, _)| session.clone());
        due.take(PAGE as usize).collect()
    }

    /// How long until the next poll. If many sessions are due, they take turns.
    fn next_look(&self, now: Millis) -> Duration {
        let soonest = self.next.values().min();
        let soonest = soonest.map_or(POLL_INTERVAL, |at| now.until(*at));
        let shortest = match self.due(now).len() < PAGE as usize {
            true => Duration::from_millis(1),
            false => CROWDED_INTERVAL,
        };
        soonest.clamp(shortest, POLL_INTERVAL)
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
