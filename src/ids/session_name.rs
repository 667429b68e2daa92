//! The name of a session (a WhatsApp account connected to WAHA), and the check for what is valid.

use std::sync::Arc;

use crate::ids::text::shared_text;

/// The name of a session: 1 to 54 of `[A-Za-z0-9_-]`, which is WAHA's own rule.
///
/// So no character in it has a special meaning in a Redis key, a bell, a path or a log line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionName(Arc<str>);

shared_text!(SessionName, deserialize);

impl SessionName {
    /// The maximum length of a name.
    pub const LENGTH_MAX: usize = 54;

    /// The name, if `text` is valid.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        fits.then(|| Self(text.into()))
    }

    /// For what people do that is about no session, such as a login. It is stored as an empty text, which is no valid name.
    #[must_use]
    pub fn none() -> Self {
        Self::stored("")
    }
}

#[cfg(test)]
mod tests {
    use crate::ids::*;

    #[test]
    fn a_session_name_holds_letters_digits_dashes_and_underscores_only() {
        let longest = "a".repeat(SessionName::LENGTH_MAX);
        for text in ["default", "Loja-2_centro", "0", longest.as_str()] {
            assert_eq!(SessionName::parse(text).unwrap().as_str(), text);
        }
        let too_long = format!("{longest}a");
        for text in [
            "",
            "my shop",
            "a/b",
            "a:b",
            "{a}",
            "a.b",
            "café",
            "a\n",
            " a",
            too_long.as_str(),
        ] {
            assert_eq!(SessionName::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_is_stored_as_its_bare_text_and_asked_for_by_text() {
        let name = SessionName::parse("shop-2").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""shop-2""#);
        assert_eq!(
            serde_json::from_str::<SessionName>(r#""shop\u002d2""#).unwrap(),
            name
        );
        assert_eq!(format!("{name}|{name:>8}"), "shop-2|  shop-2");
        let map = std::collections::HashMap::from([(name, 1)]);
        assert_eq!(map.get("shop-2"), Some(&1));
    }
}
