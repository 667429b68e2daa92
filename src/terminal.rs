//! Safe output: a stranger's text can neither control the terminal nor look like one of our own lines.
//!
//! Customers may write anything, and WAHA passes it on. We show control characters and text-direction overrides as escapes,
//! and indent every line of a text after the first.

use std::fmt;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::clock::Millis;

/// Whether a character could control a terminal, or change the order of other characters.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
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
            write!(out, "\\u{:04x}", u32::from(c))?;
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
    fn a_cut_text_is_one_safe_line_of_limited_length() {
        assert_eq!(cut("olá, tudo bem?", 3), "olá…");
        assert_eq!(cut("olá", 3), "olá");
        assert_eq!(cut("a\nb\u{9b}", 30), "a\\nb\\u{9b}");
    }
}
