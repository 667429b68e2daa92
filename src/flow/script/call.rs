//! What a `call` step tells the shop's own system, and what that may answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::flow::load::steps::RESERVED;
use crate::flow::script::definition::{Script, Step, Then};
use crate::flow::script::texts::shorten;
use crate::flow::turn::state::{Stage, State};
use crate::flow::words::fold::closest;

/// The keys of an answer.
const ANSWER_KEYS: [&str; 4] = ["say", "set", "next", "end"];
/// Messages of one answer; WhatsApp punishes floods.
const TEXTS_MAX: usize = 20;
/// Variables of one conversation that answers may bring it to: the state is read and written at every step.
const VARIABLES_MAX: usize = 200;
/// Characters of a variable's name, and of an outcome.
const NAME_MAX: usize = 100;

/// A step that asks the shop's own system.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) url: String,
    /// Of one try.
    pub(crate) timeout: Duration,
    /// Tries in all.
    pub(crate) attempts: u32,
    /// The steps that the answer may choose beside `then`; none: any.
    pub(crate) may: Option<BTreeSet<String>>,
    /// The variables that the answer may set; none: any.
    pub(crate) save: Option<BTreeSet<String>>,
    /// Where the answer chooses nothing.
    pub(crate) then: Then,
    /// Where there is no answer to go by.
    pub(crate) otherwise: String,
}

/// A call that a conversation waits for.
#[derive(Debug)]
pub struct Call<'s> {
    /// The step that calls.
    pub step: &'s str,
    /// Where to.
    pub url: &'s str,
    /// How long one try may take.
    pub timeout: Duration,
    /// How often to try in all.
    pub attempts: u32,
    /// The same however often it is tried, by whomever; another for each call.
    pub key: String,
    state: &'s State,
}

/// The body of a call. The same bytes for the same call: the order is fixed, and no clock is in it.
#[derive(Serialize)]
struct Body<'a> {
    session: &'a str,
    chat: &'a str,
    name: Option<&'a str>,
    conversation: &'a str,
    step: &'a str,
    idempotency_key: &'a str,
    message: Option<&'a Value>,
    variables: BTreeMap<&'a str, Value>,
}

/// What the shop answered, checked.
#[derive(Debug, Default)]
pub struct Answer {
    /// As it is: it may hold a customer's words, so it is no template.
    pub(crate) say: Vec<String>,
    pub(crate) set: Vec<(String, Set)>,
    pub(crate) then: Option<Then>,
}

/// What a variable is set to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Text(String),
    /// In its normal form.
    Number(String),
}

impl Call<'_> {
    /// The JSON to post, for a conversation of this session and chat.
    #[must_use]
    pub fn body(&self, session: &str, chat: &str, conversation: &str) -> String {
        let variables = self.state.variables().iter().map(|(name, text)| {
            let number = match self.state.is_number(name) {
                true => serde_json::from_str(text).ok(),
                false => None,
            };
            (name.as_str(), number.unwrap_or_else(|| text.clone().into()))
        });
        let body = Body {
            session,
            chat,
            name: self.state.variables().get("name").map(String::as_str),
            conversation,
            step: self.step,
            idempotency_key: &self.key,
            message: self.state.heard.as_ref(),
            variables: variables.collect(),
        };
        // Texts and numbers always are valid JSON.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

impl Script {
    /// Whether any step calls.
    #[must_use]
    pub fn calls(&self) -> bool {
        self.calls
    }

    /// The call that a conversation waits for, if it waits for one: its answer goes to [`Script::answered`].
    #[must_use]
    pub fn call<'s>(&'s self, state: &'s State) -> Option<Call<'s>> {
        let Stage::Calling { step, key, .. } = &state.stage else {
            return None;
        };
        let calling = self.calling(step)?;
        Some(Call {
            step,
            url: &calling.url,
            timeout: calling.timeout,
            attempts: calling.attempts,
            key: key.clone(),
            state,
        })
    }

    /// Reads what was answered to the call that a conversation waits for.
    ///
    /// # Errors
    /// What is wrong with it, in words for the log: without anything that a customer may have said.
    pub fn read_answer(&self, state: &State, body: &[u8]) -> Result<Answer, String> {
        let calling = state.step().and_then(|step| self.calling(step));
        let calling = calling.ok_or("the flow does not call here any more")?;
        if body.trim_ascii().is_empty() {
            return Ok(Answer::default());
        }
        // Its own words might quote the answer.
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("it is not JSON (line {line}, column {column})")
        })?;
        let Value::Object(answer) = value else {
            return Err(r#"it is no JSON object; answer like {"say": "Hello"}"#.to_owned());
        };
        for key in answer.keys() {
            if !ANSWER_KEYS.contains(&key.as_str()) {
                let known = ANSWER_KEYS.map(|key| format!("`{key}`")).join(", ");
                return Err(match closest(key, ANSWER_KEYS) {
                    Some(meant) => format!("it has a key that is not known; was `{meant}` meant?"),
                    None => format!("it has a key that is not known; there are {known}"),
                });
            }
        }
        let answer = Answer {
            say: read_say(answer.get("say"))?,
            set: calling.read_set(answer.get("set"))?,
            then: self.read_then(calling, &answer)?,
        };
        let new = |(name, _): &&(String, Set)| !state.variables().contains_key(name);
        if state.variables().len() + answer.set.iter().filter(new).count() > VARIABLES_MAX {
            return Err(format!(
                "with `set` the conversation would have more than {VARIABLES_MAX} variables; use the same names again"
            ));
        }
        Ok(answer)
    }

    fn read_then(
        &self,
        calling: &Calling,
        answer: &Map<String, Value>,
    ) -> Result<Option<Then>, String> {
        match (word(answer, "next")?, word(answer, "end")?) {
            (Some(_), Some(_)) => Err("it has both `next` and `end`; keep one".to_owned()),
            (None, None) => Ok(None),
            (None, Some(end)) if end.chars().count() > NAME_MAX => Err(format!(
                "`end` is longer than {NAME_MAX} characters; it is a word for the history, like \"ordered\""
            )),
            (None, Some(end)) => Ok(Some(Then::End(end.to_owned()))),
            (Some(next), None) => {
                if !self.steps.contains_key(next) {
                    return Err("`next` names a step that the flow does not have".to_owned());
                }
                if !calling.leads_to(next) {
                    return Err(format!(
                        "`next` is `{next}`, which the step may not choose; write it in its `may`"
                    ));
                }
                Ok(Some(Then::Next(next.to_owned())))
            }
        }
    }

    pub(crate) fn calling(&self, step: &str) -> Option<&Calling> {
        match self.steps.get(step)? {
            Step::Call(calling) => Some(calling),
            _ => None,
        }
    }
}

