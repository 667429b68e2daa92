//! Messages and conversations as readers get them, with everything known about each.

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::event::StoredEvent;
use super::status::Status;
use crate::clock::{self, Millis};
use crate::ids::{ChatId, ConversationId, MessageId, SessionName};

/// A message and all that happened to it. Times are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredMessage {
    /// Its row. A row that is freed may later hold another message.
    #[serde(skip)]
    pub row: i64,
    /// The WhatsApp account.
    pub session: SessionName,
    /// The customer's chat id.
    pub chat: ChatId,
    /// The conversation it belongs to, if any.
    pub conversation: Option<ConversationId>,
    /// WhatsApp's bare message id, if it is known.
    #[serde(rename = "stanza")]
    pub message_id: Option<MessageId>,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// `customer`, `bot`, `agent` or `phone`.
    pub author: String,
    /// The agent, if one said it.
    pub by: Option<String>,
    /// `text`, `image`, `voice`, `location` ...
    pub kind: String,
    /// The latest text that is known: that of an edit, or the first one.
    pub text: String,
    /// The first text, if the text of an edit is known.
    pub first_text: Option<String>,
    /// Every later version, oldest first.
    pub edits: Vec<Edit>,
    /// When it was withdrawn.
    pub revoked_at: Option<Millis>,
    /// `{url, mimetype, filename, error}`, as WAHA reported it.
    pub media: Option<Value>,
    /// `{latitude, longitude, name, address}`, as WAHA reported it.
    pub location: Option<Value>,
    /// vCards, as WAHA reported them.
    pub contacts: Option<Value>,
    /// Id of the message that it answers.
    pub quoted: Option<MessageId>,
    /// The author's WhatsApp name.
    pub name: Option<String>,
    /// The best guess of when it was sent: WAHA's time, made more exact within its second. Lists are sorted by it.
    pub at: Millis,
    /// WAHA's time.
    pub sent_at: Millis,
    /// When we received it.
    pub received_at: Option<Millis>,
    /// Our own id, for a reply.
    pub reply_id: Option<String>,
    /// `sent` or `failed`, for a reply.
    pub state: Option<String>,
    /// The highest ack: 0 pending, 1 server, 2 device, 3 read, 4 played.
    pub ack: Option<i64>,
    /// When that ack was first reported.
    pub ack_at: Option<Millis>,
    /// Whether sending failed, or WhatsApp reported an error afterwards.
    pub failed: bool,
    /// Why, if it is known.
    pub error: Option<String>,
    /// Current reactions, oldest first.
    pub reactions: Vec<StoredReaction>,
}

/// A later version of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Edit {
    /// When it was edited, in Unix milliseconds.
    pub at: Millis,
    /// The new text; `None` if the engine could not read it.
    pub text: Option<String>,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct StoredReaction {
    /// Who reacted.
    pub by: String,
    /// Usually an emoji.
    pub text: String,
    /// When, in Unix milliseconds.
    pub at: Millis,
}

/// A conversation from the message that opened it to its outcome. Times are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conversation {
    /// The WhatsApp account.
    pub session: SessionName,
    /// Its id.
    pub id: ConversationId,
    /// The customer's chat id.
    pub chat: ChatId,
    /// Where it is now.
    pub status: Status,
    /// Its place in line.
    pub ticket: Option<i64>,
    /// When it was opened.
    pub opened_at: Option<Millis>,
    /// When it was first claimed by a worker.
    pub claimed_at: Option<Millis>,
    /// When it was closed.
    pub closed_at: Option<Millis>,
    /// How it ended.
    pub outcome: Option<String>,
    /// The flow's variables when it closed: a JSON object.
    pub variables: Option<Value>,
    /// From opened to first claimed (or to closed, if no worker claimed it).
    #[serde(rename = "waiting_ms", serialize_with = "in_millis")]
    pub waiting: Option<Duration>,
    /// From first claimed to closed.
    #[serde(rename = "handling_ms", serialize_with = "in_millis")]
    pub handling: Option<Duration>,
    /// How many times it went back to its place in line.
    pub requeued: i64,
    /// The process that claimed it last.
    pub process: Option<String>,
    /// The last team whose line it was in.
    pub team: Option<String>,
    /// `normal` or `urgent`, if it was handed off.
    pub priority: Option<String>,
    /// The last agent who had it.
    pub holder: Option<String>,
    /// When it was first handed off to people.
    pub handed_off_at: Option<Millis>,
    /// When a person first took it: after it was handed off, if it was.
    pub taken_at: Option<Millis>,
    /// From handed off to taken (or to closed, if nobody took it).
    #[serde(rename = "person_waiting_ms", serialize_with = "in_millis")]
    pub person_waiting: Option<Duration>,
    /// The customer's rating, 1 to 5.
    pub rating: Option<i64>,
    /// When the customer gave it.
    pub rated_at: Option<Millis>,
    /// The agent who closed it.
    pub closed_by: Option<String>,
    /// What people did with it, oldest first.
    pub events: Vec<StoredEvent>,
}

impl Conversation {
    /// Its first step that we know of.
    #[must_use]
    pub fn began(&self) -> Option<Millis> {
        self.opened_at.or(self.claimed_at).or(self.closed_at)
    }
}

fn in_millis<S: Serializer>(length: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    length.map(clock::millis).serialize(serializer)
}
