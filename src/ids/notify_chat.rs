//! A chat where the owner gets notices: of the setting `NOTIFY_CHAT`, and of `notify` in a flow.

use std::str::FromStr;

use crate::ids::{ChatId, SessionName};

/// How many digits a phone number has, with its country code (E.164: at most 15).
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// How to write one.
pub const NOTIFY_CHAT_LIKE: &str = "write a phone number with its country code (5511999990000), a chat id (...@c.us, ...@lid) or a \
     group (...@g.us); to send through a certain session, write shop/5511999990000";

/// A chat where the owner gets notices, and the session to send them through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyChat {
    /// The session to send through; `None`: the session that the notice is about.
    pub session: Option<SessionName>,
    /// A person's chat or a group.
    pub chat: ChatId,
}

impl FromStr for NotifyChat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (session, chat) = match text.split_once('/') {
            Some((session, chat)) => (Some(SessionName::parse(session).ok_or(())?), chat),
            None => (None, text),
        };
        let chat = chat.trim();
        let chat = if chat.contains('@') {
            ChatId::person(chat).or_else(|| ChatId::group(chat))
        } else {
            number(chat)
        };
        chat.map(|chat| Self { session, chat }).ok_or(())
    }
}

/// The chat of a phone number as people write it, with its country code.
fn number(text: &str) -> Option<ChatId> {
    let digits: String = text
        .strip_prefix('+')
        .unwrap_or(text)
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    let likely = NUMBER_DIGITS.contains(&digits.len());
    likely
        .then(|| ChatId::person(&format!("{digits}@c.us")))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_or_a_group_can_be_told_through_a_session_of_ones_choice() {
        for (text, session, chat) in [
            ("5511999990000", None, "5511999990000@c.us"),
            ("+55 (11) 99999-0000", None, "5511999990000@c.us"),
            ("5511999990000@c.us", None, "5511999990000@c.us"),
            ("5511999990000@s.whatsapp.net", None, "5511999990000@c.us"),
            ("123456789012345@lid", None, "123456789012345@lid"),
            ("120363000000000007@g.us", None, "120363000000000007@g.us"),
            ("shop-2/5511999990000", Some("shop-2"), "5511999990000@c.us"),
        ] {
            let read: NotifyChat = text.parse().unwrap();
            assert_eq!(
                (
                    read.session.as_ref().map(SessionName::as_str),
                    read.chat.as_str()
                ),
                (session, chat)
            );
        }
    }

    #[test]
    fn nobody_else_can() {
        for text in [
            "me",
            "123",
            "1234567890123456",
            "5511999990000@broadcast",
            "120363000000000009@newsletter",
            "status@broadcast",
            "0@c.us",
            "/5511999990000",
            "my shop/5511999990000",
            "a/b/5511999990000",
            "55119999x0000",
        ] {
            assert_eq!(text.parse::<NotifyChat>(), Err(()), "{text}");
        }
    }
}
