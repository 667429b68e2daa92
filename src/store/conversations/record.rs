//! Something for the history alone, and what became of it.

use crate::ids::{ChatId, MessageId};
use crate::store::lanes::echo_content::EchoContent;
use crate::store::scripts::answer::Millis;

/// Something for the history alone.
#[derive(Clone, Debug)]
pub struct Record {
    /// What tells it apart from a repetition, or empty.
    pub seen: String,
    /// The kind of history entry.
    pub kind: &'static str,
    /// The id of the chat that it came from, in its normal form.
    pub from: ChatId,
    /// The customer's other id, if the event tells it.
    pub other: Option<ChatId>,
    /// A message makes its chat known; all else is recorded only in known chats.
    pub message: bool,
    /// The message, if it is one of ours: it may settle whether a reply was sent.
    pub echo: Option<MessageId>,
    /// What it says, if it is a message of ours.
    pub says: Option<EchoContent>,
    /// What it means if our sender did not send it; `None`: nothing.
    pub phone: Option<ByPhone>,
    /// The entry as JSON.
    pub data: String,
}

/// What a message of ours means if the owner wrote it on their own phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByPhone {
    /// For how long (ms) without a word from either the owner answers the chat; 0: the bot never steps aside.
    pub quiet: Millis,
    /// It is the word that ends that.
    pub ends: bool,
    /// When the last word was said, by either, of those that are known to have followed it in time; 0: none is.
    pub followed_at: Millis,
}

/// What became of a [`Record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the history.
    Recorded,
    /// We had it already.
    Duplicate,
    /// It is in the history, and the owner wrote it: from now on they answer that chat from their own phone, or no more.
    ByPhone {
        /// No more.
        ends: bool,
    },
    /// It is about a chat that we know nothing of.
    Ignored,
}
