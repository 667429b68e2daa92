//! A message in a chat, in the form that is queued and stored.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, MessageId};
use serde::{Deserialize, Serialize};

/// Which way a message went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the customer to us.
    #[default]
    Inbound,
    /// From our account to the customer.
    Outbound,
}

impl Direction {
    /// `Outbound` if our account sent the message.
    #[must_use]
    pub fn from_me(from_me: bool) -> Self {
        if from_me {
            Self::Outbound
        } else {
            Self::Inbound
        }
    }
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The person at the other end.
    #[default]
    Customer,
    /// A flow, or another user of WAHA's API.
    Bot,
    /// A person at the console.
    Agent,
    /// The owner, on their own handset.
    Phone,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Only text.
    #[default]
    Text,
    /// An image.
    Image,
    /// A video.
    Video,
    /// A voice note.
    Voice,
    /// An audio file.
    Audio,
    /// Any other file.
    Document,
    /// A sticker.
    Sticker,
    /// A file of an unknown type.
    Media,
    /// A place.
    Location,
    /// One or more contacts.
    Contact,
    /// An order from the shop's catalogue. The text says how many items, for how much, and the customer's note.
    Order,
    /// A product from a catalogue. The text is its name and price.
    Product,
    /// Something about a payment. The text says what: sent, requested, declined, cancelled.
    Payment,
    /// An invitation to a group, a channel or an event. The text says to which.
    Invitation,
    /// An event. The text is its name and description.
    Event,
    /// A list of options to choose from. The text is its title and description.
    List,
    /// A photo, video or voice message that can be seen once, and only on the phone.
    #[serde(rename = "view_once")]
    ViewOnce,
    /// WAHA reported no content.
    Empty,
}

/// The file of a message. Its `url` needs WAHA's API key, and expires after 180 s by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Media {
    /// Its URL at WAHA; absent if it was not downloaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its type, perhaps with parameters (`audio/ogg; codecs=opus`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mimetype: Option<String>,
    /// The name that the sender gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Why there is no `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// The name of the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address of the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// One message. It is stored, so a newer version must be able to read what an older one wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The customer's chat.
    pub chat: ChatId,
    /// The bare message id. Every inbound message has one.
    #[serde(rename = "stanza", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// Inbound or outbound.
    #[serde(default)]
    pub direction: Direction,
    /// Who wrote it.
    #[serde(default)]
    pub author: Author,
    /// The kind of its content.
    #[serde(default)]
    pub kind: Kind,
    /// The text, or the caption of a file, unchanged: it may contain any characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// The place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The contacts, as vCards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// The bare id of the message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quoted: Option<MessageId>,
    /// The customer's own WhatsApp name: one line of at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The same person under their other id: `@lid` for `@c.us`, and the other way round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_id: Option<ChatId>,
    /// When it was sent. WhatsApp's times have whole seconds.
    #[serde(default)]
    pub sent_at: Millis,
    /// When we received it.
    #[serde(default)]
    pub received_at: Millis,
    /// The id of our reply that became this message, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_id: Option<String>,
    /// How far after now WAHA dated it: `sent_at` is never that late. It is not stored.
    #[serde(skip)]
    pub ahead: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Message {
        Message {
            chat: ChatId::person("177700000000003@lid").unwrap(),
            id: MessageId::parse("3AC22AE73E797638455D"),
            direction: Direction::Outbound,
            author: Author::Phone,
            kind: Kind::Voice,
            text: "olá\0\u{1b}\u{fffd}".to_owned(),
            media: Some(Media {
                url: Some("http://waha:3000/api/files/default/3AC2.oga".to_owned()),
                mimetype: Some("audio/ogg; codecs=opus".to_owned()),
                filename: None,
                error: None,
            }),
            location: Some(Location {
                latitude: -23.561414,
                longitude: -46.655881,
                name: Some("MASP".to_owned()),
                address: None,
            }),
            contacts: vec!["BEGIN:VCARD\nEND:VCARD".to_owned()],
            quoted: MessageId::parse("3EB0"),
            name: Some("Lu✨".to_owned()),
            other_id: ChatId::person("5531966660003@c.us"),
            sent_at: Millis::new(1_789_901_003_000),
            received_at: Millis::new(1_789_901_003_789),
            reply_id: Some("r1".to_owned()),
            ahead: Duration::ZERO,
        }
    }

    /// A golden test: these bytes are in users' Redis and SQLite. Add to them, but never change them.
    #[test]
    fn a_stored_message_has_this_shape() {
        let golden = concat!(
            r#"{"chat":"177700000000003@lid","stanza":"3AC22AE73E797638455D","#,
            r#""direction":"outbound","author":"phone","kind":"voice","#,
            r#""text":"olá\u0000\u001b"#,
            "\u{fffd}",
            r#"","media":{"url":"http://waha:3000/api/files/default/3AC2.oga","#,
            r#""mimetype":"audio/ogg; codecs=opus"},"#,
            r#""location":{"latitude":-23.561414,"longitude":-46.655881,"name":"MASP"},"#,
            r#""contacts":["BEGIN:VCARD\nEND:VCARD"],"quoted":"3EB0","name":"Lu✨","#,
            r#""other_id":"5531966660003@c.us","sent_at":1789901003000,"#,
            r#""received_at":1789901003789,"reply_id":"r1"}"#,
        );
        assert_eq!(serde_json::to_string(&full()).unwrap(), golden);
        assert_eq!(serde_json::from_str::<Message>(golden).unwrap(), full());
    }

    /// A golden test: these names are in users' Redis and SQLite, and `history` prints them.
    #[test]
    fn the_kinds_have_these_names() {
        for (kind, name) in [
            (Kind::Text, "text"),
            (Kind::Image, "image"),
            (Kind::Video, "video"),
            (Kind::Voice, "voice"),
            (Kind::Audio, "audio"),
            (Kind::Document, "document"),
            (Kind::Sticker, "sticker"),
            (Kind::Media, "media"),
            (Kind::Location, "location"),
            (Kind::Contact, "contact"),
            (Kind::Order, "order"),
            (Kind::Product, "product"),
            (Kind::Payment, "payment"),
            (Kind::Invitation, "invitation"),
            (Kind::Event, "event"),
            (Kind::List, "list"),
            (Kind::ViewOnce, "view_once"),
            (Kind::Empty, "empty"),
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
        }
    }

    #[test]
    fn the_smallest_record_reads_back_and_unknown_fields_do_not_matter() {
        let message: Message =
            serde_json::from_str(r#"{"chat":"55@c.us","later":{"a":1}}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&message).unwrap(),
            r#"{"chat":"55@c.us","direction":"inbound","author":"customer","kind":"text","sent_at":0,"received_at":0}"#
        );
    }
}
