//! An event that only goes into the history, and the result.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, MessageId};
use crate::store::lanes::echo_content::EchoContent;

/// An event that only goes into the history.
#[derive(Clone, Debug)]
pub struct Record {
    /// A key that recognises the same event when it comes again, or empty.
    pub dedup_key: String,
    /// The kind of history entry.
    pub kind: &'static str,
    /// The id of the chat that it came from.
    pub from: ChatId,
    /// The customer's other id, if the event has it.
    pub other_id: Option<ChatId>,
    /// Whether it is a message. A message makes its chat known; other events are recorded only in known chats.
    pub message: bool,
    /// The parts of its content if it is a message, one letter each. A later copy with more completes it.
    pub parts: String,
    /// The id of the message of ours that it is or is about, if any. It may settle whether a reply was sent.
    pub echo: Option<MessageId>,
    /// What the message says, if it is one of ours.
    pub content: Option<EchoContent>,
    /// What it means if our sender did not send it; `None` if nothing.
    pub if_by_phone: Option<ByPhone>,
    /// The entry as JSON.
    pub data: String,
    /// The same with only the part of the text that is heard; `None` if that is all.
    pub heard: Option<String>,
}

impl Record {
    /// An event that is no message, about the chat `from`; its entry is `data`.
    pub fn event(kind: &'static str, from: ChatId, data: String) -> Self {
        Self {
            dedup_key: String::new(),
            kind,
            from,
            other_id: None,
            message: false,
            parts: String::new(),
            echo: None,
            content: None,
            if_by_phone: None,
            data,
            heard: None,
        }
    }
}

/// What a message of ours means if the owner wrote it on their own phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByPhone {
    /// How long the owner answers the chat after the last message of either side; zero: the bot never stops.
    pub quiet: Duration,
    /// It is the word that ends the takeover.
    pub is_end_word: bool,
    /// When the last known message after this one was sent, by either side; 0 if there is none.
    pub last_activity_at: Millis,
}

/// The result of storing a [`Record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the history.
    Recorded,
    /// We already had it.
    Duplicate,
    /// It is in the history, and the owner wrote it: their takeover of the chat begins or ends.
    ByPhone {
        /// The takeover ends.
        ends: bool,
    },
    /// It is about a chat that we don't know.
    Ignored,
}
