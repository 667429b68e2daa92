//! The texts for customers in line: the flow's own or the built-in one, rendered with their place.

use std::collections::BTreeMap;
use std::time::Duration;

use minijinja::Value;

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
    Next,
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
    /// Renders a text for a waiting customer. If it is empty, nothing is sent: a flow can switch a text off this way.
    pub fn queue_text(&self, text: QueueText, name: Option<&str>) -> String {
        let (key, position, wait) = match text {
            QueueText::Position { position, wait } => (TextKey::Position, position, wait),
            QueueText::Next => (TextKey::Next, 1, None),
            QueueText::StillWaiting { position, wait } => (TextKey::StillWaiting, position, wait),
            QueueText::Left => (TextKey::Left, 0, None),
        };
        let mut words: BTreeMap<String, Value> = BTreeMap::from([
            ("position".to_owned(), position.into()),
            ("wait".to_owned(), WaitPhrase::new(self.locale, wait).into()),
        ]);
        if let Some(name) = name {
            words.insert("name".to_owned(), name.into());
        }
        self.templates.built_in(key, words.into()).0
    }
}
