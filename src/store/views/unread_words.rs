//! What an unread message says to the person who looks at it.
//!
//! A flow hears more of a message (`service/kit/unread_message`). A person needs the words, and to know that there is a file.

use serde::Deserialize;

/// An unread message as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct UnreadWords {
    /// The id of the message, if there is one.
    #[serde(rename = "stanza", default)]
    pub id: Option<String>,
    /// Its text, or the caption of a file. As the customer wrote it: it may contain any characters.
    #[serde(default)]
    pub text: String,
    /// What it is, like `text` or `image`.
    #[serde(default)]
    pub kind: String,
    /// When it was sent (ms).
    #[serde(default)]
    pub sent_at: i64,
    #[serde(default)]
    edited_text: Option<String>,
    #[serde(default)]
    withdrawn: bool,
}

impl UnreadWords {
    /// `None` if the customer withdrew it, or if we can't read it.
    pub(super) fn read(stored: &str) -> Option<Self> {
        let mut words: Self = serde_json::from_str(stored).ok()?;
        if let Some(text) = words.edited_text.take() {
            words.text = text;
        }
        (!words.withdrawn).then_some(words)
    }

    /// The words, or what there is instead of them: "[image] look at this".
    #[must_use]
    pub fn shown(&self) -> String {
        match (self.kind.as_str(), self.text.as_str()) {
            ("text" | "", text) => text.to_owned(),
            (kind, "") => format!("[{kind}]"),
            (kind, text) => format!("[{kind}] {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(stored: &str) -> Option<String> {
        UnreadWords::read(stored).map(|words| words.shown())
    }

    #[test]
    fn a_person_reads_the_latest_words_and_what_else_came() {
        for (stored, wanted) in [
            (r#"{"chat":"5@c.us","text":"oi","kind":"text"}"#, Some("oi")),
            (r#"{"text":"oi"}"#, Some("oi")),
            (r#"{"text":"look","kind":"image"}"#, Some("[image] look")),
            (r#"{"kind":"audio"}"#, Some("[audio]")),
            (r#"{"edited_at":7,"edited_text":"3","text":"2"}"#, Some("3")),
            (r#"{"withdrawn":true,"text":"2"}"#, None),
            ("{", None),
        ] {
            assert_eq!(shown(stored).as_deref(), wanted, "{stored}");
        }
    }
}
