//! The parts of a message's content, one letter each. WAHA may report a message first without its content and later with it,
//! or without the link to its file; the store compares the parts to see whether a copy brings more.

use crate::waha::message::{Kind, Message};

/// The parts that a message has. A message without any content has none. (A letter, once stored, keeps its meaning.)
pub(crate) fn message_parts(message: &Message) -> String {
    let media = message.media.as_ref();
    [
        ('t', !message.text.is_empty()),
        // It is a message of some kind, and we know which.
        ('m', message.kind != Kind::Empty),
        ('k', !matches!(message.kind, Kind::Empty | Kind::Media)),
        ('f', media.is_some()),
        ('u', media.is_some_and(|media| media.url.is_some())),
        ('e', media.is_some_and(|media| media.error.is_some())),
        ('l', message.location.is_some()),
        ('c', !message.contacts.is_empty()),
    ]
    .into_iter()
    .filter_map(|(letter, has)| has.then_some(letter))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;
    use crate::waha::event::{Meaning, listed};

    fn parts(content: &str) -> String {
        let payload = format!(
            r#"{{"id":"true_5511999990001@c.us_3EB0","from":"5511999990001@c.us","fromMe":true,{content}}}"#
        );
        match listed(&payload, Millis::default(), Millis::now()) {
            Meaning::Own(message) => message_parts(&message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_later_copy_with_more_content_has_more_parts() {
        for (content, wanted) in [
            (r#""body":"oi""#, "tmk"),
            (r#""hasMedia":true"#, "m"),
            (r#""body":"""#, ""),
            (
                r#""hasMedia":true,"media":{"mimetype":"image/png","url":null}"#,
                "mkf",
            ),
            (
                r#""hasMedia":true,"media":{"mimetype":"image/png","error":{"message":"gone"}}"#,
                "mkfe",
            ),
            (
                r#""body":"look","hasMedia":true,"media":{"mimetype":"image/png","url":"http://x"}"#,
                "tmkfu",
            ),
            (r#""location":{"latitude":1,"longitude":2}"#, "mkl"),
            (r#""vCards":["BEGIN:VCARD"]"#, "mkc"),
        ] {
            assert_eq!(parts(content), wanted, "{content}");
        }
    }
}
