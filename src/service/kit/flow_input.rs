//! Converts a customer's message into the flow's input.

use crate::flow::{Said, SaidKind};
use crate::service::kit::heard_form::heard_text;
use crate::waha::message::{Kind, Message};

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
        _ => heard_text(&message.text).to_owned(),
    };
    Said { text, kind }
}
