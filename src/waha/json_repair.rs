//! Repairs the JSON that JavaScript's `JSON.stringify` may write, so that serde_json can read it.
//!
//! Authentic bodies may contain two things that strict parsers refuse: one half of a surrogate pair, such as a lone `\ud83d`
//! escape (in a name that was cut to a length), and bytes that are not UTF-8. Both become U+FFFD, and everything around them
//! stays.

use std::borrow::Cow;

/// The body as text, borrowed if nothing had to be repaired.
pub(super) fn repaired(body: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(body) {
        Cow::Borrowed(text) => match without_lone_surrogates(text) {
            Some(repaired) => Cow::Owned(repaired),
            None => Cow::Borrowed(text),
        },
        Cow::Owned(text) => Cow::Owned(without_lone_surrogates(&text).unwrap_or(text)),
    }
}

/// The text with each lone surrogate escape replaced by `\ufffd`, or `None` if there is none.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut repaired = String::new();
    let mut copied = 0;
    let mut at = 0;
    // In JSON a backslash always starts an escape. So if we jump from escape to escape, we never mistake `\\ud83d` (a
    // backslash and letters) for one.
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        let escape = at + found;
        let Some(unit) = utf16_escape(&bytes[escape..]) else {
            at = (escape + 2).min(bytes.len());
            continue;
        };
        at = escape + 6;
        let is_high = (0xd800..0xdc00).contains(&unit);
        let is_low = (0xdc00..0xe000).contains(&unit);
        if is_high
            && utf16_escape(&bytes[at..]).is_some_and(|next| (0xdc00..0xe000).contains(&next))
        {
            at += 6;
        } else if is_high || is_low {
            repaired.push_str(&text[copied..escape]);
            repaired.push_str("\\ufffd");
            copied = at;
        }
    }
    (copied > 0).then(|| {
        repaired.push_str(&text[copied..]);
        repaired
    })
}

/// The code unit of the `\uXXXX` escape that these bytes start with.
fn utf16_escape(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(value).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (body, wanted) in [
            (r#"{"a":"b"}"#, r#"{"a":"b"}"#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uD83D!""#, r#""\ufffd!""#),
            (r#""\udc4b""#, r#""\ufffd""#),
            (r#""\ud83d\udc4b""#, r#""\ud83d\udc4b""#),
            (r#""\ud83d\ud83d\udc4b""#, r#""\ufffd\ud83d\udc4b""#),
            (r#""\udc4b\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
            (r#""\ud83d\\udc4b""#, r#""\ufffd\\udc4b""#),
            (r#""\ud83dx\udc4b é""#, r#""\ufffdx\ufffd é""#),
            (r#""\ud83""#, r#""\ud83""#),
            (r#""\u00e9""#, r#""\u00e9""#),
            ("\"\\", "\"\\"),
            ("\\é\\ud83d", "\\é\\ufffd"),
        ] {
            assert_eq!(repaired(body.as_bytes()), wanted, "{body}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replaced() {
        assert_eq!(repaired(b"\"a\xff\\ud83d\""), "\"a\u{fffd}\\ufffd\"");
    }
}
