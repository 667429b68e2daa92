//! Plays a flow with one simulated customer, without the line and without WAHA. It acts as a real conversation does, but its
//! clock moves only on request.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Millis;
use crate::flow::answer::said::Said;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::commands::Command;
use crate::flow::script::queue_text::QueueText;
use crate::flow::script::reply::FlowReply;
use crate::flow::turn::advance::{Advance, Next};
use crate::flow::turn::known::Known;
use crate::flow::turn::state::{FlowStage, State};
use crate::ids::{ChatId, ConversationId, SessionName};

/// How long after it was asked a message may be a rating.
const RATING_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// One customer, and one worker who follows the flow with them.
#[derive(Debug)]
pub struct Rehearsal<'s> {
    script: &'s Script,
    name: Option<String>,
    now: Millis,
    state: State,
    unread: Vec<Said>,
    stage: RehearsalStage,
    /// The number of calls so far.
    calls: u32,
    /// What is remembered of the customer.
    known: String,
    /// When and how the last conversation ended.
    last: Option<(Millis, String)>,
    /// Until when a message may be a rating.
    rating_until: Option<Millis>,
}

/// Where the conversation is.
#[derive(Debug)]
enum RehearsalStage {
    /// It has not begun.
    New,
    /// The flow continues when the customer writes, or at this moment.
    Open { wake_at: Millis },
    /// The flow waits for the answer to a call.
    Calling,
    /// The customer waits for a person. At the moment `until`, if any, the flow continues without one.
    HandedOff {
        until: Option<Millis>,
        team: String,
        urgent: bool,
    },
    /// The owner answers from their own phone, until this moment if nobody writes more.
    Phone { open: bool, until: Millis },
    /// The conversation closed.
    Closed { resumable: bool, at: Millis },
}

/// What happens, for the author of the flow to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RehearsalEvent {
    /// From now on the customer waits for a person.
    HandedOff {
        /// The team whose line the customer joins; empty: the line of all.
        team: String,
        /// Stands before all who are not urgent.
        urgent: bool,
    },
    /// From now on the owner answers from their own phone.
    Phone,
    /// A message to the customer. Media is shown as its kind, its source and its caption.
    Reply(String),
    /// The customer rated the last conversation, from 1 to 5. No conversation opens.
    Rated(u8),
    /// The conversation closed.
    Closed {
        /// With this outcome.
        outcome: String,
        /// The customer may come back to the same step.
        resumable: bool,
    },
    /// The flow calls the shop's system: [`Rehearsal::answer`] continues.
    Called {
        /// The step that calls.
        step: String,
        /// The address.
        url: String,
        /// The body of the call.
        body: String,
    },
    /// The flow failed. The text also has the values with which it failed, which the log of the daemon leaves out.
    Fault(String),
}

