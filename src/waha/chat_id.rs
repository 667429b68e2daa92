//! The ids of people and of messages, in the one spelling that the rest of the program sees.

use std::fmt;

use serde::{Deserialize, Serialize};

/// No phone number or hidden id known has more than 16 digits; twice that is generous.
const DIGITS_MAX: usize = 32;

/// A stanza becomes part of a Redis key. The longest seen has 32 characters.
const STANZA_MAX: usize = 128;

/// The chat of one person: `<digits>@c.us` (a phone number) or `<digits>@lid` (a hidden id).
///
/// Groups, channels, stories and system accounts have no `ChatId`: the type itself says that a
/// customer may be at the other end. The one exception is [`ChatId::group`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ChatId(String);

/// A text that should have been a person's chat id, and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the chat id of a person")]
pub struct NotAPerson;

impl ChatId {
    /// The chat of a person, or `None` for whatever else WhatsApp calls a chat.
    ///
    /// `@s.whatsapp.net` (the raw spelling of `@c.us`) is converted, and the device that raw ids
    /// may carry (`5511...:12@s.whatsapp.net`) is cut off.
    #[must_use]
    pub fn person(text: &str) -> Option<Self> {
        let (digits, server) = person_parts(text)?;
        let mut id = String::with_capacity(digits.len() + 1 + server.len());
        id.push_str(digits);
        id.push('@');
        id.push_str(server);
        Some(Self(id))
    }

    /// The chat of a group, `<digits>@g.us` or `<digits>-<digits>@g.us`: for the owner's own settings only. What WAHA tells
    /// never becomes one, and nor does what is read back.
    #[must_use]
    pub fn group(text: &str) -> Option<Self> {
        let (group, server) = text.split_once('@')?;
        let (first, second) = group.split_once('-').unwrap_or((group, "0"));
        (server == "g.us" && is_digits(first) && is_digits(second)).then(|| Self(text.to_owned()))
    }

    /// Whether this is a group's.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.0.ends_with("@g.us")
    }

    /// The id as WAHA takes it in its API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` is this id, in whatever spelling.
    #[must_use]
    pub fn is_spelled(&self, text: &str) -> bool {
        person_parts(text)
            .is_some_and(|(digits, server)| self.0.split_once('@') == Some((digits, server)))
    }

    /// Whether this is a hidden id, whose digits are not a phone number.
    #[must_use]
    pub fn is_lid(&self) -> bool {
        self.0.ends_with("@lid")
    }
}

/// The digits and the server of a person's id, without the device.
fn person_parts(text: &str) -> Option<(&str, &'static str)> {
    let (user, server) = text.split_once('@')?;
    let server = match server {
        "c.us" | "s.whatsapp.net" => "c.us",
        "lid" => "lid",
        _ => return None,
    };
    let digits = match user.split_once(':') {
        Some((digits, device)) if is_digits(device) => digits,
        Some(_) => return None,
        None => user,
    };
    // `0@c.us` is WhatsApp itself.
    (is_digits(digits) && (digits != "0" || server != "c.us")).then_some((digits, server))
}

fn is_digits(text: &str) -> bool {
    (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ChatId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<ChatId> for String {
    fn from(id: ChatId) -> Self {
        id.0
    }
}

impl TryFrom<String> for ChatId {
    type Error = NotAPerson;

    fn try_from(text: String) -> Result<Self, NotAPerson> {
        Self::person(&text).ok_or(NotAPerson)
    }
}

/// What a message id tells, in any of the spellings that WAHA uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId {
    /// Whether our account sent it; unknown in the short spellings.
    pub from_me: Option<bool>,
    /// The chat as it was written, a person's or not; unknown in a bare stanza.
    pub chat: Option<String>,
    /// The bare id: the same on every engine and for every device.
    pub stanza: String,
}

impl MessageId {
    /// Reads `{fromMe}_{chat}_{stanza}[_{participant}]`, `{chat}_{stanza}` or a bare stanza.
    ///
    /// `None` if there is no stanza that could be kept: empty, longer than 128 bytes, or with
    /// control characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (from_me, rest) = match text.split_once('_') {
            Some(("true", rest)) => (Some(true), rest),
            Some(("false", rest)) => (Some(false), rest),
            _ => (None, text),
        };
        // A chat has an `@`, and a stanza has none: so the prefix may be there or not. Behind the
        // prefix, three parts are enough to know the chat, however odd it looks.
        let (chat, rest) = match rest.split_once('_') {
            Some((chat, rest)) if chat.contains('@') || from_me.is_some() => (Some(chat), rest),
            _ => (None, rest),
        };
        // What is behind the stanza of a chat's message is the participant.
        let stanza = match chat {
            Some(_) => rest.split_once('_').map_or(rest, |(stanza, _)| stanza),
            None => rest,
        };
        is_stanza(stanza).then(|| Self {
            from_me,
            chat: chat.map(str::to_owned),
            stanza: stanza.to_owned(),
        })
    }
}

