//! The shop's answer to a call: reads what it says, sets and chooses, or reports its mistake.

use serde_json::{Map, Value};

use crate::flow::script::checked_flow::Script;
use crate::flow::script::step::{Calling, Then};
use crate::flow::script::templates::shorten;
use crate::flow::script::variables::{NAME_MAX, RESERVED, is_variable};
use crate::flow::turn::state::State;
use crate::flow::words::fold::closest;

/// The keys of an answer.
const ANSWER_KEYS: [&str; 4] = ["say", "set", "next", "end"];
/// Messages in one answer; WhatsApp punishes floods.
const TEXTS_MAX: usize = 20;
/// Variables in one conversation after an answer; the whole state is read and written at every step.
const VARIABLES_MAX: usize = 200;

/// A checked answer of the shop.
#[derive(Debug, Default)]
pub struct CallAnswer {
    /// Sent as it is. It may contain a customer's words, so it is not a template.
    pub(crate) say: Vec<String>,
    pub(crate) set: Vec<(String, SetValue)>,
    pub(crate) then: Option<Then>,
}

/// What a variable is set to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SetValue {
    Text(String),
    /// In its normal form.
    Number(String),
}

impl Script {
    /// Reads the answer to the call that a conversation waits for.
    ///
    /// # Errors
    /// Its mistake, in words for the log, without any words of a customer.
    pub fn read_answer(&self, state: &State, body: &[u8]) -> Result<CallAnswer, String> {
        let calling = state.step().and_then(|step| self.calling(step));
        let calling = calling.ok_or("the flow no longer calls at this step")?;
        if body.trim_ascii().is_empty() {
            return Ok(CallAnswer::default());
        }
        // serde's own message might quote the answer.
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("it is not JSON (line {line}, column {column})")
        })?;
        let Value::Object(answer) = value else {
            return Err(r#"it is not a JSON object; answer like {"say": "Hello"}"#.to_owned());
        };
        for key in answer.keys() {
            if !ANSWER_KEYS.contains(&key.as_str()) {
                let known = ANSWER_KEYS.map(|key| format!("`{key}`")).join(", ");
                return Err(match closest(key, ANSWER_KEYS) {
                    Some(meant) => format!("it has an unknown key; did you mean `{meant}`?"),
                    None => format!("it has an unknown key; known here: {known}"),
                });
            }
        }
        let answer = CallAnswer {
            say: read_say(answer.get("say"))?,
            set: read_set(calling, answer.get("set"))?,
            then: self.read_then(calling, &answer)?,
        };
        let new = |(name, _): &&(String, SetValue)| !state.variables().contains_key(name);
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
}

fn read_set(calling: &Calling, set: Option<&Value>) -> Result<Vec<(String, SetValue)>, String> {
    let set = match set {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(set)) => set,
        Some(_) => {
            return Err(
                r#"`set` is not an object of names and values, like {"price": 12}"#.to_owned(),
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
        if calling
            .save
            .as_ref()
            .is_some_and(|save| !save.contains(name))
        {
            return Err(format!(
                "`set` has `{name}`, which the step does not name in `save`"
            ));
        }
        let value = match value {
            Value::String(text) => SetValue::Text(text.clone()),
            Value::Number(number) => SetValue::Number(normal(number)),
            // As `set` in a flow saves them: {% if %} takes an empty text as false.
            Value::Bool(true) => SetValue::Text("true".to_owned()),
            Value::Bool(false) | Value::Null => SetValue::Text(String::new()),
            Value::Array(_) | Value::Object(_) => {
                return Err(format!(
                    "`{name}` in `set` is not a text, a number, true or false"
                ));
            }
        };
        values.push((name.clone(), value));
    }
    Ok(values)
}

fn read_say(say: Option<&Value>) -> Result<Vec<String>, String> {
    let text = |value: &Value| value.as_str().map(|text| shorten(text.to_owned()));
    let texts = match say {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(texts)) => texts.iter().map(text).collect(),
        Some(one) => text(one).map(|text| vec![text]),
    };
    let texts = texts.ok_or("`say` is neither a text nor a list of texts")?;
    match texts.len() {
        0..=TEXTS_MAX => Ok(texts),
        number => Err(format!(
            "`say` has {number} messages; at most {TEXTS_MAX} are allowed"
        )),
    }
}

fn word<'a>(answer: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match answer.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(word)) if !word.trim().is_empty() => Ok(Some(word)),
        Some(_) => Err(format!("`{key}` is not a text, or is empty")),
    }
}

/// A number in the form that a flow saves: 2, not 2.0.
fn normal(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}
