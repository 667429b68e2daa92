//! Finds where a message belongs: its chat, which side sent it, and its id.
//!
//! On every engine the message id contains all of this. The other fields mean different things on different engines, so we
//! use them only if the id does not say it.

use crate::ids::{ChatId, MessageId};
use std::borrow::Cow;

use super::lenient::Raw;
use super::message::Direction;
use super::serialised_id::SerialisedId;
use super::wire::{Data, Envelope, Me, Mentioned, Payload, Vote};

/// Engines that drive a Chromium browser put the sender into `from`; the others put the chat there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Chromium,
    Native,
}

impl Engine {
    pub(super) fn of(envelope: &Envelope<'_>) -> Self {
        let name = envelope.environment.engine.text();
        let name = name.or_else(|| envelope.engine.text()).unwrap_or_default();
        let chromium = ["WEBJS", "WPP", "VENOM"];
        if chromium.iter().any(|c| name.eq_ignore_ascii_case(c)) {
            Self::Chromium
        } else {
            Self::Native
        }
    }
}

/// The fields that say where a message belongs.
#[derive(Clone, Copy)]
pub(super) struct OriginFields<'p> {
    id: Raw<'p>,
    from: Raw<'p>,
    to: Raw<'p>,
    from_me: Raw<'p>,
    /// The engine's object, if it is about the same message.
    data: Option<&'p Data<'p>>,
}

impl<'p> OriginFields<'p> {
    /// The message that a payload is about, and the engine's object about it.
    pub(super) fn payload(payload: &'p Payload<'p>, data: &'p Data<'p>) -> Self {
        Self {
            id: payload.id,
            from: payload.from,
            to: payload.to,
            from_me: payload.from_me,
            data: Some(data),
        }
    }

    /// A message inside the payload that `data` belongs to.
    pub(super) fn mentioned(message: &'p Mentioned<'p>, data: &'p Data<'p>) -> Self {
        Self {
            id: message.id,
            from: message.from,
            to: message.to,
            from_me: message.from_me,
            data: Some(data),
        }
    }

    /// A vote in a poll, and the engine's object about it.
    pub(super) fn vote(vote: &'p Vote<'p>, data: &'p Data<'p>) -> Self {
        Self {
            id: vote.id,
            from: vote.from,
            to: vote.to,
            from_me: vote.from_me,
            data: Some(data),
        }
    }

    /// The message that a reaction is under. Only its id says who wrote it, because the payload's other fields are about the
    /// person who reacted.
    pub(super) fn target(payload: &'p Payload<'p>) -> Self {
        Self {
            id: payload.reaction.message_id,
            from: payload.from,
            to: payload.to,
            from_me: Raw::default(),
            data: None,
        }
    }

    /// Whether there is any field that could name the chat.
    pub(super) fn is_present(&self) -> bool {
        self.id.is_present() || self.from.is_present() || self.to.is_present()
    }

    /// Whether our account sent it, if any field says so. The id comes first, because the field `fromMe` is sometimes wrong
    /// on WEBJS.
    pub(super) fn is_from_me(&self) -> Option<bool> {
        self.is_from_me_by(self.id().as_ref())
    }

    fn is_from_me_by(&self, id: Option<&SerialisedId>) -> Option<bool> {
        id.and_then(|id| id.from_me)
            .or_else(|| self.from_me.flag())
            .or_else(|| self.data?.info.from_me.flag())
            .or_else(|| self.data?.key.from_me.flag())
    }

    fn id(&self) -> Option<SerialisedId> {
        SerialisedId::parse(&self.id.text()?)
    }
}

/// Where a message belongs.
pub(super) struct Origin {
    pub(super) chat: ChatId,
    pub(super) direction: Direction,
    pub(super) message: Option<MessageId>,
}