impl Calling {
    fn leads_to(&self, step: &str) -> bool {
        let by_default = matches!(&self.then, Then::Next(next) if next == step);
        let may = |may: &BTreeSet<String>| may.contains(step);
        by_default || self.otherwise == step || self.may.as_ref().is_none_or(may)
    }

    fn read_set(&self, set: Option<&Value>) -> Result<Vec<(String, Set)>, String> {
        let set = match set {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Object(set)) => set,
            Some(_) => {
                return Err(
                    r#"`set` is no object from names to values, like {"price": 12}"#.to_owned(),
                );
            }
        };
        let mut values = Vec::new();
        for (number, (name, value)) in (1..).zip(set) {
            if !is_variable(name) || RESERVED.contains(&name.as_str()) {
                return Err(format!(
                    "name {number} in `set` can't be used: write letters, digits and _, and none of {}",
                    RESERVED.join(", ")
                ));
            }
            if self.save.as_ref().is_some_and(|save| !save.contains(name)) {
                return Err(format!(
                    "`set` has `{name}`, which the step does not name in `save`"
                ));
            }
            let value = match value {
                Value::String(text) => Set::Text(text.clone()),
                Value::Number(number) => Set::Number(normal(number)),
                // As `set` in a flow keeps them: nothing is what {% if %} takes for false.
                Value::Bool(true) => Set::Text("true".to_owned()),
                Value::Bool(false) | Value::Null => Set::Text(String::new()),
                Value::Array(_) | Value::Object(_) => {
                    return Err(format!(
                        "`{name}` in `set` is no text, number, true or false"
                    ));
                }
            };
            values.push((name.clone(), value));
        }
        Ok(values)
    }
}

fn read_say(say: Option<&Value>) -> Result<Vec<String>, String> {
    let text = |value: &Value| value.as_str().map(|text| shorten(text.to_owned()));
    let texts = match say {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(texts)) => texts.iter().map(text).collect(),
        Some(one) => text(one).map(|text| vec![text]),
    };
    let texts = texts.ok_or("`say` is no text, and no list of texts")?;
    match texts.len() {
        0..=TEXTS_MAX => Ok(texts),
        number => Err(format!(
            "`say` has {number} messages, and {TEXTS_MAX} are the most"
        )),
    }
}

fn word<'a>(answer: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match answer.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(word)) if !word.trim().is_empty() => Ok(Some(word)),
        Some(_) => Err(format!("`{key}` is no word")),
    }
}

/// Whether something can be saved under this name.
pub(crate) fn is_variable(name: &str) -> bool {
    let fits = |(at, c): (usize, char)| {
        c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit())
    };
    !name.is_empty()
        && name.len() <= NAME_MAX
        && !name.starts_with("__")
        && name.chars().enumerate().all(fits)
}

/// A number as a flow keeps it: 2 and not 2.0.
fn normal(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}
