//! The words by which the store can tell a machine's answer from a person's: two bots that answer each other would talk
//! forever.
//!
//! An answer is the first message after a reply of ours was sent. It looks as if a machine wrote it if it repeats the answer
//! before it in more than [`AT_ONCE_MAX`] characters; or if it comes within a second and has more than that, or repeats the
//! answer before it in at least [`REPEATED_MIN`]. A person in a hurry writes short messages; a person who copies a text does it
//! two or three times, not six times in a row. The counting is in `store/lua/shared/pace`.

use std::time::Duration;

use crate::clock::Millis;
use crate::store::AnswerWords;
use crate::waha::message::{Kind, Message};

/// Nobody types more characters than this within a second.
const AT_ONCE_MAX: usize = 20;
/// A person may write the same word again and again, like "sim", but not the same sentence.
const REPEATED_MIN: usize = 8;
/// More than this is not needed for the comparison.
const COMPARED_MAX: usize = 100;
/// A message that comes later than this says nothing about how fast it was written.
const LATE_AFTER: Duration = Duration::from_secs(60);

/// The words of a message, or `None` if they can't tell: it comes late, or is a file without a caption. People send several
/// photos in a row, and each takes a moment to upload.
pub(crate) fn answer_words(message: &Message, now: Millis) -> Option<AnswerWords> {
    if now.since(message.sent_at) > LATE_AFTER {
        return None;
    }
    let text: String = match (message.text.trim(), message.kind) {
        ("", Kind::Sticker) => "[sticker]".to_owned(),
        ("", Kind::Location) => "[location]".to_owned(),
        ("", Kind::Contact) => "[contact]".to_owned(),
        ("", _) => return None,
        (text, _) => text.chars().take(COMPARED_MAX).collect(),
    };
    let length = text.chars().count();
    Some(AnswerWords {
        is_long: length > AT_ONCE_MAX,
        text: match length {
            REPEATED_MIN.. => text,
            _ => String::new(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ChatId;

    fn message(kind: Kind, text: &str) -> Message {
        let json = format!(r#"{{"chat":"{}"}}"#, ChatId::stored("5511999990000@c.us"));
        Message {
            kind,
            text: text.to_owned(),
            sent_at: Millis::new(1_000_000),
            ..serde_json::from_str(&json).unwrap()
        }
    }

    fn words(kind: Kind, text: &str) -> Option<(String, bool)> {
        answer_words(&message(kind, text), Millis::new(1_030_000))
            .map(|words| (words.text, words.is_long))
    }

    #[test]
    fn a_message_is_long_if_nobody_types_it_at_once() {
        let bot = "Não entendi sua resposta. Digite 9 para o menu.";
        for (text, is_long) in [
            (bot, true),
            ("twenty characters ok", false),
            ("twenty-one characters", true),
            ("ããããããããããããã", false),
            ("1", false),
            ("sim", false),
            ("529.982.247-25", false),
            ("+55 11 99999-0000", false),
            ("   1                       ", false),
        ] {
            let (kept, found) = words(Kind::Text, text).unwrap();
            assert_eq!(found, is_long, "{text}");
            let text = text.trim();
            assert!(kept == text || kept.is_empty() && text.len() < 8, "{kept}");
        }
        let (text, is_long) = words(Kind::Text, &"ã".repeat(5_000)).unwrap();
        assert_eq!((text.chars().count(), is_long), (COMPARED_MAX, true));
    }

    #[test]
    fn a_sticker_and_a_caption_count_and_a_file_without_one_does_not() {
        assert_eq!(
            words(Kind::Image, "our prices for the summer"),
            Some(("our prices for the summer".to_owned(), true))
        );
        assert_eq!(
            words(Kind::Sticker, ""),
            Some(("[sticker]".to_owned(), false))
        );
        for kind in [
            Kind::Image,
            Kind::Video,
            Kind::Voice,
            Kind::Audio,
            Kind::Document,
            Kind::Media,
        ] {
            assert_eq!(words(kind, ""), None, "{kind:?}");
        }
    }

    #[test]
    fn a_message_that_comes_late_says_nothing() {
        let message = message(Kind::Text, "hello");
        assert_eq!(answer_words(&message, Millis::new(1_061_000)), None);
        // A clock that is behind ours.
        assert!(answer_words(&message, Millis::new(900_000)).is_some());
    }
}
