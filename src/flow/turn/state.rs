//! Where one customer is in a flow, in the form that Redis stores.
//!
//! This is version 1. New fields need a default; a field that changes its meaning needs a new version.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::flow::script::variables::{RESERVED, cut};
use crate::flow::turn::known::{Known, LastConversation};

/// The one version this code writes and reads.
const VERSION: u8 = 1;

/// How many of the questions that were asked are remembered.
const TRAIL_MAX: usize = 20;

/// Where one customer is in a flow. It is stored as JSON between two steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    v: Version,
    pub(crate) stage: FlowStage,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// The variables that are numbers: expressions calculate with them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    numbers: BTreeSet<String>,
    /// The variables that the flow has saved, in the order of their first saving.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    order: Vec<String>,
    /// The last answer, in the form that was read: `{{ answer }}` in templates.
    #[serde(default)]
    pub(crate) answer: String,
    /// The reminder of this silence was sent.
    #[serde(default)]
    pub(crate) reminded: bool,
    /// The conversation was opened outside opening hours, and starts at the `closed` step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) closed: bool,
    /// When the silence began.
    #[serde(default)]
    pub(crate) quiet_since: Millis,
    /// The last message, as passed to [`State::set_last_message`]; only stored if the flow makes calls.
    #[serde(default, rename = "heard", skip_serializing_if = "Option::is_none")]
    pub(crate) last_message: Option<serde_json::Value>,
    /// The customer was asked whether they mean this time, like "03:00", or half a day later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) either_time: Option<String>,
    /// Calls since the customer's last message.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) calls: u32,
    /// The questions that the flow asked last, the latest at the end. A state of an earlier version has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trail: Vec<String>,
    /// What earlier conversations remembered, and what this one remembers: `{{ known.plan }}` in templates.
    #[serde(default, skip_serializing_if = "Known::is_empty")]
    pub(crate) known: Known,
    /// The conversation before this one: `{{ last.outcome }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<LastConversation>,
}

