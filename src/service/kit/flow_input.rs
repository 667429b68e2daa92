//! Converts a customer's message into the flow's input.

use crate::flow::{Said, SaidKind};
use crate::waha::message::{Kind, Message};

/// The flow reads at most this many characters of a message, the same number that a variable can hold. The history keeps
/// the whole text. WhatsApp allows 65,536 characters. No answer needs that many, and the slowest pattern that we accept
/// would block all other conversations for seconds. With 4096 characters it takes a tenth of a second.
pub(crate) const TEXT_MAX: usize = 4096;

/// The message as the flow's input.
pub(crate) fn to_input(message: &Message) -> Said {
    let kind = match message.kind {
        Kind::Text => SaidKind::Text,
        Kind::Location => SaidKind::Location,
        Kind::Contact => SaidKind::Contact,
        Kind::Order => SaidKind::Order,
        Kind::Product => SaidKind::Product,
        // Not a photo or a video that the flow could take: nobody can open it here.
        Kind::ViewOnce => SaidKind::Other,
        Kind::Payment | Kind::Invitation | Kind::Event | Kind::List | Kind::Empty => {
            SaidKind::Other
        }
        Kind::Image => SaidKind::Image,
        Kind::Video => SaidKind::Video,
        Kind::Voice | Kind::Audio => SaidKind::Voice,
        Kind::Document | Kind::Media => SaidKind::File,
        Kind::Sticker => SaidKind::Media,
    };
    let text = match &message.location {
        // The text is only the place's name, or in some engines the thumbnail of a map.
        Some(place) if kind == SaidKind::Location => {
            format!("{},{}", place.latitude, place.longitude)
        }
        _ => message.text.chars().take(TEXT_MAX).collect(),
    };
    Said { text, kind }
}
