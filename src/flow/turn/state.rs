//! Where one customer is in a flow, in the form that is kept in Redis.
//!
//! Version 1. Fields may be added with a default; what changes meaning needs a new version.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use serde::{Deserialize, Serialize};

use crate::flow::script::variables::cut;

/// The one version this code writes and reads.
const VERSION: u8 = 1;

/// Where one customer is in a flow. It serializes to JSON and is kept between two steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    v: Version,
    pub(crate) stage: FlowStage,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// The variables that are numbers: expressions reckon with them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    numbers: BTreeSet<String>,
    /// The last answer, as it was read; what it is in templates.
    #[serde(default)]
    pub(crate) answer: String,
    /// A reminder was sent in this silence.
    #[serde(default)]
    pub(crate) reminded: bool,
    /// They stand at a closed door, and are told so at the beginning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) closed: bool,
    /// When the silence began, in milliseconds since the epoch.
    #[serde(default)]
    pub(crate) quiet_since: u64,
    /// What the flow has heard last, as [`State::hear`] was given it; only kept where a flow calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) heard: Option<serde_json::Value>,
    /// Calls since the customer was heard.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) calls: u32,
}

/// What has happened between the flow and the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(crate) enum FlowStage {
    /// Nothing was said yet.
    Fresh,
    /// The question of this step was asked, and so many answers did not fit.
    Asked { step: String, attempts: u32 },
    /// The customer came back; the question of this step is to be asked again.
    Resuming { step: String },
    /// The step pauses until then, in milliseconds since the epoch.
    Paused {
        step: String,
        until: u64,
        /// No question was asked yet: what is written opens the conversation.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        opening: bool,
    },
    /// The shop's own system was asked, and has not answered yet.
    Calling {
        step: String,
        /// What all tries of this call go under; [`State::begin_call`] sets it.
        #[serde(default)]
        key: String,
        /// As in `Paused`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        opening: bool,
    },
    /// The step waits for a person.
    HandedOff { step: String },
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
    /// A conversation in which nothing was said yet, with the customer's WhatsApp name where it is known.
    pub fn new(name: Option<&str>) -> State {
        let mut state = State {
            v: Version,
            stage: FlowStage::Fresh,
            variables: BTreeMap::new(),
            numbers: BTreeSet::new(),
            answer: String::new(),
            reminded: false,
            closed: false,
            quiet_since: 0,
            heard: None,
            calls: 0,
        };
        state.learn_name(name);
        state
    }

    /// The customer came back in time: goes on at the step where they stopped, whose question is asked
    /// again. What was saved is kept. A conversation that had come to its end begins anew.
    pub fn resume(mut self, name: Option<&str>) -> State {
        self.stage = match self.stage {
            FlowStage::Asked { step, .. }
            | FlowStage::Resuming { step }
            | FlowStage::Paused { step, .. }
            | FlowStage::Calling { step, .. }
            | FlowStage::HandedOff { step } => FlowStage::Resuming { step },
            FlowStage::Fresh => FlowStage::Fresh,
            FlowStage::Closed { .. } => return State::new(name),
        };
        self.learn_name(name);
        self
    }

    /// What is known of the customer: the saved answers, `name` and `opening`.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The customer's last answer, or what opened the conversation.
    pub fn last_said(&self) -> Option<&str> {
        let answer = Some(self.answer.as_str()).filter(|answer| !answer.is_empty());
        answer.or_else(|| self.variables.get("opening").map(String::as_str))
    }

    /// Whether a call or a pause goes on before the first question: what the customer writes opens the conversation still.
    pub fn opens(&self) -> bool {
        matches!(
            self.stage,
            FlowStage::Calling { opening: true, .. } | FlowStage::Paused { opening: true, .. }
        )
    }

    /// The step the customer is at; none before the first word was said.
    pub fn step(&self) -> Option<&str> {
        match &self.stage {
            FlowStage::Fresh => None,
            FlowStage::Asked { step, .. }
            | FlowStage::Resuming { step }
            | FlowStage::Paused { step, .. }
            | FlowStage::Calling { step, .. }
            | FlowStage::HandedOff { step }
            | FlowStage::Closed { step } => Some(step),
        }
    }

    /// Restarts the clock of the silence, for a time in which nobody could hear the customer (another
    /// worker took the conversation over, say). A reminder that was sent is not sent again.
    pub fn heard(&mut self, now: u64) {
        self.quiet_since = now;
    }

    /// As [`heard`](Self::heard), for a time that was over at `then`, perhaps before the customer last had the word.
    pub fn not_heard_until(&mut self, then: u64) {
        self.quiet_since = self.quiet_since.max(then);
    }

    /// Keeps what the flow has heard last ([`Advance::heard`](crate::flow::Advance::heard)), for calls to tell it.
    pub fn hear(&mut self, message: serde_json::Value) {
        self.heard = Some(message);
    }

    /// Says what a call that begins here goes under, however often it is tried: nothing that could be another call's.
    pub fn begin_call(&mut self, name: impl FnOnce() -> String) {
        if let FlowStage::Calling { key, .. } = &mut self.stage
            && key.is_empty()
        {
            *key = name();
        }
    }

    /// Whether it is at a call that has no name yet.
    pub(crate) fn begins_call(&self) -> bool {
        matches!(&self.stage, FlowStage::Calling { key, .. } if key.is_empty())
    }

    pub(crate) fn is_number(&self, variable: &str) -> bool {
        self.numbers.contains(variable)
    }

    pub(crate) fn save(&mut self, variable: &str, value: &str) {
        self.variables.insert(variable.to_owned(), cut(value));
        self.numbers.remove(variable);
    }

    /// Saves a number in its normal form ("1234.5").
    pub(crate) fn save_number(&mut self, variable: &str, number: &str) {
        self.save(variable, number);
        self.numbers.insert(variable.to_owned());
    }

    /// The variables as expressions see them, which reckon with numbers.
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

    /// The variables as templates see them: all are texts.
    pub(crate) fn words(&self) -> Value {
        let mut words = self.variables.clone();
        words.insert("answer".to_owned(), self.answer.clone());
        words.into()
    }

    /// A name that the customer told us stays: it is what they want to be called.
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

    /// What version 1 wrote must be read for ever, so these texts are never edited, only added to.
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
        state.quiet_since = 1_700_000_000_000;
        state
    }

    #[test]
    fn the_state_is_written_as_version_1() {
        assert_eq!(serde_json::to_string(&golden()).unwrap(), GOLDEN);
    }

    #[test]
    fn numbers_are_told_apart_only_where_there_are_any() {
        let mut state = golden();
        state.save_number("quantity", "3");
        let json = GOLDEN.replace(
            r#""opening":"oi"},"#,
            r#""opening":"oi","quantity":"3"},"numbers":["quantity"],"#,
        );
        assert_eq!(serde_json::to_string(&state).unwrap(), json);
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
        assert!(state.values()["quantity"].is_number());
        state.save("quantity", "3");
        assert!(!state.values()["quantity"].is_number());
    }

    #[test]
    fn what_version_1_wrote_is_read() {
        assert_eq!(serde_json::from_str::<State>(GOLDEN).unwrap(), golden());
        for (stage, json) in [
            (FlowStage::Fresh, r#"{"v":1,"stage":{"at":"fresh"}}"#),
            (
                FlowStage::Resuming { step: "a".into() },
                r#"{"v":1,"stage":{"at":"resuming","step":"a"}}"#,
            ),
            (
                FlowStage::Paused {
                    step: "a".into(),
                    until: 5,
                    opening: false,
                },
                r#"{"v":1,"stage":{"at":"paused","step":"a","until":5}}"#,
            ),
            (
                FlowStage::Paused {
                    step: "a".into(),
                    until: 5,
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
                FlowStage::HandedOff { step: "a".into() },
                r#"{"v":1,"stage":{"at":"handed_off","step":"a"}}"#,
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
    fn a_later_version_is_refused_and_not_misread() {
        let later = GOLDEN.replace("\"v\":1", "\"v\":2");
        let refusal = serde_json::from_str::<State>(&later).unwrap_err();
        assert!(refusal.to_string().contains("version 2"), "{refusal}");
    }

    #[test]
    fn who_comes_back_keeps_the_step_the_answers_and_the_name_they_gave() {
        let back = golden().resume(Some("ana.souza"));
        assert_eq!(back.stage, FlowStage::Resuming { step: "cpf".into() });
        assert_eq!(back.variables(), golden().variables());
        assert_eq!(
            State::new(None).resume(Some("Ana")),
            State::new(Some("Ana"))
        );
    }
}
