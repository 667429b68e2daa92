//! Reads a webhook body, or one message in a list from WAHA, and says what it means for the queue.
//!
//! [`parse`] is strict about two fields, `event` and `session`, and about the depth of nesting: a body that fails there is not
//! from WAHA. Everything else is read leniently: a field that we don't understand does no harm, but WAHA repeats a refused
//! event sixteen times and then drops it.

use std::borrow::Cow;
use std::time::Duration;

use super::json_depth::is_too_deep;
use super::json_repair::repaired;
use super::label::label;
use super::payload_reader::PayloadReader;
use super::wire::{Envelope, EnvelopeOnly, clamped, millis};
use crate::clock::Millis;
use crate::ids::SessionName;

pub use super::meaning::{Ack, Edited, Meaning, Reaction, Revoked};

/// One event of one session.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The session it happened in.
    pub session: SessionName,
    /// WAHA's name of the event, like `message.any`; at most 64 printable ASCII characters.
    pub name: String,
    /// The envelope's id. It is not unique: `message` and `message.any` may share one (NOWEB and GOWS since 2026.1.4). It is
    /// absent before 2024.11, and if it is longer than 64 bytes or not printable ASCII.
    pub id: Option<String>,
    /// When it happened; absent before 2025.3. Never later than the clocks may be apart: see `ahead`.
    pub timestamp: Option<Millis>,
    /// How far after now it says that it happened; zero if the clocks agree.
    pub ahead: Duration,
    /// What it means.
    pub meaning: Meaning,
}

/// Why a body can't be from WAHA. It reveals nothing of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnEvent {
    /// It is not JSON.
    #[error("not JSON (line {line}, column {column})")]
    NotJson {
        /// Where reading stopped, from 1.
        line: usize,
        /// Where reading stopped, from 1.
        column: usize,
    },
    /// It is nested deeper than anything WAHA writes (more than 128 levels), so it was not read.
    #[error("nested too deep")]
    TooDeep,
    /// It is JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// `event` is missing, empty or not a string.
    #[error("`event` is not the name of an event")]
    NoEvent,
    /// `session` is missing, not a string, or not a valid name.
    #[error(
        "`session` is not a name of 1 to {} letters, digits, `-` or `_`",
        SessionName::LENGTH_MAX
    )]
    NoSession,
}

/// Reads a webhook body. `now` becomes `received_at`, and is used if the body has no time. No time in the
/// result is later than now by more than clocks may be apart.
///
/// # Errors
///
/// [`NotAnEvent`] if WAHA can't have written the body.
pub fn parse(body: &[u8], now: Millis) -> Result<Event, NotAnEvent> {
    if is_too_deep(body) {
        return Err(NotAnEvent::TooDeep);
    }
    let json = repaired(body);
    if !json.trim_ascii_start().starts_with('{') {
        return Err(NotAnEvent::NotAnObject);
    }
    match serde_json::from_str::<Envelope<'_>>(&json) {
        Ok(envelope) => {
            let (name, session) = names(envelope.event.text(), envelope.session.text())?;
            let (timestamp, ahead) = clamped(millis(envelope.timestamp), now);
            let meaning = PayloadReader::new(&envelope, timestamp, now)
                .meaning(&name)
                .unwrap_or_else(Meaning::Ignored);
            Ok(Event {
                session,
                name,
                id: envelope.id.text().and_then(label),
                timestamp,
                ahead,
                meaning,
            })
        }
        // serde_json fails at a number that is too large in any value that we look into. If the fields around the payload
        // can be read, the event is valid.
        Err(_) => {
            let envelope: EnvelopeOnly<'_> =
                serde_json::from_str(&json).map_err(|error| NotAnEvent::NotJson {
                    line: error.line(),
                    column: error.column(),
                })?;
            let (name, session) = names(envelope.event.text(), envelope.session.text())?;
            let (timestamp, ahead) = clamped(millis(envelope.timestamp), now);
            Ok(Event {
                session,
                name,
                id: envelope.id.text().and_then(label),
                timestamp,
                ahead,
                meaning: Meaning::Ignored("unreadable payload"),
            })
        }
    }
}

/// Reads one `WAMessage` as WAHA lists it. It is like the payload of a `message.any`, without an envelope, and is read as
/// tolerantly.
///
/// A message without an id is ignored, even an outbound one: we could not recognise it again. One without a time counts as sent at
/// `undated`.
#[must_use]
pub fn listed(payload: &str, undated: Millis, now: Millis) -> Meaning {
    if is_too_deep(payload.as_bytes()) {
        return Meaning::Ignored("too deep");
    }
    let json = repaired(payload.as_bytes());
    let mut envelope = Envelope::default();
    match serde_json::from_str(&json) {
        Ok(payload) => envelope.payload = payload,
        Err(_) => return Meaning::Ignored("unreadable payload"),
    }
    match PayloadReader::new(&envelope, Some(undated), now).meaning("message.any") {
        Ok(Meaning::Own(message)) if message.id.is_none() => Meaning::Ignored("no message id"),
        Ok(meaning) => meaning,
        Err(why) => Meaning::Ignored(why),
    }
}

/// The names of the event and of the session.
fn names(
    event: Option<Cow<'_, str>>,
    session: Option<Cow<'_, str>>,
) -> Result<(String, SessionName), NotAnEvent> {
    let event = event
        .filter(|name| !name.is_empty())
        .ok_or(NotAnEvent::NoEvent)?;
    let session = session
        .and_then(|name| SessionName::parse(&name))
        .ok_or(NotAnEvent::NoSession)?;
    // If we refused an event for its odd name, WAHA would repeat it. We only need a name that logs and labels can hold.
    let event = label(event).unwrap_or_else(|| "unprintable".to_owned());
    Ok((event, session))
}

#[cfg(test)]
mod tests;
