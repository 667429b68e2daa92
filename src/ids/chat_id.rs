//! The id of a chat: the one spelling that the program uses, and the check for what is valid.

use std::sync::Arc;

use crate::ids::ninth_digit::other_spelling;
use crate::ids::text::{Text, shared_text};

/// No known phone number or hidden id has more than 16 digits, so this is generous.
const DIGITS_MAX: usize = 32;

/// The chat of one person: `<digits>@c.us` (a phone number) or `<digits>@lid` (a hidden id).
///
/// Groups, channels, stories and system accounts have no `ChatId`, so a `ChatId` means that a customer may be on the other
/// side. The only exception is [`ChatId::group`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatId(Arc<str>);

shared_text!(ChatId);

/// A text that should be a person's chat id but is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the chat id of a person")]
pub struct NotAPerson;

impl ChatId {
    /// The chat of a person, or `None` for any other kind of chat in WhatsApp.
    ///
    /// `@s.whatsapp.net` (the raw spelling of `@c.us`) is converted, and the device in a raw id
    /// (`5511...:12@s.whatsapp.net`) is removed.
    #[must_use]
    pub fn person(text: &str) -> Option<Self> {
        let (digits, server) = person_parts(text)?;
        // Most ids already have this spelling. They are copied only once.
        if text.len() == digits.len() + 1 + server.len() {
            return Some(Self(text.into()));
        }
        Some(Self(format!("{digits}@{server}").into()))
    }

    /// The chat of a group: `<digits>@g.us` or `<digits>-<digits>@g.us`. Only for the owner's settings; neither an event
    /// from WAHA nor stored data becomes one.
    #[must_use]
    pub fn group(text: &str) -> Option<Self> {
        let (group, server) = text.split_once('@')?;
        let (first, second) = group.split_once('-').unwrap_or((group, "0"));
        (server == "g.us" && is_digits(first) && is_digits(second)).then(|| Self(text.into()))
    }

    /// Whether this is a person's chat. Check this before you send anything to a stored chat.
    #[must_use]
    pub fn is_person(&self) -> bool {
        person_parts(&self.0).is_some()
    }

    /// Whether this is a group's chat.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.0.ends_with("@g.us")
    }

    /// Whether `text` is this id, in any spelling.
    #[must_use]
    pub fn is_spelled(&self, text: &str) -> bool {
        person_parts(text)
            .is_some_and(|(digits, server)| self.0.split_once('@') == Some((digits, server)))
    }

    /// Whether both ids are surely one person's: they are equal, or the same Brazilian mobile number with and without its
    /// ninth digit. (Only Redis knows which hidden id belongs to which number.)
    #[must_use]
    pub fn is_same_person(&self, other: &ChatId) -> bool {
        if self == other {
            return true;
        }
        let number = |id: &Self| id.0.strip_suffix("@c.us").map(str::to_owned);
        match (number(self), number(other)) {
            (Some(one), Some(other)) => other_spelling(&one) == Some(other),
            _ => false,
        }
    }

    /// Whether this is a hidden id, whose digits are not a phone number.
    #[must_use]
    pub fn is_lid(&self) -> bool {
        self.0.ends_with("@lid")
    }

    /// Whether both ids may belong to one person: a person has one `@lid` and one number, and we may not know yet that they
    /// are one.
    #[must_use]
    pub fn may_be_the_person_of(&self, other: &Self) -> bool {
        self == other || self.is_lid() != other.is_lid()
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

/// Only a person's id can be deserialized.
impl<'de> serde::Deserialize<'de> for ChatId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Self::person(&text.0).ok_or_else(|| serde::de::Error::custom(NotAPerson))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brazilian_mobile_number_with_and_without_the_ninth_digit_is_one_person() {
        let id = |text: &str| ChatId::person(text).unwrap();
        let with = id("5531987654321@c.us");
        for (other, same) in [
            ("5531987654321@c.us", true),
            ("553187654321@c.us", true),
            ("553187654321@s.whatsapp.net", true),
            ("553187654322@c.us", false),
            ("553187654321@lid", false),
        ] {
            let other = id(other);
            assert_eq!(with.is_same_person(&other), same, "{other}");
            assert_eq!(other.is_same_person(&with), same, "{other}");
        }
    }

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
                ChatId::person(text).as_ref().map(ChatId::as_str),
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
}