impl<'s> Rehearsal<'s> {
    /// Begins at `now`, with the customer's WhatsApp name if known.
    pub fn new(script: &'s Script, name: Option<&str>, now: Millis) -> Rehearsal<'s> {
        Rehearsal {
            script,
            name: name.map(str::to_owned),
            now,
            state: State::new(name),
            unread: Vec::new(),
            stage: RehearsalStage::New,
            calls: 0,
            known: String::new(),
            last: None,
            rating_until: None,
        }
    }

    /// The customer writes these messages, in one burst.
    pub fn say(&mut self, said: impl IntoIterator<Item = Said>) -> Vec<RehearsalEvent> {
        let mut events = Vec::new();
        let mut said = said.into_iter().peekable();
        let is_open = !matches!(
            self.stage,
            RehearsalStage::New | RehearsalStage::Closed { .. }
        );
        if !is_open
            && self.rating_until.is_some_and(|until| self.now < until)
            && let Some(rating) = said.peek().and_then(|one| self.script.read_rating(one))
        {
            said.next();
            self.rating_until = None;
            events.push(RehearsalEvent::Rated(rating));
            events.extend(self.script.rating_thanks(rating).map(RehearsalEvent::Reply));
            if said.peek().is_none() {
                return events;
            }
        }
        match self.stage {
            RehearsalStage::HandedOff { .. } => {
                if !said.any(|one| self.say_in_line(one, &mut events)) {
                    return events;
                }
                // Messages after the word to leave belong to the next conversation.
                self.unread = said.collect();
                if self.unread.is_empty() {
                    return events;
                }
            }
            RehearsalStage::Phone { open, .. } => {
                let until = self.quiet_until();
                self.stage = RehearsalStage::Phone { open, until };
                return events;
            }
            RehearsalStage::New
            | RehearsalStage::Open { .. }
            | RehearsalStage::Calling
            | RehearsalStage::Closed { .. } => {
                self.unread.extend(said);
            }
        }
        self.run_turns(&mut events);
        events
    }

    /// The shop answers the call; with `None` the call fails. Returns what happens, and the mistake if the answer was wrong;
    /// the call then failed.
    pub fn answer(&mut self, body: Option<&[u8]>) -> (Vec<RehearsalEvent>, Result<(), String>) {
        let mut events = Vec::new();
        let read = match body {
            None => Ok(None),
            Some(body) => self.script.read_answer(&self.state, body).map(Some),
        };
        let (answer, well) = match read {
            Ok(answer) => (answer, Ok(())),
            Err(mistake) => (None, Err(mistake)),
        };
        if self.is_calling() {
            let advance = self
                .script
                .answered(self.state.clone(), answer, &self.unread, self.now);
            if self.take(advance, &mut events) {
                self.run_turns(&mut events);
            }
        }
        (events, well)
    }

    /// Whether a call waits for its answer.
    pub fn is_calling(&self) -> bool {
        matches!(self.stage, RehearsalStage::Calling)
    }

    /// The customer writes while they are the first who wait for a person. Returns whether they leave.
    fn say_in_line(&mut self, said: Said, events: &mut Vec<RehearsalEvent>) -> bool {
        let name = self.name.as_deref();
        match self.script.command(&said) {
            Some(Command::Leave) => {
                let text = self.script.queue_text(QueueText::Left, name);
                events.push(RehearsalEvent::Reply(text));
                self.close("left", events);
                return true;
            }
            Some(Command::Position) => {
                let (position, wait) = (1, None);
                let place = QueueText::Position { position, wait };
                let team = self.team().unwrap_or_default();
                let text = self.script.person_text(place, name, team, self.now);
                events.push(RehearsalEvent::Reply(text));
            }
            None => self.unread.push(said),
        }
        false
    }

    /// The owner writes in the customer's chat, from their own phone.
    pub fn phone(&mut self, text: &str) -> Vec<RehearsalEvent> {
        let mut events = Vec::new();
        if self.script.phone_quiet().is_zero() {
            return events;
        }
        let open = match self.stage {
            RehearsalStage::Open { .. }
            | RehearsalStage::Calling
            | RehearsalStage::HandedOff { .. } => true,
            RehearsalStage::Phone { open, .. } => open,
            RehearsalStage::New | RehearsalStage::Closed { .. } => false,
        };
        let ends = self.script.is_phone_end(text);
        if !matches!(self.stage, RehearsalStage::Phone { .. }) && !ends {
            events.push(RehearsalEvent::Phone);
        }
        self.unread.clear();
        if !ends {
            let until = self.quiet_until();
            self.stage = RehearsalStage::Phone { open, until };
        } else if open {
            self.close("phone", &mut events);
        } else if matches!(self.stage, RehearsalStage::Phone { .. }) {
            self.stage = RehearsalStage::New;
        }
        events
    }

    fn quiet_until(&self) -> Millis {
        self.now + self.script.phone_quiet()
    }

    /// Closes the conversation so that it can't be resumed.
    fn close(&mut self, outcome: &str, events: &mut Vec<RehearsalEvent>) {
        self.unread.clear();
        self.last = Some((self.now, outcome.to_owned()));
        self.stage = RehearsalStage::Closed {
            resumable: false,
            at: self.now,
        };
        events.push(RehearsalEvent::Closed {
            outcome: outcome.to_owned(),
            resumable: false,
        });
    }

    /// This much time passes without a message from the customer.
    pub fn wait(&mut self, time: Duration) -> Vec<RehearsalEvent> {
        let mut events = Vec::new();
        let until = self.now + time;
        while let Some(wake_at) = self.wakes_at() {
            // Always later than now, whatever the flow says: otherwise the clock could stop.
            let wake_at = wake_at.max(self.now + Duration::from_millis(1));
            if wake_at > until {
                break;
            }
            self.now = wake_at;
            match self.stage {
                RehearsalStage::Phone { open: true, .. } => self.close("phone", &mut events),
                RehearsalStage::Phone { open: false, .. } => self.stage = RehearsalStage::New,
                _ => self.run_turns(&mut events),
            }
        }
        self.now = until;
        events
    }

    /// Moves the clock to this moment. Forward, time passes as in [`Rehearsal::wait`]; backward, nothing happens.
    pub fn go_to(&mut self, now: Millis) -> Vec<RehearsalEvent> {
        let events = self.wait(now.since(self.now));
        self.now = now;
        events
    }

    /// The step that waits or pauses; `None` before the conversation begins and after it closes.
    pub fn step(&self) -> Option<&str> {
        match self.stage {
            RehearsalStage::Open { .. }
            | RehearsalStage::Calling
            | RehearsalStage::HandedOff { .. } => self.state.step(),
            RehearsalStage::New | RehearsalStage::Phone { .. } | RehearsalStage::Closed { .. } => {
                None
            }
        }
    }

    /// What a person who is waited for should know.
    pub fn note(&self) -> Option<&str> {
        self.state.note().filter(|_| self.waits_for_person())
    }

    /// What is remembered of the customer for later conversations: names and values.
    pub fn known(&self) -> Vec<(String, String)> {
        let known = Known::read(&self.known);
        let owned = known.texts().map(|(name, text)| (name.to_owned(), text));
        owned.collect()
    }

    /// The saved variables.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        self.state.variables()
    }

