//! A customer's chat as a person names it on the command line.

use std::fmt;
use std::str::FromStr;

use crate::ids::{ChatId, other_spelling};

/// Every id under which the chat may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatNames(pub(super) Vec<String>);

impl ChatNames {
    /// The ids that are those of a person.
    pub fn ids(&self) -> impl Iterator<Item = ChatId> {
        self.0.iter().filter_map(|id| ChatId::person(id))
    }
}

impl From<&ChatId> for ChatNames {
    fn from(chat: &ChatId) -> Self {
        Self(vec![chat.to_string()])
    }
}

impl fmt::Display for ChatNames {
    /// The number, or the id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [id] => f.write_str(id),
            names => f.write_str(
                names
                    .first()
                    .map_or("", |name| name.split('@').next().unwrap_or(name)),
            ),
        }
    }
}

/// A text that names no chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a phone number with its country code, like +55 11 90000-0001, or a chat id")]
pub struct NotAChat;

impl FromStr for ChatNames {
    type Err = NotAChat;

    /// Reads a phone number in any usual form, the digits of a hidden id, or a whole chat id.
    fn from_str(text: &str) -> Result<Self, NotAChat> {
        let text = text.trim();
        if text.contains('@') {
            let id = ChatId::person(text).map_or_else(|| text.to_owned(), |id| id.to_string());
            return Ok(Self(vec![id]));
        }
        let digits: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !"+()-./".contains(*c))
            .collect();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotAChat);
        }
        let mut names = vec![format!("{digits}@c.us"), format!("{digits}@lid")];
        // WhatsApp may know a Brazilian mobile number without its ninth digit.
        names.extend(other_spelling(&digits).map(|digits| format!("{digits}@c.us")));
        Ok(Self(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_any_form_and_an_id_in_any_spelling_name_a_chat() {
        let number = ["5511900000001@c.us", "5511900000001@lid"];
        let mobile = [
            "5511987654321@c.us",
            "5511987654321@lid",
            "551187654321@c.us",
        ];
        for (text, names) in [
            ("5511900000001", &number[..]),
            ("+55 11 90000-0001", &number),
            ("+55 (11) 90000.0001", &number),
            (" 55 11 90000 0001 ", &number),
            ("+55 11 98765-4321", &mobile),
            ("5511900000001@c.us", &number[..1]),
            ("5511900000001@s.whatsapp.net", &number[..1]),
            ("123@lid", &["123@lid"]),
        ] {
            let read: ChatNames = text.parse().unwrap();
            assert_eq!(read.0, names, "{text}");
        }
        for text in ["", "Ana", "+", "55 11 x"] {
            assert_eq!(text.parse::<ChatNames>(), Err(NotAChat), "{text}");
        }
    }
}
