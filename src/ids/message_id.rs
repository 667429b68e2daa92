//! The id of a message, and the check for what is valid.

use std::sync::Arc;

use crate::ids::text::shared_text;

/// The id becomes part of a Redis key. The longest that we have seen has 32 characters.
const LENGTH_MAX: usize = 128;

/// The bare id of a message, which is the same on every engine and device. It is the third part of WAHA's serialised ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(Arc<str>);

shared_text!(MessageId, deserialize);

impl MessageId {
    /// The id, if `text` is valid: not empty, at most 128 bytes, without control characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=LENGTH_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use crate::ids::*;

    #[test]
    fn a_message_id_is_not_empty_not_long_and_printable() {
        let longest = "A".repeat(128);
        for text in ["3EB0C0FFEE00BEEF0004", "3EB0_X", "a b", longest.as_str()] {
            assert_eq!(MessageId::parse(text).unwrap().as_str(), text);
        }
        let too_long = format!("{longest}A");
        for text in ["", "A\nB", "A\0", too_long.as_str()] {
            assert_eq!(MessageId::parse(text), None, "{text:?}");
        }
    }
}