/// Finds the customer's chat and the direction of a message, or says why it is not a customer's.
///
/// `otherwise`: whether our account sent it, if no field says so.
pub(super) fn origin(
    fields: OriginFields<'_>,
    engine: Engine,
    me: &Me<'_>,
    otherwise: Option<bool>,
) -> Result<Origin, &'static str> {
    let id = fields.id();
    let from_me = fields.is_from_me_by(id.as_ref()).or(otherwise);
    let (chat, message) = match id {
        Some(id) => (id.chat, Some(id.message)),
        None => (None, None),
    };
    let chat = chat
        .map(Cow::Owned)
        .or_else(|| match (engine, from_me?) {
            (Engine::Chromium, true) => fields.to.text(),
            (Engine::Chromium, false) | (Engine::Native, _) => fields.from.text(),
        })
        .or_else(|| fields.data?.key.chat.text())
        .or_else(|| fields.data?.info.chat.text())
        .ok_or("no chat")?;
    let chat = ChatId::person(&chat).ok_or_else(|| why_nobody(&chat))?;
    if is_meta_bot(&chat) {
        return Err("bot");
    }
    let chat = if is_ours(&chat, me) {
        // GOWS 2026.8.1 puts our own messages into the chat of our own number.
        fields
            .data
            .into_iter()
            .flat_map(|data| [data.info.chat, data.info.recipient_alt])
            .filter_map(|raw| ChatId::person(&raw.text()?))
            .find(|chat| !is_ours(chat, me))
            .ok_or("own number")?
    } else {
        chat
    };
    let direction = Direction::from_me(from_me.ok_or("unknown direction")?);
    if let Some(data) = fields.data
        && alternatives(data, direction).any(|id| names_bot(&id))
    {
        return Err("bot");
    }
    Ok(Origin {
        chat,
        direction,
        message,
    })
}

/// The same person's other kind of id, if the engine reports it.
pub(super) fn other_id(
    data: &Data<'_>,
    chat: &ChatId,
    direction: Direction,
    me: &Me<'_>,
) -> Option<ChatId> {
    alternatives(data, direction)
        .filter_map(|id| ChatId::person(&id))
        .find(|other| other.is_lid() != chat.is_lid() && !is_ours(other, me))
}

/// The other ids of the chat that the engine reports.
fn alternatives<'d>(
    data: &'d Data<'d>,
    direction: Direction,
) -> impl Iterator<Item = Cow<'d, str>> {
    let by_direction = match direction {
        Direction::Inbound => [data.info.sender_alt, data.key.participant_alt],
        Direction::Outbound => [data.info.recipient_alt, Raw::default()],
    };
    [data.key.chat_alt]
        .into_iter()
        .chain(by_direction)
        .filter_map(Raw::text)
}

/// Whether an id belongs to one of Meta's bots.
fn names_bot(id: &str) -> bool {
    match ChatId::person(id) {
        Some(chat) => is_meta_bot(&chat),
        None => why_nobody(id) == "bot",
    }
}

/// Meta's bots also have phone numbers: `1313555` and four digits, or `131655500` and two.
fn is_meta_bot(chat: &ChatId) -> bool {
    const NUMBER_LENGTH: usize = 11;
    chat.as_str().strip_suffix("@c.us").is_some_and(|number| {
        number.len() == NUMBER_LENGTH
            && ["1313555", "131655500"]
                .iter()
                .any(|prefix| number.starts_with(prefix))
    })
}

fn is_ours(chat: &ChatId, me: &Me<'_>) -> bool {
    [me.id, me.lid]
        .iter()
        .any(|raw| raw.text().is_some_and(|text| chat.is_spelled(&text)))
}

/// The kind of a chat that is not a person's.
fn why_nobody(chat: &str) -> &'static str {
    match chat.rsplit_once('@') {
        Some((_, "g.us")) => "group",
        Some((_, "newsletter")) => "newsletter",
        Some(("status", "broadcast")) => "status",
        Some((_, "broadcast")) => "broadcast list",
        Some((_, "bot" | "meta.ai")) => "bot",
        Some((user, "c.us" | "s.whatsapp.net")) if user.split(':').next() == Some("0") => {
            "system account"
        }
        _ => "not a person",
    }
}