/// What the flow waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(crate) enum FlowStage {
    /// The conversation has not begun.
    Fresh,
    /// The question of this step was asked; `attempts` answers were not valid.
    Asked { step: String, attempts: u32 },
    /// Continue by entering this step. Unread messages are not an answer.
    Resuming {
        step: String,
        /// A person gave the conversation back. Otherwise the customer came back, and what they wrote opens it again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        given: bool,
    },
    /// The step pauses until this moment.
    Paused {
        step: String,
        until: Millis,
        /// No question was asked yet: messages still belong to the opening of the conversation.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        opening: bool,
    },
    /// The shop's own system was asked, and has not answered yet.
    Calling {
        step: String,
        /// The key of all tries of this call; [`State::begin_call`] sets it.
        #[serde(default)]
        key: String,
        /// As in `Paused`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        opening: bool,
    },
    /// The step waits for a person.
    HandedOff {
        step: String,
        /// What the person should know.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// The conversation ended at this step.
    Closed { step: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
struct Version;

impl TryFrom<u8> for Version {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        if number == VERSION {
            Ok(Version)
        } else {
            Err(format!(
                "conversation state of version {number}; this program reads version {VERSION}"
            ))
        }
    }
}

impl From<Version> for u8 {
    fn from(_: Version) -> u8 {
        VERSION
    }
}

impl State {
    /// A conversation that has not begun, with the customer's WhatsApp name if known.
    pub fn new(name: Option<&str>) -> State {
        let mut state = State {
            v: Version,
            stage: FlowStage::Fresh,
            variables: BTreeMap::new(),
            numbers: BTreeSet::new(),
            order: Vec::new(),
            answer: String::new(),
            reminded: false,
            closed: false,
            quiet_since: Millis::default(),
            last_message: None,
            either_time: None,
            calls: 0,
            trail: Vec::new(),
            known: Known::default(),
            last: None,
        };
        state.learn_name(name);
        state
    }

    /// The customer came back in time: continues at the step where they stopped, and asks its question again. Saved answers
    /// stay. A conversation that had reached its end starts from the beginning.
    pub fn resume(mut self, name: Option<&str>) -> State {
        self.stage = match self.stage {
            FlowStage::Asked { step, .. }
            | FlowStage::Resuming { step, .. }
            | FlowStage::Paused { step, .. }
            | FlowStage::Calling { step, .. }
            | FlowStage::HandedOff { step, .. } => FlowStage::Resuming { step, given: false },
            FlowStage::Fresh => FlowStage::Fresh,
            FlowStage::Closed { .. } => return State::new(name),
        };
        self.learn_name(name);
        self
    }

    /// A conversation begins with a customer whom we may know: `known` is what was remembered last
    /// ([`Advance::remember`](crate::flow::Advance::remember)), or empty, and `last` is when and how the last conversation ended.
    /// One that is [resumed](Self::resume) still knows the conversation before it.
    pub fn meet(&mut self, known: &str, last: Option<(Millis, String)>) {
        self.known = Known::read(known);
        if !matches!(self.stage, FlowStage::Resuming { .. }) {
            self.last = last.map(|(at, outcome)| LastConversation { at, outcome });
        }
    }

    /// Remembers a variable for later conversations. Returns whether that changed what is known.
    pub(crate) fn remember(&mut self, variable: &str) -> bool {
        let is_number = self.is_number(variable);
        match self.variables.get(variable) {
            Some(text) => self.known.remember(variable, text, is_number),
            None => false,
        }
    }

    /// A person gives the conversation back to the flow: it asks its last question again, or begins if it has asked none. Saved
    /// answers stay. What the customer wrote before is not an answer.
    #[must_use]
    pub fn given_back(mut self) -> State {
        let asked = match &self.stage {
            FlowStage::Asked { step, .. } | FlowStage::Resuming { step, .. } => Some(step.clone()),
            FlowStage::Fresh
            | FlowStage::Paused { .. }
            | FlowStage::Calling { .. }
            | FlowStage::HandedOff { .. }
            | FlowStage::Closed { .. } => self.trail.last().cloned(),
        };
        match asked {
            Some(step) => self.sent_to(&step),
            None => {
                self.stage = FlowStage::Fresh;
                self
            }
        }
    }

    /// A person gives the conversation to the flow at this step: it continues by entering it. Saved answers stay. What the
    /// customer wrote before is not an answer.
    #[must_use]
    pub fn sent_to(mut self, step: &str) -> State {
        self.stage = FlowStage::Resuming {
            step: step.to_owned(),
            given: true,
        };
        self
    }

    /// The flow asks the question of this step.
    pub(crate) fn note_asked(&mut self, step: &str) {
        if self.trail.last().is_some_and(|last| last == step) {
            return;
        }
        self.trail.push(step.to_owned());
        let old = self.trail.len().saturating_sub(TRAIL_MAX);
        self.trail.drain(..old);
    }

    /// The question that was asked before this one, of those that the flow still asks. Those after it are forgotten.
    pub(crate) fn question_before(
        &mut self,
        current: &str,
        asks: impl Fn(&str) -> bool,
    ) -> Option<String> {
        if self.trail.last().is_some_and(|step| step == current) {
            self.trail.pop();
        }
        while self.trail.last().is_some_and(|step| !asks(step)) {
            self.trail.pop();
        }
        self.trail.last().cloned()
    }

    /// Whether the flow has done anything in this conversation.
    pub fn has_begun(&self) -> bool {
        !matches!(self.stage, FlowStage::Fresh)
    }

    /// The saved answers, `name` and `opening`.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The customer's last answer, or the opening of the conversation.
    pub fn last_said(&self) -> Option<&str> {
        let answer = Some(self.answer.as_str()).filter(|answer| !answer.is_empty());
        answer.or_else(|| self.variables.get("opening").map(String::as_str))
    }

    /// Whether a call or a pause comes before the first question: messages still belong to the opening of the conversation.
    pub fn opens(&self) -> bool {
        matches!(
            self.stage,
            FlowStage::Calling { opening: true, .. } | FlowStage::Paused { opening: true, .. }
        )
    }

    /// The step that the customer is at; `None` before the conversation begins.
    pub fn step(&self) -> Option<&str> {
        match &self.stage {
            FlowStage::Fresh => None,
            FlowStage::Asked { step, .. }
            | FlowStage::Resuming { step, .. }
            | FlowStage::Paused { step, .. }
            | FlowStage::Calling { step, .. }
            | FlowStage::HandedOff { step, .. }
            | FlowStage::Closed { step } => Some(step),
        }
    }

    /// Restarts the silence timeouts, for a time in which no process read the messages (for example, while another
    /// worker took the conversation over). A reminder that was sent is not sent again.
    pub fn restart_silence(&mut self, now: Millis) {
        self.quiet_since = now;
    }

    /// As [`restart_silence`](Self::restart_silence), if such a time ended at `then`. It never moves the start of the
    /// silence back.
    pub fn no_silence_before(&mut self, then: Millis) {
        self.quiet_since = self.quiet_since.max(then);
    }

    /// Stores the last message that the flow used ([`Advance::last_used`](crate::flow::Advance::last_used)): calls send it.
    pub fn set_last_message(&mut self, message: serde_json::Value) {
        self.last_message = Some(message);
    }

    /// Sets the key of a call that begins here, the same for all its tries. No other call may have the same key.
    pub fn begin_call(&mut self, new_key: impl FnOnce() -> String) {
        if let FlowStage::Calling { key, .. } = &mut self.stage
            && key.is_empty()
        {
            *key = new_key();
        }
    }

    /// Whether it is at a call that has no key yet.
    pub(crate) fn begins_call(&self) -> bool {
        matches!(&self.stage, FlowStage::Calling { key, .. } if key.is_empty())
    }

    pub(crate) fn is_number(&self, variable: &str) -> bool {
        self.numbers.contains(variable)
    }

    pub(crate) fn save(&mut self, variable: &str, value: &str) {
        let of_flow = variable != "name" && !RESERVED.contains(&variable);
        if of_flow && !self.order.iter().any(|one| one == variable) {
            self.order.push(variable.to_owned());
        }
        self.variables.insert(variable.to_owned(), cut(value));
        self.numbers.remove(variable);
    }

    /// Removes a variable.
    pub(crate) fn forget(&mut self, variable: &str) {
        self.variables.remove(variable);
    }

    /// What the flow has saved, in the order of saving. A state of an earlier version does not know the order.
    pub(crate) fn saved(&self) -> impl Iterator<Item = (&str, &str)> {
        let ordered = self
            .order
            .iter()
            .filter_map(|name| self.variables.get_key_value(name));
        let others = self.variables.iter().filter(|(name, _)| {
            let of_flow = *name != "name" && !RESERVED.contains(&name.as_str());
            of_flow && !self.order.contains(name)
        });
        ordered
            .chain(others)
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// While the customer waits for a person: what that person should know.
    pub fn note(&self) -> Option<&str> {
        match &self.stage {
            FlowStage::HandedOff { note, .. } => Some(note),
            _ => None,
        }
    }

    /// Saves a number in its normal form ("1234.5").
    pub(crate) fn save_number(&mut self, variable: &str, number: &str) {
        self.save(variable, number);
        self.numbers.insert(variable.to_owned());
    }

    /// The variables for expressions, with numbers as numbers.
    pub(crate) fn values(&self) -> BTreeMap<String, Value> {
        let value = |(name, text): (&String, &String)| {
            let number = match self.numbers.contains(name) {
                true => number(text),
                false => None,
            };
            (name.clone(), number.unwrap_or_else(|| text.as_str().into()))
        };
        let mut values: BTreeMap<String, Value> = self.variables.iter().map(value).collect();
        values.insert("answer".to_owned(), self.answer.as_str().into());
        values
    }

    /// The variables for templates, all as texts.
    pub(crate) fn words(&self) -> Value {
        let mut words = self.variables.clone();
        words.insert("answer".to_owned(), self.answer.clone());
        words.into()
    }

    /// Keeps a name that the customer gave us: they want to be called by it.
    fn learn_name(&mut self, name: Option<&str>) {
        let name = name.map(str::trim).unwrap_or_default();
        if !name.is_empty() && !self.variables.contains_key("name") {
            self.save("name", name);
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn number(text: &str) -> Option<Value> {
    match text.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => text.parse::<f64>().ok().map(Value::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Later versions must read what version 1 wrote: never edit these texts, only add more.
    const GOLDEN: &str = r#"{"v":1,"stage":{"at":"asked","step":"cpf","attempts":2},"variables":{"name":"Ana","opening":"oi"},"answer":"123","reminded":true,"quiet_since":1700000000000}"#;

    fn golden() -> State {
        let mut state = State::new(Some("Ana"));
        state.save("opening", "oi");
        state.stage = FlowStage::Asked {
            step: "cpf".to_owned(),
            attempts: 2,
        };
        state.answer = "123".to_owned();
        state.reminded = true;
        state.quiet_since = Millis::new(1_700_000_000_000);
        state
    }

    #[test]
    fn the_state_is_written_as_version_1() {
        assert_eq!(serde_json::to_string(&golden()).unwrap(), GOLDEN);
    }

    #[test]
    fn the_list_of_numbers_is_stored_only_if_there_are_any() {
        let mut state = golden();
        state.save_number("quantity", "3");
        let json = GOLDEN.replace(
            r#""opening":"oi"},"#,
            r#""opening":"oi","quantity":"3"},"numbers":["quantity"],"order":["quantity"],"#,
        );
        assert_eq!(serde_json::to_string(&state).unwrap(), json);
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
        assert!(state.values()["quantity"].is_number());
        state.save("quantity", "3");
        assert!(!state.values()["quantity"].is_number());
    }

    #[test]
    fn what_was_saved_comes_in_the_order_of_saving() {
        let mut state = golden();
        for (name, value) in [
            ("plan", "Unimed"),
            ("day", "1"),
            ("age", "3"),
            ("day", "2"),
            ("opens", "x"),
        ] {
            state.save(name, value);
        }
        let json = serde_json::to_string(&state).unwrap();
        let read: State = serde_json::from_str(&json).unwrap();
        let saved: Vec<_> = read.saved().collect();
        assert_eq!(saved, [("plan", "Unimed"), ("day", "2"), ("age", "3")]);
        // A state without the order, of an earlier version.
        let read: State =
            serde_json::from_str(&json.replace(r#""order":["plan","day","age"],"#, "")).unwrap();
        let saved: Vec<_> = read.saved().collect();
        assert_eq!(saved, [("age", "3"), ("day", "2"), ("plan", "Unimed")]);
    }

    #[test]
    fn states_of_version_1_are_read() {
        assert_eq!(serde_json::from_str::<State>(GOLDEN).unwrap(), golden());
        for (stage, json) in [
            (FlowStage::Fresh, r#"{"v":1,"stage":{"at":"fresh"}}"#),
            (
                FlowStage::Resuming {
                    step: "a".into(),
                    given: false,
                },
                r#"{"v":1,"stage":{"at":"resuming","step":"a"}}"#,
            ),
            (
                FlowStage::Resuming {
                    step: "a".into(),
                    given: true,
                },
                r#"{"v":1,"stage":{"at":"resuming","step":"a","given":true},"trail":["a"]}"#,
            ),
            (
                FlowStage::Paused {
                    step: "a".into(),
                    until: Millis::new(5),
                    opening: false,
                },
                r#"{"v":1,"stage":{"at":"paused","step":"a","until":5}}"#,
            ),
            (
                FlowStage::Paused {
                    step: "a".into(),
                    until: Millis::new(5),
                    opening: true,
                },
                r#"{"v":1,"stage":{"at":"paused","step":"a","until":5,"opening":true}}"#,
            ),
            (
                FlowStage::Calling {
                    step: "a".into(),
                    key: "c:3".into(),
                    opening: false,
                },
                r#"{"v":1,"stage":{"at":"calling","step":"a","key":"c:3"},"heard":{"text":"hi"},"calls":1}"#,
            ),
            (
                FlowStage::HandedOff {
                    step: "a".into(),
                    note: String::new(),
                },
                r#"{"v":1,"stage":{"at":"handed_off","step":"a"}}"#,
            ),
            (
                FlowStage::HandedOff {
                    step: "a".into(),
                    note: "urgent".into(),
                },
                r#"{"v":1,"stage":{"at":"handed_off","step":"a","note":"urgent"}}"#,
            ),
            (
                FlowStage::Closed { step: "a".into() },
                r#"{"v":1,"stage":{"at":"closed","step":"a"},"added_later":true}"#,
            ),
        ] {
            assert_eq!(serde_json::from_str::<State>(json).unwrap().stage, stage);
        }
    }

    #[test]
    fn what_is_known_is_stored_only_if_there_is_something() {
        let mut state = golden();
        state.meet("", None);
        assert_eq!(serde_json::to_string(&state).unwrap(), GOLDEN);
        let then = Millis::new(1_690_000_000_000);
        state.meet(
            r#"{"plan":"Unimed","visits":2}"#,
            Some((then, "done".into())),
        );
        let json = GOLDEN.replace(
            r#""quiet_since":1700000000000"#,
            r#""quiet_since":1700000000000,"known":{"plan":"Unimed","visits":2},"last":{"at":1690000000000,"outcome":"done"}"#,
        );
        assert_eq!(serde_json::to_string(&state).unwrap(), json);
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
        // The customer came back after a silence: the conversation goes on.
        let mut back = state.clone().resume(None);
        back.meet(r#"{"plan":"Bradesco"}"#, Some((then, "silence".into())));
        assert_eq!(back.last, state.last);
        assert_eq!(back.known, Known::read(r#"{"plan":"Bradesco"}"#));
    }

    #[test]
    fn the_trail_of_questions_is_stored_only_if_there_is_one_and_stays_short() {
        let mut state = golden();
        state.note_asked("name");
        state.note_asked("cpf");
        state.note_asked("cpf");
        let json = GOLDEN.replace(
            r#""quiet_since":1700000000000"#,
            r#""quiet_since":1700000000000,"trail":["name","cpf"]"#,
        );
        assert_eq!(serde_json::to_string(&state).unwrap(), json);
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
        for number in 0..100 {
            state.note_asked(&number.to_string());
        }
        assert_eq!(state.trail.len(), TRAIL_MAX);
        assert_eq!(state.trail.last().unwrap(), "99");
    }

    #[test]
    fn a_conversation_that_is_given_back_continues_at_its_last_question() {
        let mut state = golden();
        state.note_asked("name");
        let given = |step: &str| FlowStage::Resuming {
            step: step.into(),
            given: true,
        };
        assert_eq!(state.clone().given_back().stage, given("cpf"));
        state.stage = FlowStage::HandedOff {
            step: "person".into(),
            note: "x".into(),
        };
        let back = state.clone().given_back();
        assert_eq!(back.stage, given("name"));
        assert_eq!(back.variables(), state.variables());
        assert_eq!(back.given_back().stage, given("name"));
        assert_eq!(state.clone().sent_to("menu").stage, given("menu"));
        // A state of an earlier version does not know what was asked.
        state.trail.clear();
        assert_eq!(state.given_back().stage, FlowStage::Fresh);
    }

    #[test]
    fn the_time_that_was_asked_about_is_stored_only_while_it_is_open() {
        let mut state = golden();
        state.either_time = Some("03:00".to_owned());
        let json = GOLDEN.replace(
            r#""quiet_since":1700000000000"#,
            r#""quiet_since":1700000000000,"either_time":"03:00""#,
        );
        assert_eq!(serde_json::to_string(&state).unwrap(), json);
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
    }

    #[test]
    fn a_state_of_a_later_version_is_refused() {
        let later = GOLDEN.replace("\"v\":1", "\"v\":2");
        let refusal = serde_json::from_str::<State>(&later).unwrap_err();
        assert!(refusal.to_string().contains("version 2"), "{refusal}");
    }

    #[test]
    fn a_customer_who_returns_keeps_their_step_answers_and_name() {
        let back = golden().resume(Some("ana.souza"));
        let (step, given) = ("cpf".into(), false);
        assert_eq!(back.stage, FlowStage::Resuming { step, given });
        assert_eq!(back.variables(), golden().variables());
        assert_eq!(
            State::new(None).resume(Some("Ana")),
            State::new(Some("Ana"))
        );
    }
}
