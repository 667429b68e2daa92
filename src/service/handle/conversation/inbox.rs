//! What an attendance finds when it claims or reads a conversation, as the flow sees it.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use tracing::warn;

use crate::clock;
use crate::flow::{Said, SaidKind, State};
use crate::store::Claimed;
use crate::waha::message::{Kind, Message};

/// Longer than any flow waits for quiet.
const QUIET_MAX: Duration = Duration::from_secs(60);

/// A flow hears so many characters of a message, as many as it can save; the history keeps all of them. WhatsApp takes
/// 65,536: no answer needs those, and the most expensive pattern that loading accepts would take seconds for them, in
/// which nobody else is attended. For so many it takes a tenth of a second.
pub(crate) const TEXT_MAX: usize = 4096;

/// The flow's state at a claim: as it was saved, or of the conversation before, or a new one.
pub(crate) fn state(held: &Claimed) -> State {
    let name = Some(held.name.as_str()).filter(|name| !name.is_empty());
    if held.state.is_empty() {
        return State::new(name);
    }
    match serde_json::from_str::<State>(&held.state) {
        Ok(state) if held.rev == 0 => state.resume(name),
        Ok(mut state) => {
            // Nobody listened for a while: the silence begins anew.
            state.heard(clock::now().unsigned_abs());
            state
        }
        Err(error) => {
            warn!(chat = %held.chat, %error, "the saved state can't be read; the conversation begins anew");
            State::new(name)
        }
    }
}

/// When the customer last wrote, by our own clock: those of other processes may be wrong.
pub(crate) fn heard_at(held: &Claimed) -> Instant {
    let now = Instant::now();
    // Not known: long ago. A machine that was just started can't say so, and waits a moment in vain.
    let quiet_for = held
        .quiet_for
        .map_or(QUIET_MAX, |quiet| quiet.min(QUIET_MAX));
    now.checked_sub(quiet_for).unwrap_or(now)
}

/// The inbox as the flow sees it, and when the first and the last message came in.
pub(crate) fn read(inbox: &[String]) -> (Vec<Said>, Option<RangeInclusive<i64>>) {
    let mut arrived: Option<RangeInclusive<i64>> = None;
    let said = inbox
        .iter()
        .map(|message| match serde_json::from_str::<Message>(message) {
            Ok(message) => {
                let first = arrived
                    .as_ref()
                    .map_or(message.received_at, |arrived| *arrived.start());
                arrived = Some(first..=message.received_at);
                said(message)
            }
            // Written by another version of ours; the customer said something all the same.
            Err(_) => Said {
                text: String::new(),
                kind: SaidKind::Other,
            },
        })
        .collect();
    (said, arrived)
}

/// A message as the flow hears it.
pub(crate) fn said(message: Message) -> Said {
    let kind = match message.kind {
        Kind::Text => SaidKind::Text,
        Kind::Location => SaidKind::Location,
        Kind::Contact => SaidKind::Contact,
        Kind::Empty => SaidKind::Other,
        Kind::Image => SaidKind::Image,
        Kind::Video => SaidKind::Video,
        Kind::Voice | Kind::Audio => SaidKind::Voice,
        Kind::Document | Kind::Media => SaidKind::File,
        Kind::Sticker => SaidKind::Media,
    };
    let mut text = match message.location {
        // Its text is at most a name, and in some engines the thumbnail of a map.
        Some(place) if kind == SaidKind::Location => {
            format!("{},{}", place.latitude, place.longitude)
        }
        _ => message.text,
    };
    if let Some((end, _)) = text.char_indices().nth(TEXT_MAX) {
        text.truncate(end);
    }
    Said { text, kind }
}
