//! Reads the payload of each kind of event, from WAHA's fields to our terms.

use std::borrow::Cow;
use std::time::Duration;

use super::content::{Content, edited_words, error_text};
use super::label::label;
use super::lenient::Raw;
use super::meaning::{Ack, Edited, Meaning, Reaction, Revoked};
use super::message::{Author, Direction, Kind, Message};
use super::one_line::line;
use super::restriction::in_force;
use super::serialised_id::SerialisedId;
use super::which_chat::{Engine, Origin, OriginFields, origin, other_id};
use super::wire::{Data, Envelope, Mentioned, Payload, Vote, clamped, millis};
use crate::clock::Millis;
use crate::ids::ChatId;

/// How many characters of a push name we keep.
const NAME_MAX: usize = 100;

/// Reads the payload of one event. An error is the reason to ignore the event.
pub(super) struct PayloadReader<'e> {
    envelope: &'e Envelope<'e>,
    payload: &'e Payload<'e>,
    /// The engine's own object.
    data: Data<'e>,
    engine: Engine,
    timestamp: Option<Millis>,
    now: Millis,
}

impl<'e> PayloadReader<'e> {
    /// A reader for the payload in `envelope`. `timestamp` is the envelope's time, clamped.
    pub(super) fn new(envelope: &'e Envelope<'e>, timestamp: Option<Millis>, now: Millis) -> Self {
        Self {
            envelope,
            payload: &envelope.payload,
            data: envelope.payload.data.read(),
            engine: Engine::of(envelope),
            timestamp,
            now,
        }
    }

