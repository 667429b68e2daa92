//! The texts for customers in line: the flow's own or the built-in one, rendered with their place.

use std::collections::BTreeMap;
use std::time::Duration;

use minijinja::Value;

use crate::clock::Millis;
use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::wait_phrase::WaitPhrase;

/// A text for a customer in line, with its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueText {
    /// The place in line.
    Position {
        /// The place; 1 is next.
        position: u64,
        /// The estimated wait, if known.
        wait: Option<Duration>,
    },
    /// They are next.
    Next {
        /// The estimated wait, if known.
        wait: Option<Duration>,
    },
    /// We haven't forgotten them.
    StillWaiting {
        /// The place; 1 is next.
        position: u64,
        /// The estimated wait, if known.
        wait: Option<Duration>,
    },
    /// They left.
    Left,
}

impl Script {
    /// Renders a text for a customer who waits for a worker. If it is empty, nothing is sent: a flow can switch a text off this
    /// way.
    pub fn queue_text(&self, text: QueueText, name: Option<&str>) -> String {
        let key = match text {
            QueueText::Position { .. } => TextKey::Position,
            QueueText::Next { .. } => TextKey::Next,
            QueueText::StillWaiting { .. } => TextKey::StillWaiting,
            QueueText::Left => TextKey::Left,
        };
        self.in_line(key, text, name, None)
    }

    /// As [`queue_text`](Self::queue_text), for a customer who waits for a person of this team ("": of none). Nobody may be
    /// there, so the text promises nothing; while the team is closed, it says when people are back.
    pub fn person_text(
        &self,
        text: QueueText,
        name: Option<&str>,
        team: &str,
        now: Millis,
    ) -> String {
        let key = match text {
            QueueText::Position { .. } => TextKey::PersonPosition,
            QueueText::Next { .. } => TextKey::PersonNext,
            QueueText::StillWaiting { .. } => TextKey::PersonStillWaiting,
            QueueText::Left => TextKey::Left,
        };
        self.in_line(key, text, name, self.team_opens(team, now))
    }

    /// The text for a customer who writes while the line is paused. `words` are the owner's own, like "back at 14:00", and may be
    /// empty. If the text is empty, nothing is sent.
    pub fn paused_text(&self, words: &str, name: Option<&str>) -> String {
        let words = words.trim().trim_end_matches('.');
        let mut values = BTreeMap::from([("paused".to_owned(), Value::from(words))]);
        if let Some(name) = name {
            values.insert("name".to_owned(), name.into());
        }
        self.templates.built_in(TextKey::Paused, values.into()).0
    }

    fn in_line(
        &self,
        key: TextKey,
        text: QueueText,
        name: Option<&str>,
        opens: Option<String>,
    ) -> String {
        let (position, wait) = match text {
            QueueText::Position { position, wait } | QueueText::StillWaiting { position, wait } => {
                (position, wait)
            }
            QueueText::Next { wait } => (1, wait),
            QueueText::Left => (0, None),
        };
        let mut words: BTreeMap<String, Value> = BTreeMap::from([
            ("position".to_owned(), position.into()),
            ("wait".to_owned(), WaitPhrase::new(self.locale, wait).into()),
        ]);
        if let Some(name) = name {
            words.insert("name".to_owned(), name.into());
        }
        if let Some(opens) = opens {
            words.insert("opens".to_owned(), opens.into());
        }
        self.templates.built_in(key, words.into()).0
    }
}
