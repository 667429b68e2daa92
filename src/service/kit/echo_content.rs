//! The content of an outbound message, in the form that the store compares with replies. If it matches a reply, our sender
//! sent it.

use crate::flow::MediaKind::{self, File, Image, Video, Voice};
use crate::store::EchoContent;
use crate::waha::message::{Kind, Message};

/// Engines report a file that was sent as a document by its own type (an image, a video), and a voice message as any audio.
/// So one kind of message may come from several kinds of reply.
pub(crate) fn echo_content(message: &Message) -> EchoContent {
    let sent_as: &'static [Option<MediaKind>] = match message.kind {
        Kind::Text
        | Kind::Location
        | Kind::Contact
        | Kind::Order
        | Kind::Product
        | Kind::Payment
        | Kind::Invitation
        | Kind::Event
        | Kind::List
        | Kind::ViewOnce
        | Kind::Empty => &[None],
        Kind::Image => &[Some(Image), Some(File)],
        Kind::Video => &[Some(Video), Some(File)],
        Kind::Voice | Kind::Audio => &[Some(Voice), Some(File)],
        Kind::Document | Kind::Sticker => &[Some(File)],
        Kind::Media => &[Some(Image), Some(File), Some(Voice), Some(Video)],
    };
    EchoContent::new(sent_as, &message.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Reply;

    fn reply(text: &str, media: &str) -> Reply {
        let json = format!(
            r#"{{"id":"1","conversation":"1","text":"{text}","queued_at":0,"media":{media}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    fn message(kind: &str, text: &str) -> Message {
        let json = format!(r#"{{"chat":"55@c.us","kind":"{kind}","text":"{text}"}}"#);
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn words_are_no_caption_and_a_file_without_one_is_not_every_empty_message() {
        let media = |kind: &str| {
            format!(r#"{{"kind":"{kind}","url":"https://x.example/a","mimetype":"a/b"}}"#)
        };
        for (text, kind, message_kind, message_text, same) in [
            ("oi", None, "text", "oi ", true),
            ("oi", None, "image", "oi", false),
            ("oi", Some("image"), "image", "oi", true),
            ("oi", Some("image"), "media", "oi", true),
            ("oi", Some("image"), "text", "oi", false),
            ("oi", Some("image"), "image", "", false),
            ("", Some("image"), "image", "", true),
            ("", Some("image"), "empty", "", false),
            ("", Some("image"), "voice", "", false),
            ("", Some("voice"), "audio", "", true),
            ("", Some("file"), "image", "", true),
            ("", Some("file"), "location", "", false),
            (
                "oi, você!",
                None,
                "text",
                "oi,\u{85}você\u{1680}\u{205f}!",
                true,
            ),
            ("oi ❤\u{fe0f}", None, "text", "\u{200b}oi❤", true),
            ("oi", None, "text", "ola", false),
        ] {
            let reply = reply(text, &kind.map_or("null".to_owned(), media));
            let message = message(message_kind, message_text);
            assert_eq!(
                echo_content(&message).is_of(&reply),
                same,
                "{reply:?} {message:?}"
            );
        }
    }
}