    pub(super) fn meaning(&self, event: &str) -> Result<Meaning, &'static str> {
        match event {
            // `message` is never outbound, although WAHA's documentation has such an example.
            "message" => self.message(Some(false)),
            "message.any" => self.message(None),
            "message.ack" => self.ack(),
            "message.edited" => self.edited(),
            "message.revoked" => self.revoked(),
            "message.reaction" => self.reaction(),
            "session.status" => self.session_status(),
            "message.ack.group" => Err("group"),
            "message.waiting" => Err("waiting for the message"),
            _ if event.starts_with("call.") => Err("call"),
            "poll.vote" => self.vote(),
            _ if event.starts_with("poll.") => Err("poll"),
            _ => Err("unknown event"),
        }
    }

    fn message(&self, otherwise: Option<bool>) -> Result<Meaning, &'static str> {
        let payload = self.payload;
        let me = &self.envelope.me;
        let Origin {
            chat,
            direction,
            message: id,
        } = self.origin(OriginFields::payload(payload, &self.data), otherwise)?;
        let inbound = direction == Direction::Inbound;
        if inbound && id.is_none() {
            return Err("no message id");
        }
        let content = Content::read(payload, &self.data, self.engine)?;
        let is_contentless = content.kind == Kind::Empty || content.is_second_copy;
        let other_id = other_id(&self.data, &chat, direction, me);
        let author = match payload.source.text().as_deref() {
            _ if inbound => Author::Customer,
            Some("api") => Author::Bot,
            _ => Author::Phone,
        };
        let (sent_at, ahead) = self.sent_at(payload.timestamp);
        let message = Message {
            chat,
            id,
            direction,
            author,
            kind: content.kind,
            text: content.text,
            media: content.media,
            location: content.location,
            contacts: content.contacts,
            quoted: (payload.reply_to.id.text())
                .and_then(|id| Some(SerialisedId::parse(&id)?.message)),
            // In an outbound message it would be our own name.
            name: if inbound { self.push_name() } else { None },
            other_id,
            sent_at,
            received_at: self.now,
            reply_id: None,
            ahead,
        };
        Ok(match direction {
            Direction::Outbound => Meaning::Own(message),
            Direction::Inbound if is_contentless => Meaning::Contentless(message),
            Direction::Inbound => Meaning::Inbound(message),
        })
    }

    fn vote(&self) -> Result<Meaning, &'static str> {
        let payload = self.payload;
        let (vote, poll): (Vote<'_>, Mentioned<'_>) = (payload.vote.read(), payload.poll.read());
        let is_me = |raw: Raw<'_>| raw.text().is_some_and(|text| text == "me");
        let poll_id = poll.id.text().and_then(|id| SerialisedId::parse(&id));
        let poll_is_ours = poll_id.as_ref().and_then(|id| id.from_me);
        if !poll_is_ours
            .or_else(|| poll.from_me.flag())
            .unwrap_or_else(|| is_me(poll.from))
        {
            return Err("not our poll");
        }
        let Origin {
            chat,
            direction,
            message: id,
        } = origin(
            OriginFields::vote(&vote, &self.data),
            self.engine,
            &self.envelope.me,
            Some(is_me(vote.from)),
        )?;
        if direction == Direction::Outbound {
            return Err("our own vote");
        }
        let options = vote.options.0.iter().map(|option| option.trim());
        let options: Vec<&str> = options.filter(|option| !option.is_empty()).collect();
        if options.is_empty() {
            return Err("withdrawn vote");
        }
        let (sent_at, ahead) = self.sent_at(vote.timestamp);
        Ok(Meaning::Vote(Message {
            other_id: other_id(&self.data, &chat, direction, &self.envelope.me),
            chat,
            id: Some(id.ok_or("no message id")?),
            direction,
            author: Author::Customer,
            kind: Kind::Text,
            text: options.join(", "),
            media: None,
            location: None,
            contacts: Vec::new(),
            quoted: poll_id.map(|id| id.message),
            name: self.push_name(),
            sent_at,
            received_at: self.now,
            reply_id: None,
            ahead,
        }))
    }

    fn push_name(&self) -> Option<String> {
        let data = &self.data;
        [
            data.notify_name,
            data.push_name,
            data.info.push_name,
            data.business_name,
        ]
        .into_iter()
        .find_map(|raw| line(&raw.text()?, NAME_MAX))
    }

    fn ack(&self) -> Result<Meaning, &'static str> {
        let payload = self.payload;
        let origin = self.origin(OriginFields::payload(payload, &self.data), None)?;
        let ack = match payload.ack.number() {
            #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
            Some(ack) if (-1.0..=9.0).contains(&ack) => ack as i8,
            _ => match payload.ack_name.text().as_deref() {
                Some("ERROR") => -1,
                Some("PENDING") => 0,
                Some("SERVER") => 1,
                Some("DEVICE") => 2,
                Some("READ") => 3,
                Some("PLAYED") => 4,
                _ => return Err("unknown ack"),
            },
        };
        Ok(Meaning::Ack(Ack {
            chat: origin.chat,
            message: origin.message.ok_or("no message id")?,
            direction: origin.direction,
            ack,
            error: error_text(payload.error),
            at: self.happened(),
        }))
    }

    fn edited(&self) -> Result<Meaning, &'static str> {
        let payload = self.payload;
        let origin = self.origin(OriginFields::payload(payload, &self.data), None)?;
        let original = payload.edited.text();
        let message = original
            .and_then(|id| Some(SerialisedId::parse(&id)?.message))
            .or(origin.message)
            .ok_or("no message id")?;
        Ok(Meaning::Edited(Edited {
            other_id: self.writers_other_id(&origin.chat, origin.direction),
            chat: origin.chat,
            message,
            direction: origin.direction,
            text: (payload.body.text())
                .filter(|text| !text.trim().is_empty())
                .map(Cow::into_owned)
                .or_else(|| edited_words(&self.data)),
            at: self.happened(),
        }))
    }

    fn revoked(&self) -> Result<Meaning, &'static str> {
        let payload = self.payload;
        // People can revoke only their own messages, so both messages have the same direction.
        let fields = [&payload.after, &payload.before]
            .map(|message| OriginFields::mentioned(message, &self.data))
            .into_iter()
            .find(OriginFields::is_present)
            .unwrap_or(OriginFields::payload(payload, &self.data));
        let origin = self.origin(fields, None)?;
        let message = [payload.revoked, payload.before.id, payload.after.id]
            .into_iter()
            .find_map(|id| Some(SerialisedId::parse(&id.text()?)?.message))
            .ok_or("no message id")?;
        Ok(Meaning::Revoked(Revoked {
            other_id: self.writers_other_id(&origin.chat, origin.direction),
            chat: origin.chat,
            message,
            direction: origin.direction,
            at: self.happened(),
        }))
    }

    fn reaction(&self) -> Result<Meaning, &'static str> {
        let payload = self.payload;
        let target = OriginFields::target(payload);
        let origin = self.origin(target, None)?;
        let by = match OriginFields::payload(payload, &self.data).is_from_me() {
            Some(true) => Author::Phone,
            _ => Author::Customer,
        };
        Ok(Meaning::Reaction(Reaction {
            chat: origin.chat,
            message: origin.message.ok_or("no message id")?,
            direction: origin.direction,
            by,
            text: payload
                .reaction
                .text
                .text()
                .unwrap_or_default()
                .into_owned(),
            at: self
                .time(payload.timestamp)
                .unwrap_or_else(|| self.happened()),
        }))
    }

    fn session_status(&self) -> Result<Meaning, &'static str> {
        let status = self.payload.status.text().and_then(label);
        let status = status.ok_or("no status")?;
        let (data, me) = (&self.payload.status_data, &self.envelope.me);
        let mut restrictions = Vec::new();
        if status == "WORKING" {
            restrictions = in_force(&data.timelock, &data.capping);
            for restriction in in_force(&me.timelock, &me.capping) {
                if !restrictions.contains(&restriction) {
                    restrictions.push(restriction);
                }
            }
        }
        Ok(Meaning::SessionStatus {
            status,
            restrictions,
        })
    }

    fn origin(
        &self,
        fields: OriginFields<'_>,
        otherwise: Option<bool>,
    ) -> Result<Origin, &'static str> {
        origin(fields, self.engine, &self.envelope.me, otherwise)
    }

    /// When something happened to a message. The envelope's time is better than the payload's: that is the time of the
    /// message itself on WEBJS, and other engines don't send it.
    fn happened(&self) -> Millis {
        self.timestamp
            .or_else(|| self.time(self.payload.timestamp))
            .unwrap_or(self.now)
    }

    /// The other id of a customer who changed a message of theirs.
    fn writers_other_id(&self, chat: &ChatId, direction: Direction) -> Option<ChatId> {
        let inbound = direction == Direction::Inbound;
        other_id(&self.data, chat, direction, &self.envelope.me).filter(|_| inbound)
    }

    /// A time when something has happened.
    fn time(&self, raw: Raw<'_>) -> Option<Millis> {
        clamped(millis(raw), self.now).0
    }

    /// When a message was sent, and how far after now that was by its own time.
    fn sent_at(&self, raw: Raw<'_>) -> (Millis, Duration) {
        let (sent_at, ahead) = clamped(millis(raw), self.now);
        (sent_at.or(self.timestamp).unwrap_or(self.now), ahead)
    }
}
