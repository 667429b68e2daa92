//! Reads message ids as WAHA writes them.

use crate::ids::MessageId;

/// The parts of WAHA's message id, in any of its spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialisedId {
    /// Whether our account sent the message; unknown in the short forms.
    pub from_me: Option<bool>,
    /// The chat as WAHA wrote it, not only a person's; unknown in a bare id.
    pub chat: Option<String>,
    /// The bare message id.
    pub message: MessageId,
}

impl SerialisedId {
    /// Reads `{fromMe}_{chat}_{id}[_{participant}]`, `{chat}_{id}` or a bare id. `None` if there is no valid id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (from_me, rest) = match text.split_once('_') {
            Some(("true", rest)) => (Some(true), rest),
            Some(("false", rest)) => (Some(false), rest),
            _ => (None, text),
        };
        // A chat contains an `@` and a bare id doesn't, so the prefix is optional. After the prefix, the next part is
        // the chat, even if it looks odd.
        let (chat, rest) = match rest.split_once('_') {
            Some((chat, rest)) if chat.contains('@') || from_me.is_some() => (Some(chat), rest),
            _ => (None, rest),
        };
        // The participant follows the message id.
        let message = match chat {
            Some(_) => rest.split_once('_').map_or(rest, |(id, _)| id),
            None => rest,
        };
        Some(Self {
            from_me,
            chat: chat.map(str::to_owned),
            message: MessageId::parse(message)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::waha::serialised_id::*;

    #[test]
    fn message_ids_are_read_in_every_spelling() {
        let parse = |text| {
            SerialisedId::parse(text).map(|id| {
                let message = id.message.as_str().to_owned();
                (id.from_me, id.chat.unwrap_or_default(), message)
            })
        };
        let id = |from_me, chat: &str, message: &str| {
            Some((from_me, chat.to_owned(), message.to_owned()))
        };
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
    fn an_id_that_cannot_be_a_key_is_none() {
        let longest = format!("true_55@c.us_{}", "A".repeat(128));
        assert!(SerialisedId::parse(&longest).is_some());
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
            assert_eq!(SerialisedId::parse(text), None, "{text:?}");
        }
    }
}