    /// How long until the flow continues without a message from the customer.
    pub fn wakes_in(&self) -> Option<Duration> {
        Some(self.now.until(self.wakes_at()?))
    }

    fn wakes_at(&self) -> Option<Millis> {
        match self.stage {
            RehearsalStage::Open { wake_at } => Some(wake_at),
            RehearsalStage::HandedOff { until, .. } => until,
            RehearsalStage::Phone { until, .. } => Some(until),
            RehearsalStage::New | RehearsalStage::Calling | RehearsalStage::Closed { .. } => None,
        }
    }

    /// Whether the customer waits for a person.
    pub fn waits_for_person(&self) -> bool {
        matches!(self.stage, RehearsalStage::HandedOff { .. })
    }

    /// The team for whose people the customer waits; empty: anybody. `None` if they wait for nobody.
    pub fn team(&self) -> Option<&str> {
        match &self.stage {
            RehearsalStage::HandedOff { team, .. } => Some(team),
            _ => None,
        }
    }

    /// Whether the customer waits for a person before all who are not urgent.
    pub fn is_urgent(&self) -> bool {
        matches!(self.stage, RehearsalStage::HandedOff { urgent: true, .. })
    }

    /// Whether the owner answers from their own phone.
    pub fn is_with_phone(&self) -> bool {
        matches!(self.stage, RehearsalStage::Phone { .. })
    }

    /// How long the flow still pauses, if it does.
    pub fn pauses_for(&self) -> Option<Duration> {
        match self.state.stage {
            FlowStage::Paused { .. } => self.wakes_in(),
            _ => None,
        }
    }

    /// Runs turns of the flow. Messages that are unread at its end open the next conversation, as in the daemon.
    fn run_turns(&mut self, events: &mut Vec<RehearsalEvent>) {
        loop {
            if let RehearsalStage::Closed { resumable, at } = self.stage {
                self.open(resumable, at);
            }
            if let RehearsalStage::New = self.stage {
                self.state = self
                    .script
                    .with_opening_hours(self.state.clone(), self.now, self.now);
            }
            let advance = self
                .script
                .advance(self.state.clone(), &self.unread, self.now);
            if !self.take(advance, events) {
                return;
            }
        }
    }

