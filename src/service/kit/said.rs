//! What a customer wrote, in the form that the flow takes.

use crate::flow::{Said, SaidKind};
use crate::waha::message::{Kind, Message};

/// A flow reads so many characters of a message, as many as it can save; the history keeps all of them. WhatsApp takes
/// 65,536: no answer needs those, and the most expensive pattern that loading accepts would take seconds for them, in
/// which no other conversation proceeds. For so many it takes a tenth of a second.
pub(crate) const TEXT_MAX: usize = 4096;

/// The message as an input of the flow.
pub(crate) fn said(message: &Message) -> Said {
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
    let text = match &message.location {
        // Its text is at most a name, and in some engines the thumbnail of a map.
        Some(place) if kind == SaidKind::Location => {
            format!("{},{}", place.latitude, place.longitude)
        }
        _ => message.text.chars().take(TEXT_MAX).collect(),
    };
    Said { text, kind }
}
