//! Safe output: a stranger's text can neither control the terminal nor look like one of our own lines.
//!
//! Customers may write anything, and WAHA passes it on. We show what a person could not see as escapes: control characters, marks
//! that change the direction of text, and characters without any form. And we indent every line of a text after the first.

use std::fmt;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::clock::Millis;

/// Whether a character could control a terminal, change the order of other characters, or hide: Unicode's controls, its
/// separators of lines, and its format characters and others that nobody sees (`Cc`, `Zl`, `Zp`, `Cf`, and
/// `Default_Ignorable_Code_Point`).
///
/// Emojis are made with joiners and variation selectors, and words of some languages with joiners, so these stay as they are;
/// so do the marks of `Cf` that have a form (`Prepended_Concatenation_Mark`).
pub(crate) fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(
        c,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}'
    )
}

/// The text with its own line breaks, as we wrote them.
pub(crate) fn lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// The text on one line.
pub(crate) fn line(text: &str) -> String {
    escaped(text, |_| false)
}

/// The text on one line of at most `max` characters.
pub(crate) fn cut(text: &str, max: usize) -> String {
    let line = line(text);
    match line.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The text with its own line breaks, indented so that no line looks like one of ours.
pub(crate) fn paragraph(text: &str) -> String {
    escaped(&text.replace("\r\n", "\n"), |c| matches!(c, '\n' | '\t')).replace('\n', "\n    ")
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) && !keep(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// A point in time in the local time of `zone`.
pub(crate) fn time(at: Millis, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(at.as_i64()) {
        Ok(time) => time
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        Err(_) => format!("{at} ms"),
    }
}

/// Writes one line of JSON that is safe on a terminal too.
///
/// # Errors
/// When `out` fails.
pub(crate) fn jsonl(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, SafeJson))?;
    writeln!(out)
}

/// Also escapes every character that could control a terminal.
struct SafeJson;

impl Formatter for SafeJson {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_json(fragment, out)
    }
}

/// Writes JSON text, with unsafe characters as JSON escapes. They can occur only inside strings.
///
/// # Errors
/// When `out` fails.
pub(crate) fn write_json(text: &str, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = rest.find(is_unsafe) {
        let (before, from) = rest.split_at(at);
        out.write_all(before.as_bytes())?;
        let mut chars = from.chars();
        if let Some(c) = chars.next() {
            // Two units for a character beyond the first 65,536.
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        rest = chars.as_str();
    }
    out.write_all(rest.as_bytes())
}

/// Writes everything on one line.
pub(crate) struct OneLine<'a>(pub(crate) &'a mut dyn fmt::Write);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.contains(is_unsafe) {
            self.0.write_str(&line(text))
        } else {
            self.0.write_str(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_could_not_see_is_unsafe_and_what_makes_emojis_is_not() {
        // Unicode's own data, in the expressions of the regex crate.
        let unseen = r"[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}]";
        let kept = r"[\u{200c}\u{200d}\p{Variation_Selector}\p{Prepended_Concatenation_Mark}]";
        let unseen = regex::Regex::new(unseen).unwrap();
        let kept = regex::Regex::new(kept).unwrap();
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            let expected = unseen.is_match(&text) && !kept.is_match(&text);
            assert_eq!(is_unsafe(c), expected, "U+{:04X}", u32::from(c));
        }
        for shown in [
            "👨\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}",
            "نمی\u{200c}خواهم",
            "葛\u{e0100}",
        ] {
            assert_eq!(line(shown), shown);
        }
    }

    #[test]
    fn json_with_escapes_says_the_same() {
        let text = "a\u{200f}b\u{61c}c\u{e0041}d\u{1d173}e\u{2028}";
        let mut out = Vec::new();
        jsonl(&text, &mut out).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert!(!line.trim_end().chars().any(is_unsafe), "{line:?}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }

    #[test]
    fn a_cut_text_is_one_safe_line_of_limited_length() {
        assert_eq!(cut("olá, tudo bem?", 3), "olá…");
        assert_eq!(cut("olá", 3), "olá");
        assert_eq!(cut("a\nb\u{9b}", 30), "a\\nb\\u{9b}");
    }
}
