//! What is known of a customer from earlier conversations: what the flow remembers, and how the last conversation ended.

use std::collections::BTreeMap;

use minijinja::Value;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;

/// A remembered value is cut to this many characters: it is kept for every customer, for a year.
const VALUE_MAX: usize = 500;
/// More values than any flow remembers. Those of earlier versions of the flow stay.
const VALUES_MAX: usize = 100;

/// What the flow remembers of a customer: texts and numbers by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Known(BTreeMap<String, serde_json::Value>);

/// The last conversation with a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastConversation {
    pub(crate) at: Millis,
    pub(crate) outcome: String,
}

impl Known {
    /// Reads what [`Known::json`] wrote. Anything else is nothing known.
    pub(crate) fn read(json: &str) -> Known {
        let mut known: Known = serde_json::from_str(json).unwrap_or_default();
        known
            .0
            .retain(|_, value| value.is_string() || value.is_number());
        known
    }

    pub(crate) fn json(&self) -> String {
        // Texts and numbers always are valid JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Remembers a value, or forgets it if it is empty. Returns whether that changed anything.
    pub(crate) fn remember(&mut self, name: &str, text: &str, is_number: bool) -> bool {
        if text.trim().is_empty() {
            return self.0.remove(name).is_some();
        }
        let number = is_number.then(|| text.parse::<serde_json::Number>().ok());
        let value = match number.flatten() {
            // Only if it stays as it is.
            Some(number) if number.to_string() == text => number.into(),
            _ => text.chars().take(VALUE_MAX).collect::<String>().into(),
        };
        if self.0.get(name) == Some(&value)
            || (!self.0.contains_key(name) && self.0.len() >= VALUES_MAX)
        {
            return false;
        }
        self.0.insert(name.to_owned(), value);
        true
    }

    /// The values for templates and expressions, with numbers as numbers.
    pub(crate) fn values(&self) -> BTreeMap<String, Value> {
        let value = |(name, value): (&String, &serde_json::Value)| {
            let value = match (value.as_i64(), value.as_f64()) {
                (Some(whole), _) => whole.into(),
                (None, Some(float)) => float.into(),
                (None, None) => value.as_str().unwrap_or_default().into(),
            };
            (name.clone(), value)
        };
        self.0.iter().map(value).collect()
    }

    /// The names and values, as texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, value)| {
            let text = value.as_str().map(str::to_owned);
            (name.as_str(), text.unwrap_or_else(|| value.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_are_remembered_and_what_is_empty_is_forgotten() {
        let mut known = Known::default();
        assert!(known.is_empty());
        assert!(known.remember("plan", "Unimed", false));
        assert!(!known.remember("plan", "Unimed", false));
        assert!(known.remember("visits", "3", true));
        assert!(known.remember("zip", "01310", false));
        // A text of digits, and a number that JSON would write in another way.
        assert!(known.remember("huge", "100000000000000000000000000000000", true));
        let json = r#"{"huge":"100000000000000000000000000000000","plan":"Unimed","visits":3,"zip":"01310"}"#;
        assert_eq!(known.json(), json);
        assert_eq!(Known::read(json), known);
        assert!(known.remember("plan", " ", false) && !known.remember("plan", "", false));
        let texts: Vec<(&str, String)> = known.texts().collect();
        assert_eq!(texts[1], ("visits", "3".to_owned()));
        known.remember("long", &"é".repeat(5000), false);
        assert_eq!(known.0["long"].as_str().unwrap().chars().count(), VALUE_MAX);
        for number in 0..1000 {
            known.remember(&number.to_string(), "x", false);
        }
        assert_eq!(known.0.len(), VALUES_MAX);
    }

    #[test]
    fn what_is_no_object_of_texts_and_numbers_is_nothing_known() {
        for json in [
            "",
            "x",
            "[1]",
            "{\"a\":",
            "null",
            r#"{"a":null,"b":[1],"c":{}}"#,
        ] {
            assert!(Known::read(json).is_empty(), "{json}");
        }
    }
}
