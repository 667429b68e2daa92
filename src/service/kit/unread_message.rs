//! A message in an inbox, as Redis has it: the customer may have edited or withdrawn it since it came.

use serde::Deserialize;

use crate::waha::message::Message;

/// An unread message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum UnreadMessage {
    /// It is to be heard, with its latest words.
    Message(Box<Message>),
    /// The customer withdrew it.
    Withdrawn,
    /// Another version of waha-sm wrote it, and we can't read it.
    Unreadable,
}

/// What `store/lua/shared/inbox` puts in front of the fields of a message that was withdrawn or edited.
const WITHDRAWN: &str = r#"{"withdrawn":"#;
const EDITED: &str = r#"{"edited_at":"#;

#[derive(Deserialize)]
struct NewWords {
    edited_text: String,
}

impl UnreadMessage {
    pub(crate) fn read(stored: &str) -> Self {
        if stored.starts_with(WITHDRAWN) {
            return Self::Withdrawn;
        }
        let Ok(mut message) = serde_json::from_str::<Message>(stored) else {
            return Self::Unreadable;
        };
        if stored.starts_with(EDITED)
            && let Ok(edit) = serde_json::from_str::<NewWords>(stored)
        {
            message.text = edit.edited_text;
        }
        Self::Message(Box::new(message))
    }

    /// The message, if it is to be heard and can be read.
    pub(crate) fn into_message(self) -> Option<Message> {
        match self {
            Self::Message(message) => Some(*message),
            Self::Withdrawn | Self::Unreadable => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_changes_the_words_and_a_withdrawn_message_is_none() {
        let text = |stored: &str| {
            UnreadMessage::read(stored)
                .into_message()
                .map(|one| one.text)
        };
        let fields = r#""chat":"55@c.us","text":"quero 2"}"#;
        assert_eq!(text(&format!("{{{fields}")).as_deref(), Some("quero 2"));
        let edited = format!(r#"{{"edited_at":7,"edited_text":"quero 3 \"já\"",{fields}"#);
        assert_eq!(text(&edited).as_deref(), Some("quero 3 \"já\""));
        let withdrawn = format!(r#"{{"withdrawn":true,{fields}"#);
        assert_eq!(UnreadMessage::read(&withdrawn), UnreadMessage::Withdrawn);
        // Edited, then withdrawn.
        let both = format!(r#"{{"withdrawn":true,"edited_at":7,"edited_text":"x",{fields}"#);
        assert_eq!(UnreadMessage::read(&both), UnreadMessage::Withdrawn);
        assert_eq!(UnreadMessage::read("{"), UnreadMessage::Unreadable);
        // A customer can't withdraw by writing it.
        let written = r#"{"chat":"55@c.us","text":"{\"withdrawn\":true,"}"#;
        assert_eq!(text(written).as_deref(), Some("{\"withdrawn\":true,"));
    }
}