    /// Applies the result of a turn. Returns whether it closed and left messages that open the next conversation.
    fn take(&mut self, advance: Advance, events: &mut Vec<RehearsalEvent>) -> bool {
        let used = advance.consumed.min(self.unread.len());
        self.state = advance.state;
        if let Some(last_used) = advance.last_used
            && self.script.calls()
        {
            let said = self.unread.get(last_used).unwrap_or_default();
            self.state.set_last_message(message_for_call(said));
        }
        self.unread.drain(..used);
        if let Some(known) = advance.remember {
            self.known = known;
        }
        events.extend(advance.fault_with_values.map(RehearsalEvent::Fault));
        let shown = |reply: &FlowReply| RehearsalEvent::Reply(self.script.show(reply));
        events.extend(advance.replies.iter().map(shown));
        match advance.next {
            Next::Wait { wake_at } => {
                self.stage = RehearsalStage::Open { wake_at };
                false
            }
            Next::Call => {
                // Report a call only once, when it begins.
                if !self.is_calling() || self.state.begins_call() {
                    self.calls += 1;
                    let key = format!("rehearsal:{}", self.calls);
                    self.state.begin_call(|| key);
                    events.extend(self.script.call(&self.state).map(|call| {
                        RehearsalEvent::Called {
                            step: call.step.to_owned(),
                            url: call.url.to_owned(),
                            body: call.body(
                                &SessionName::stored("default"),
                                &ChatId::stored("5511999990000@c.us"),
                                &ConversationId::stored("rehearsal"),
                            ),
                        }
                    }));
                }
                self.stage = RehearsalStage::Calling;
                false
            }
            Next::HandOff {
                within,
                team,
                urgent,
            } => {
                events.push(RehearsalEvent::HandedOff {
                    team: team.clone(),
                    urgent,
                });
                self.stage = RehearsalStage::HandedOff {
                    until: within.map(|time| self.now + time),
                    team,
                    urgent,
                };
                false
            }
            Next::Close {
                outcome,
                resumable,
                asks_rating,
            } => {
                if asks_rating {
                    self.rating_until = Some(self.now + RATING_WITHIN);
                }
                self.last = Some((self.now, outcome.clone()));
                self.stage = RehearsalStage::Closed {
                    resumable,
                    at: self.now,
                };
                events.push(RehearsalEvent::Closed { outcome, resumable });
                !self.unread.is_empty() && used > 0
            }
        }
    }

    fn open(&mut self, resumable: bool, closed_at: Millis) {
        let name = self.name.as_deref();
        let in_time = self.now.since(closed_at) < self.script.resume_within();
        self.state = if resumable && in_time {
            self.state.clone().resume(name)
        } else {
            State::new(name)
        };
        self.state.meet(&self.known, self.last.clone());
        self.stage = RehearsalStage::New;
    }
}

