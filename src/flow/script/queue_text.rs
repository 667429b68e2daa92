//! What customers who wait in line read: the author's text or the built-in one, with their place filled in.

use std::collections::BTreeMap;
use std::time::Duration;

use minijinja::Value;

use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::wait_phrase::WaitPhrase;

/// A text about the line, and what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueText {
    /// The place in line.
    Position {
        /// The place; 1 is next.
        position: u64,
        /// How long it will take, where that can be said.
        wait: Option<Duration>,
    },
    /// They are next.
    Next,
    /// They are not forgotten.
    StillWaiting {
        /// The place; 1 is next.
        position: u64,
        /// How long it will take, where that can be said.
        wait: Option<Duration>,
    },
    /// They left.
    Left,
}

impl Script {
    /// A text for a customer who waits. Empty where the author's own text renders to nothing: then there
    /// is nothing to send.
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
