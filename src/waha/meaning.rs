//! What an event means for the queue.

use serde::Serialize;

use super::message::{Author, Direction, Message};
use super::restriction::Restriction;
use crate::clock::Millis;
use crate::ids::{ChatId, MessageId};

/// What an event means.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// A customer wrote. This opens or continues a conversation. The message always has an id.
    Inbound(Message),
    /// A customer's message without any content that we could read: WhatsApp announces a message before it delivers it, or the
    /// kind is new. It goes into the history; it neither opens nor continues a conversation, and the content may still follow
    /// under the same id.
    Contentless(Message),
    /// A customer chose options in one of our polls. The text is what they chose. It continues a conversation like a
    /// message, but opens none, because the poll may be old or the owner's. It always has an id.
    Vote(Message),
    /// Our own account wrote to a customer: this program, another program, or the owner on the handset.
    Own(Message),
    /// WAHA accepted, delivered or failed to send a message, or somebody read or played it.
    Ack(Ack),
    /// The text of a message was edited.
    Edited(Edited),
    /// A message was withdrawn.
    Revoked(Revoked),
    /// Somebody put an emoji under a message, or removed it.
    Reaction(Reaction),
    /// The session's state. Only `WORKING` is usable. WAHA may report the same state twice.
    SessionStatus {
        /// WAHA's word for it. There may be new words.
        status: String,
        /// WhatsApp's restrictions on it at the moment; only with `WORKING`.
        restrictions: Vec<Restriction>,
    },
    /// It is not for us. The reason is one of a few fixed texts, so it can be a label.
    Ignored(&'static str),
}

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ack {
    /// The customer's chat.
    pub chat: ChatId,
    /// The message it is about.
    #[serde(rename = "stanza")]
    pub message: MessageId,
    /// The direction of that message. `Inbound` means that the owner read it on the handset.
    pub direction: Direction,
    /// -1 error, 0 pending, 1 server, 2 device, 3 read, 4 played. Acks may come out of order or twice.
    pub ack: i8,
    /// Why it failed, if WAHA says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When.
    pub at: Millis,
}

/// The new text of a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edited {
    /// The customer's chat.
    pub chat: ChatId,
    /// The message that was edited.
    #[serde(rename = "stanza")]
    pub message: MessageId,
    /// The direction of that message.
    pub direction: Direction,
    /// What it says now; unknown if the engine could not read the edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The customer's other id, if the event has it: the message may have come under that. It is not stored.
    #[serde(skip)]
    pub other_id: Option<ChatId>,
    /// When.
    pub at: Millis,
}

/// A message that was withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revoked {
    /// The customer's chat.
    pub chat: ChatId,
    /// The message that was withdrawn.
    #[serde(rename = "stanza")]
    pub message: MessageId,
    /// The direction of that message.
    pub direction: Direction,
    /// The customer's other id, if the event has it: the message may have come under that. It is not stored.
    #[serde(skip)]
    pub other_id: Option<ChatId>,
    /// When.
    pub at: Millis,
}

/// An emoji under a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reaction {
    /// The customer's chat.
    pub chat: ChatId,
    /// The message it is under.
    #[serde(rename = "stanza")]
    pub message: MessageId,
    /// The direction of that message.
    pub direction: Direction,
    /// Its author: the customer, or our account (`phone`).
    pub by: Author,
    /// The emoji; empty if it was removed.
    pub text: String,
    /// When.
    pub at: Millis,
}
