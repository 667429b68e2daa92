//! What a flow hears of a message. A customer can write 65,536 characters and send dozens of large contact cards; Redis would hold
//! all that until the flow reads it. The history gets the whole.

use crate::waha::message::{Location, Media, Message};

/// The flow reads at most this many characters of a message, the same number that a variable can hold. The history keeps
/// the whole text. WhatsApp allows 65,536 characters. No answer needs that many, and the slowest pattern that we accept
/// would block all other conversations for seconds. With 4096 characters it takes a tenth of a second.
pub(crate) const TEXT_MAX: usize = 4096;
/// Longer than any link of WAHA's. A link that was cut leads nowhere, so a longer one is left out.
const LINK_MAX: usize = 4096;
/// A file's name and type, a place's name and address, and the reason why a file is missing.
const LABEL_MAX: usize = 300;
/// A sequence of marks on one letter that is longer than this is not one that people see as one.
const MARKS_MAX: usize = 32;

/// The part of a message that a flow hears; `None` if that is all of it.
pub(crate) fn heard_form(message: &Message) -> Option<Message> {
    let mut heard = Message {
        text: heard_text(&message.text).to_owned(),
        contacts: first_card(&message.contacts),
        media: message.media.as_ref().map(heard_media),
        location: message.location.as_ref().map(heard_location),
        ..without_content(message)
    };
    heard.name = message.name.as_deref().map(label);
    (heard != *message).then_some(heard)
}

/// At most [`TEXT_MAX`] characters, and no half of what people see as one.
pub(crate) fn heard_text(text: &str) -> &str {
    cut(text, TEXT_MAX)
}

/// Not copied, because it may be large.
fn without_content(message: &Message) -> Message {
    Message {
        chat: message.chat.clone(),
        id: message.id.clone(),
        direction: message.direction,
        author: message.author,
        kind: message.kind,
        text: String::new(),
        media: None,
        location: None,
        contacts: Vec::new(),
        quoted: message.quoted.clone(),
        name: None,
        other_id: message.other_id.clone(),
        sent_at: message.sent_at,
        received_at: message.received_at,
        reply_id: message.reply_id.clone(),
        ahead: message.ahead,
    }
}

fn first_card(cards: &[String]) -> Vec<String> {
    let first = cards.first();
    first
        .map(|card| cut(card, TEXT_MAX).to_owned())
        .into_iter()
        .collect()
}

fn heard_media(media: &Media) -> Media {
    let (url, error) = match &media.url {
        Some(url) if url.len() > LINK_MAX => (None, Some("its link is too long".to_owned())),
        url => (url.clone(), media.error.as_deref().map(label)),
    };
    Media {
        url,
        mimetype: media.mimetype.as_deref().map(label),
        filename: media.filename.as_deref().map(label),
        error,
    }
}

fn heard_location(place: &Location) -> Location {
    Location {
        latitude: place.latitude,
        longitude: place.longitude,
        name: place.name.as_deref().map(label),
        address: place.address.as_deref().map(label),
    }
}

fn label(text: &str) -> String {
    cut(text, LABEL_MAX).to_owned()
}

/// The beginning of a text, with at most `max` characters. An accent stays with its letter, and an emoji in one piece.
fn cut(text: &str, max: usize) -> &str {
    let Some((end, next)) = text.char_indices().nth(max) else {
        return text;
    };
    let kept = text.get(..end).unwrap_or_default();
    let mut follows = next;
    for (place, one) in kept.char_indices().rev().take(MARKS_MAX) {
        if !continues(follows) && one != JOINER {
            return text.get(..place + one.len_utf8()).unwrap_or_default();
        }
        follows = one;
    }
    kept
}

/// It joins two emoji to one.
const JOINER: char = '\u{200d}';

/// Whether people see a character as a part of the one before it.
fn continues(one: char) -> bool {
    // Variants of emoji, tones of skin, and the letters of flags of regions.
    let of_emoji = matches!(one, '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}');
    let accent = matches!(
        one,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
    );
    one == JOINER || of_emoji || accent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &serde_json::Value) -> Message {
        serde_json::from_value(json.clone()).unwrap()
    }

    #[test]
    fn an_ordinary_message_is_heard_whole() {
        let ordinary = serde_json::json!({
            "chat": "55@c.us", "text": "a".repeat(TEXT_MAX), "contacts": ["BEGIN:VCARD"], "name": "Ana",
            "media": {"url": "http://waha/1.jpeg", "mimetype": "image/jpeg", "filename": "1.jpeg"},
            "location": {"latitude": -23.5, "longitude": -46.6, "name": "MASP", "address": "Paulista"},
        });
        assert_eq!(heard_form(&message(&ordinary)), None);
    }

    #[test]
    fn of_a_large_message_a_little_is_heard_however_it_is_made() {
        let long = "\u{0}".repeat(200_000);
        let large = message(&serde_json::json!({
            "chat": "55@c.us", "stanza": "3EB0", "text": long, "contacts": vec![long.clone(); 60], "quoted": "3EB1", "name": long,
            "media": {"url": long, "mimetype": long, "filename": long, "error": long},
            "location": {"latitude": -23.5, "longitude": -46.6, "name": long, "address": long},
        }));
        let heard = heard_form(&large).unwrap();
        let bytes = serde_json::to_string(&heard).unwrap().len();
        assert!(bytes < 64 << 10, "{bytes}");
        assert_eq!(
            (heard.contacts.len(), heard.id, heard.quoted),
            (1, large.id, large.quoted)
        );
        assert_eq!(heard.media.unwrap().url, None);
        let link = format!("http://waha/{}", "a".repeat(3_000));
        let photo = message(&serde_json::json!({
            "chat": "55@c.us", "text": "b".repeat(70_000), "media": {"url": link},
        }));
        let heard = heard_form(&photo).unwrap();
        assert_eq!(heard.text, "b".repeat(TEXT_MAX));
        assert_eq!(heard.media, photo.media);
    }

    #[test]
    fn a_cut_splits_neither_an_accent_nor_an_emoji() {
        for (text, max, wanted) in [
            ("abc", 3, "abc"),
            ("abc", 2, "ab"),
            ("ção", 2, "çã"),
            ("nao\u{303}o", 3, "na"),
            ("oi👍🏽", 3, "oi"),
            ("oi👨‍👩‍👧", 4, "oi"),
            ("oi👨‍👩‍👧", 5, "oi"),
            ("oi👨‍👩‍👧!", 7, "oi👨‍👩‍👧"),
        ] {
            assert_eq!(cut(text, max), wanted, "{text}, {max}");
        }
        // Not one letter with a thousand accents.
        let odd = format!("a{}", "\u{301}".repeat(5_000));
        assert_eq!(cut(&odd, TEXT_MAX).chars().count(), TEXT_MAX);
    }
}