fn is_stanza(text: &str) -> bool {
    (1..=STANZA_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_one_spelling() {
        for (text, wanted) in [
            ("5511999990000@c.us", "5511999990000@c.us"),
            ("5511999990000@s.whatsapp.net", "5511999990000@c.us"),
            ("5511999990000:12@s.whatsapp.net", "5511999990000@c.us"),
            ("123456789012345@lid", "123456789012345@lid"),
            ("123456789012345:3@lid", "123456789012345@lid"),
            ("0@lid", "0@lid"),
        ] {
            assert_eq!(
                ChatId::person(text).map(String::from).as_deref(),
                Some(wanted)
            );
        }
    }

    #[test]
    fn who_is_not_a_person_has_no_chat_id() {
        let long = format!("{}@c.us", "1".repeat(33));
        for text in [
            "",
            "@",
            "@c.us",
            "5511999990000",
            "0@c.us",
            "0@s.whatsapp.net",
            "120363000000000007@g.us",
            "120363000000000009@newsletter",
            "status@broadcast",
            "1234@broadcast",
            "13135550002@meta.ai",
            "867051314767696@bot",
            "me",
            "55 11@c.us",
            "+5511999990000@c.us",
            "٣٤٥@c.us",
            "5511999990000@C.US",
            "5511999990000@c.us ",
            "5511999990000@c.us\n",
            "5511999990000@c.us@c.us",
            "5511:x@c.us",
            "5511:@c.us",
            ":1@c.us",
            long.as_str(),
        ] {
            assert_eq!(ChatId::person(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_group_has_a_chat_id_only_where_it_is_asked_for() {
        for text in ["120363000000000007@g.us", "5511999990000-1489615421@g.us"] {
            let group = ChatId::group(text).unwrap();
            assert!(group.is_group() && group.as_str() == text);
        }
        for text in ["@g.us", "1203x@g.us", "1-2-3@g.us", "5511999990000@c.us"] {
            assert_eq!(ChatId::group(text), None, "{text}");
        }
    }

    #[test]
    fn a_stored_chat_id_reads_back_and_nothing_else_does() {
        let id = ChatId::person("123@lid").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""123@lid""#);
        assert_eq!(serde_json::from_str::<ChatId>(r#""123@lid""#).unwrap(), id);
        assert!(serde_json::from_str::<ChatId>(r#""1203@g.us""#).is_err());
        assert!(id.is_lid());
    }

    #[test]
    fn message_ids_are_read_in_every_spelling() {
        let parse = |text| {
            MessageId::parse(text).map(|id| (id.from_me, id.chat.unwrap_or_default(), id.stanza))
        };
        let id =
            |from_me, chat: &str, stanza: &str| Some((from_me, chat.to_owned(), stanza.to_owned()));
        assert_eq!(
            parse("false_55@c.us_3EB0"),
            id(Some(false), "55@c.us", "3EB0")
        );
        assert_eq!(
            parse("true_1203@g.us_3EB0_1555@lid"),
            id(Some(true), "1203@g.us", "3EB0")
        );
        assert_eq!(
            parse("true_1203@g.us_3EB0_1_5_5"),
            id(Some(true), "1203@g.us", "3EB0")
        );
        assert_eq!(parse("55@c.us_3EB0"), id(None, "55@c.us", "3EB0"));
        assert_eq!(parse("3EB0"), id(None, "", "3EB0"));
        assert_eq!(parse("3EB0_X"), id(None, "", "3EB0_X"));
        assert_eq!(parse("true_3EB0"), id(Some(true), "", "3EB0"));
    }

    #[test]
    fn a_stanza_that_cannot_be_a_key_is_none() {
        let longest = format!("true_55@c.us_{}", "A".repeat(STANZA_MAX));
        assert!(MessageId::parse(&longest).is_some());
        let too_long = format!("{longest}A");
        for text in [
            "",
            "false_",
            "false_55@c.us_",
            "55@c.us_",
            "A\nB",
            "A\0",
            too_long.as_str(),
        ] {
            assert_eq!(MessageId::parse(text), None, "{text:?}");
        }
    }
}