/// The messages as a call sends them. Unlike real ones, they have no id.
fn message_for_call(said: &[Said]) -> Value {
    let texts: Vec<&str> = said
        .iter()
        .map(|said| said.text.as_str())
        .filter(|text| !text.is_empty())
        .collect();
    let kind = said
        .last()
        .map(|said| format!("{:?}", said.kind).to_lowercase());
    json!({ "kind": kind, "text": texts.join("\n") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::words::locale::Locale;

    const CLINIC: &str = include_str!("../../../examples/flows/clinic.toml");

    fn replies(events: &[RehearsalEvent]) -> Vec<&str> {
        let replies = events.iter().filter_map(|event| match event {
            RehearsalEvent::Reply(text) => Some(text.as_str()),
            _ => None,
        });
        replies.collect()
    }

    #[test]
    fn silence_brings_a_reminder_and_a_close_and_the_customer_may_return_in_time() {
        let script = Script::load(CLINIC, Locale::En).unwrap();
        let minutes = |n: u64| Duration::from_secs(60 * n);
        for (away, resumed) in [(minutes(24 * 60 - 1), true), (minutes(24 * 60), false)] {
            let mut clinic = Rehearsal::new(&script, Some("Ana"), Millis::new(0));
            assert_eq!(clinic.step(), None);
            clinic.say([Said::text("oi")]);
            clinic.say([Said::text("1")]);
            assert_eq!(clinic.step(), Some("cpf"));
            assert_eq!(clinic.wakes_in(), Some(minutes(5)));
            assert_eq!(clinic.wait(minutes(4)), []);
            assert_eq!(clinic.wait(minutes(1)).len(), 1, "the reminder");
            let events = clinic.wait(minutes(10));
            assert!(
                matches!(&events[1], RehearsalEvent::Closed { outcome, .. } if outcome == "silence")
            );
            assert_eq!((clinic.step(), clinic.wakes_in()), (None, None));
            assert_eq!(clinic.wait(away), []);
            let back = clinic.say([Said::text("oi")]);
            assert_eq!(replies(&back)[0] == "Qual é o seu CPF?", resumed);
        }
    }

    #[test]
    fn messages_during_a_pause_are_read_after_it() {
        let flow = "start = 'a'\n[step.a]\nsay = 'One moment.'\nnext = 'b'\n[step.b]\nwait = '3s'\nnext = 'c'\n\
            [step.c]\nask = 'Name?'\nsave = 'who'\nnext = 'd'\n[step.d]\nwait = '1m'\nnext = 'e'\n\
            [step.e]\nask = 'Age?'\nsave = 'age'\nend = 'done'";
        let script = Script::load(flow, Locale::En).unwrap();
        let mut flow = Rehearsal::new(&script, None, Millis::new(0));
        let seconds = Duration::from_secs;
        assert_eq!(replies(&flow.say([Said::text("hi")])), ["One moment."]);
        assert_eq!(flow.step(), Some("b"));
        assert_eq!(flow.pauses_for(), Some(seconds(3)));
        assert_eq!(flow.wait(seconds(1)), []);
        assert_eq!(flow.say([Said::text("hello?")]), []);
        assert_eq!(flow.pauses_for(), Some(seconds(2)));
        assert_eq!(replies(&flow.wait(seconds(2))), ["Name?"]);
        assert_eq!(flow.variables()["opening"], "hi\nhello?");
        assert_eq!(flow.pauses_for(), None);
        assert_eq!(flow.say([Said::text("Ann")]), []);
        assert_eq!(flow.say([Said::text("30")]), []);
        let events = flow.wait(seconds(60));
        assert_eq!(replies(&events), ["Age?"]);
        assert!(matches!(&events[1], RehearsalEvent::Closed { outcome, .. } if outcome == "done"));
        assert_eq!(flow.variables()["age"], "30");
        assert_eq!(flow.pauses_for(), None);
    }

    #[test]
    fn messages_in_a_row_are_one_answer_or_one_opening() {
        let script = Script::load(CLINIC, Locale::En).unwrap();
        let mut clinic = Rehearsal::new(&script, None, Millis::new(0));
        let hello = clinic.say(["oi", "quero marcar"].map(Said::text));
        assert_eq!(hello.len(), 3);
        assert_eq!(clinic.step(), Some("menu"));
        assert_eq!(clinic.variables()["opening"], "oi\nquero marcar");
        let asked = clinic.say(["quero", "marcar", "por favor"].map(Said::text));
        assert_eq!(replies(&asked), ["Qual é o seu CPF?"]);
    }

    #[test]
    fn messages_that_are_unread_at_the_end_open_the_next_conversation() {
        let clinic = CLINIC.replace("[timeouts]", "[timeouts]\nburst = \"0s\"");
        let script = Script::load(&clinic, Locale::En).unwrap();
        let mut clinic = Rehearsal::new(&script, None, Millis::new(0));
        clinic.say([Said::text("oi")]);
        let events = clinic.say(["2", "obrigado"].map(Said::text));
        assert_eq!(
            replies(&events),
            [
                "A nossa recepção já vai falar com você.",
                "Olá!",
                "Aqui é a Clínica Exemplo.",
                "1 - Marcar consulta\n2 - Falar com a recepção"
            ]
        );
        assert_eq!(clinic.variables()["opening"], "obrigado");
    }
}
