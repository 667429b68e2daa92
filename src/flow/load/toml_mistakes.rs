//! Explains to people who don't know TOML what is wrong with a line, and what to write instead.
//!
//! The parser continues after a mistake, so one slip causes several errors, also in later lines. Each explanation says
//! where the errors from its slip end.

use std::ops::Range;

use crate::flow::load::toml_text::{
    closes_below, end_of_key, end_of_text, header_of, in_quotes, is_invisible, is_quote,
    other_quotes, path_of, quoted_path, scan, shown, starts_key,
};

/// A mistake, its place, and the byte up to which it causes other errors.
struct Slip {
    place: Range<usize>,
    message: String,
    until: usize,
}

/// One error of the parser, and the line that it is on.
struct Wrong<'s> {
    source: &'s str,
    place: Range<usize>,
    message: &'s str,
    /// Where the line begins.
    line_start: usize,
    /// The line, without its break.
    line: &'s str,
}

/// The mistakes behind the errors of the parser, in the order of the file.
pub(crate) fn explain(source: &str, errors: &[toml::de::Error]) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<(Range<usize>, &str)> = errors
        .iter()
        .map(|error| (error.span().unwrap_or(0..0), error.message().trim()))
        .collect();
    // Of several errors at one place, a text without an end is the cause.
    found.sort_by_key(|(place, message)| (place.start, !message.contains("string, expected")));
    let mut explained = Vec::new();
    let mut until = 0;
    for (place, message) in found {
        if place.start < until {
            continue;
        }
        let slip = Wrong::new(source, place, message).slip();
        until = slip.until;
        explained.push((slip.place, slip.message));
    }
    explained
}

impl<'s> Wrong<'s> {
    fn new(source: &'s str, place: Range<usize>, message: &'s str) -> Wrong<'s> {
        let at = (0..=place.start.min(source.len()))
            .rev()
            .find(|at| source.is_char_boundary(*at))
            .unwrap_or(0);
        let line_start = source[..at].rfind('\n').map_or(0, |before| before + 1);
        let line = source[line_start..].split('\n').next().unwrap_or_default();
        Wrong {
            source,
            place: at..place.end.clamp(at, source.len()),
            message,
            line_start,
            line: line.trim_end_matches('\r'),
        }
    }

    fn slip(&self) -> Slip {
        let of_line = self
            .foreign_comment()
            .or_else(|| self.invisible())
            .or_else(|| self.json())
            .or_else(|| self.typographic_quotes())
            .or_else(|| self.wrong_sign());
        if let Some(slip) = of_line {
            return slip;
        }
        let is = |words: &str| self.message.contains(words);
        let explained = if is("duplicate key") {
            self.twice()
        } else if is("escaped value") || is("unicode value") {
            self.backslash()
        } else if is("multi-line basic string") || is("multi-line literal string") {
            self.endless_text()
        } else if is("invalid basic string") || is("invalid literal string") {
            self.broken_text()
        } else if is("unclosed table") || is("unclosed array table") {
            self.header()
        } else if is("invalid unquoted key") || is("keys cannot be multi-line") {
            self.key()
        } else if is("key with no value") {
            self.no_value()
        } else if is("comma between") || is("unclosed") || is("assignment between") {
            self.list_or_table()
        } else if is("unexpected `=` in array") {
            self.here("a list in [ ] has values only; write names with their values in braces: { \"1\" = \"a_step\" }")
        } else if is("key for inline table") {
            self.braces()
        } else if is("unexpected key or value") || is("unexpected content") {
            self.more_than_a_value()
        } else if is("must be quoted")
            || is("invalid boolean")
            || is("invalid datetime")
            || is("opening quote")
            || is("missing value")
            || is("invalid value")
        {
            self.no_quotes()
        } else {
            self.others()
        };
        explained.unwrap_or_else(|| {
            self.say(
                self.place.clone(),
                format!("this is not TOML: {}", self.message),
            )
        })
    }

    fn others(&self) -> Option<Slip> {
        let is = |words: &str| self.message.contains(words);
        if is("leading zero") || is("numeric sign") {
            let written = self.source.get(self.line_start..)?.split_once('=')?.1;
            let number = written.lines().next()?.trim();
            return self.here(format!("a number begins with no 0; if this is no number but a code, write it in quotes: \"{number}\""));
        }
        if is("cannot be empty") {
            let message = match self.line.trim_start().starts_with('[') {
                true => "the name in the brackets is missing; write it like [step.hello]",
                false => "there is no key before the =; write one, like say = \"hello\"",
            };
            return self.here(message);
        }
        if is("extra comma") {
            return self.here("there is a comma too many here; remove it");
        }
        if is("carriage return") {
            return self.here("this line ends in a way that TOML does not know (a lone CR); save the file with line ends LF or CRLF");
        }
        if is("cannot extend value") {
            return self.here("this name has a value already, so it can't have keys of its own; give one of the two another name");
        }
        if is("key-value pair") {
            return self.no_value();
        }
        None
    }

    // What a whole line shows.

    fn foreign_comment(&self) -> Option<Slip> {
        let text = self.line.trim_start();
        let sign = ["//", "--", "/*", ";", "<!--", "%"]
            .into_iter()
            .find(|sign| text.starts_with(sign))?;
        self.at_line(format!(
            "`{sign}` begins no comment in TOML; write # before a comment"
        ))
    }

    /// A character that looks like a space, or like nothing, where the error is.
    fn invisible(&self) -> Option<Slip> {
        let from = self.source[..self.place.start]
            .char_indices()
            .next_back()
            .map_or(0, |(at, _)| at);
        let before = from.max(self.line_start);
        let next = self.source[self.place.start..]
            .chars()
            .next()
            .map_or(0, char::len_utf8);
        let end = self.place.end.max(self.place.start + next);
        let around = self
            .source
            .get(before..end.min(self.line_start + self.line.len()).max(before))?;
        let (at, c) = around.char_indices().find(|(_, c)| is_invisible(*c))?;
        // Inside quotes it is part of a text.
        if self.in_quotes(before + at) {
            return None;
        }
        let what = match c {
            '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'
            | '\u{ad}'
            | '\u{202a}'..='\u{202e}' => "a character that can't be seen",
            c if c.is_control() => "a control character",
            _ => "a space that is no plain space",
        };
        let code = u32::from(c);
        let place = before + at..before + at + c.len_utf8();
        Some(self.say(place, format!("there is {what} here (U+{code:04X}), as text copied from a web page or a chat has; delete it and type the spaces again")))
    }

    fn json(&self) -> Option<Slip> {
        let is_json = self.place.start <= 1 && self.source.trim_start().starts_with('{');
        is_json.then(|| Slip {
            until: usize::MAX,
            ..self.say(self.place.clone(), "this looks like JSON; a flow is TOML: key = \"value\" on a line of its own, and [step.hello] before each step")
        })
    }

    /// `“text”`: where a text or a key begins, or where the straight quote that began it should end it.
    fn typographic_quotes(&self) -> Option<Slip> {
        let rest = self
            .source
            .get(self.place.start..self.line_start + self.line.len())?;
        let first = rest.trim_start().chars().next().filter(|c| is_quote(*c));
        let in_key = self
            .message
            .contains("invalid unquoted key")
            .then(|| self.line.chars().find(|c| is_quote(*c) && *c != '\''))
            .flatten();
        let closing = || {
            let ends =
                self.message.contains("basic string") || self.message.contains("literal string");
            let text = self.line.trim_end_matches([' ', ',', ']', '}']);
            ends.then(|| text.chars().next_back().filter(|c| is_quote(*c)))
                .flatten()
        };
        let quote = first.or(in_key).or_else(closing)?;
        let at = match self.line.find(quote) {
            Some(at) => self.line_start + at,
            None => self.place.start,
        };
        let line: String = self
            .line
            .trim()
            .chars()
            .map(|c| if is_quote(c) { '"' } else { c })
            .collect();
        let straight = match line.matches('"').count() % 2 {
            0 => format!(": {line}"),
            _ => String::new(),
        };
        Some(self.say(at..at + quote.len_utf8(), format!("`{quote}` is no quote in TOML (word processors and phones write it); write straight quotes{straight}")))
    }

    /// `key: value`, `key := value`, `key => value`, `key == value`.
    fn wrong_sign(&self) -> Option<Slip> {
        let text = self.line.trim_start();
        if text.starts_with('[') {
            return None;
        }
        let indent = self.line.len() - text.len();
        let key_end = end_of_key(text)?;
        let (key, rest) = text.split_at(key_end);
        let spaces = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let sign = [":=", "=>", "==", "= =", "=:", "->", ":"]
            .into_iter()
            .find(|sign| rest.starts_with(sign))?;
        let value = rest[sign.len()..].trim();
        let at = self.line_start + indent + key_end + spaces;
        let message = match (sign, value) {
            (":", "") => format!(
                "`{key}:` looks like YAML; a flow is TOML: write [{key}] on a line of its own, and key = \"value\" below it"
            ),
            _ => format!(
                "after a key comes =, not {sign}; write {key} = {}",
                shown(&in_quotes(value))
            ),
        };
        Some(self.say(at..at + sign.len(), message))
    }

    // What the errors mean.

    /// A key or a table that is there already.
    fn twice(&self) -> Option<Slip> {
        let text = self.line.trim();
        if text.starts_with('[') {
            return self.table_twice(text);
        }
        let key = self.source.get(self.place.clone())?;
        let name = key.trim_matches(['"', '\'']);
        let first = match self.open_bracket(self.place.start) {
            Some((opening, _)) => self.source[opening..self.place.start]
                .find(key)
                .map(|at| opening + at),
            None => self.key_before(name),
        };
        let line = first.map_or_else(String::new, |at| {
            format!(" (first on line {})", self.line_of(at))
        });
        self.here(format!(
            "`{name}` is here a second time{line}; keep one of them"
        ))
    }

    /// The same key above, in the same table.
    fn key_before(&self, name: &str) -> Option<usize> {
        for at in self.lines_before().into_iter().rev() {
            let line = &self.source[at..];
            if line.starts_with('[') {
                return None;
            }
            if end_of_key(line).is_some_and(|end| line[..end].trim_matches(['"', '\'']) == name) {
                return Some(at);
            }
        }
        None
    }

    /// Where each line above begins with a key or a table, after its indent.
    fn lines_before(&self) -> Vec<usize> {
        let mut lines = Vec::new();
        let mut at = 0;
        for line in self.source[..self.line_start].split_inclusive('\n') {
            let open = scan(self.source, at);
            if open.text.is_none() && open.brackets.is_empty() {
                lines.push(at + line.len() - line.trim_start().len());
            }
            at += line.len();
        }
        lines
    }

    /// `[step.menu]` for the second time. The keys below it are no mistakes of their own.
    fn table_twice(&self, header: &str) -> Option<Slip> {
        let header = header_of(header);
        let path = path_of(header);
        let first = self.lines_before().into_iter().find(|at| {
            let line = self.source[*at..].lines().next().unwrap_or_default();
            line.starts_with('[') && path_of(header_of(line.trim())) == path
        });
        let line = first.map_or_else(String::new, |at| {
            format!(" (first on line {})", self.line_of(at))
        });
        let remedy = match path.first().map(String::as_str) {
            Some("step") if path.len() > 1 => "give this step another name, or move its keys there",
            Some("dialogue") => "each dialogue begins with two brackets: [[dialogue]]",
            _ => "move its keys there",
        };
        let end = self.line_start + self.line.len();
        let rest = &self.source[end..];
        let next_header = rest
            .match_indices("\n[")
            .next()
            .map_or(self.source.len(), |(at, _)| end + at + 1);
        Some(Slip {
            until: next_header,
            ..self.at_line(format!("{header} is here a second time{line}; {remedy}"))?
        })
    }

    /// `"\d+"`: a backslash that begins no code.
    fn backslash(&self) -> Option<Slip> {
        let opening = self.opening_quote(self.place.start)?;
        let quotes = &self.source[opening..];
        let backslash = self.source[..self.place.start]
            .rfind('\\')
            .unwrap_or(self.place.start);
        let place = backslash..self.place.start;
        if quotes.starts_with("\"\"\"") {
            return Some(self.say(place, "a backslash in double quotes begins a code like \\n; write it twice (\\\\), or put the text between three single quotes: '''"));
        }
        let end = end_of_text(quotes)?;
        let text = &quotes[1..end];
        let remedy = match text.contains('\'') {
            false => format!("write the text in single quotes: '{text}'"),
            true => format!("write the text between three single quotes: '''{text}'''"),
        };
        Some(Slip {
            until: opening + end + 1,
            ..self.say(place, format!("a backslash in double quotes begins a code like \\n; {remedy}, or write the backslash twice"))
        })
    }

    /// `"""` without an end: the error is at the end of the file, the text begins before.
    fn endless_text(&self) -> Option<Slip> {
        let quotes = if self.message.contains("literal") {
            "'''"
        } else {
            "\"\"\""
        };
        let opening = self.source[..self.place.start].rfind(quotes)?;
        Some(Slip {
            until: usize::MAX,
            ..self.say(
                opening..opening + 3,
                format!("the text that begins here has no end; write {quotes} after it"),
            )
        })
    }

    /// A text in quotes that does not end on its line.
    fn broken_text(&self) -> Option<Slip> {
        let opening = self.opening_quote(self.place.start.max(self.line_start + 1) - 1)?;
        let quote = &self.source[opening..=opening];
        let line_end = self.line_start + self.line.len();
        if self.place.start < line_end {
            return self.here("a control character can't be in a text; delete it");
        }
        let below = self
            .source
            .get(line_end..)?
            .trim_start_matches(['\r', '\n']);
        let skipped = self.source.len() - below.len();
        let mut end = skipped;
        for line in below.split_inclusive('\n') {
            end += line.len();
            if line.contains(quote) {
                // A line that is complete itself does not end this text.
                if line.matches(quote).count() % 2 == 1 && !starts_key(line) {
                    let message = format!(
                        "this text continues on the next line; write three quotes before it and after it: {0} ... {0}",
                        quote.repeat(3)
                    );
                    return Some(Slip {
                        until: end,
                        ..self.say(opening..opening + 1, message)
                    });
                }
                break;
            }
            if starts_key(line) {
                break;
            }
        }
        let message = format!(
            "the {quote} at the end of this text is missing; a text of several lines has three quotes before it and after it: {0} ... {0}",
            quote.repeat(3)
        );
        Some(Slip {
            until: match self.open_bracket(opening) {
                Some(_) => usize::MAX,
                None => line_end + 1,
            },
            ..self.say(opening..opening + 1, message)
        })
    }

    /// A line like `[step.menu principal]` or `[step.menu`.
    fn header(&self) -> Option<Slip> {
        let header = header_of(self.line.trim());
        let double = header.starts_with("[[");
        let inner = header.trim_start_matches('[').trim_end_matches(']');
        let fixed = match inner.strip_prefix("step ") {
            Some(name) => format!("step.{}", quoted_path(name)),
            None => quoted_path(inner),
        };
        let is_dialogue = inner.trim() == "dialogue";
        let good = match is_dialogue {
            true => "[[dialogue]]".to_owned(),
            false => format!("[{fixed}]"),
        };
        let message = if double && !header.ends_with("]]") {
            format!("the brackets don't match; write {good}")
        } else if !header.ends_with(']') {
            format!("the ] at the end of {header} is missing; write {good}")
        } else {
            format!(
                "a name with other characters than a to z, 0 to 9, - and _ needs quotes; write {good}"
            )
        };
        self.at_line(message)
    }

    /// A key or a name with letters that need quotes.
    fn key(&self) -> Option<Slip> {
        let text = self.line.trim_start();
        if text.starts_with('[')
            && header_of(text.trim()).ends_with(']')
            && self.opening_quote(self.place.start).is_none()
        {
            return self.header();
        }
        let is_end = |c: char| c.is_whitespace() || "=.[]{},\"'".contains(c);
        let before = self.source[..self.place.start]
            .rfind(is_end)
            .map_or(0, |at| {
                at + self.source[at..].chars().next().map_or(1, char::len_utf8)
            });
        let after = self.source[self.place.start..]
            .find(is_end)
            .map_or(self.source.len(), |at| self.place.start + at);
        let text = text.trim_end();
        if text.starts_with(['(', '<']) && text.ends_with([')', '>']) {
            let inner = &text[1..text.len() - 1];
            return self.at_line(format!(
                "the name of a table stands in brackets; write [{}]",
                quoted_path(inner)
            ));
        }
        let name = self.source.get(before..after)?;
        if let Some(plain) = name.strip_suffix(':') {
            return Some(self.say(
                before..after,
                format!("after a key comes =, not :; write {plain} = ..."),
            ));
        }
        if name.is_empty() || name == ";" {
            return self.here("write a comma between two entries");
        }
        Some(self.say(before..after, format!("a key with other characters than a to z, 0 to 9, - and _ needs quotes; write \"{name}\"")))
    }

    /// A line without `=`.
    fn no_value(&self) -> Option<Slip> {
        let text = self.line.trim();
        let key = end_of_key(text).map_or(text, |end| &text[..end]);
        let rest = text.get(key.len()..).unwrap_or_default().trim();
        let message = if rest.is_empty() && key.starts_with("step") {
            format!("the name of a step stands in brackets; write [{key}]")
        } else if rest.is_empty() {
            format!("`{key}` has no value; write it like {key} = \"...\"")
        } else if key.is_empty() {
            "this is no key with a value; write it like say = \"hello\"".to_owned()
        } else {
            format!(
                "the = after `{key}` is missing; write {key} = {}. (A text of several lines stands between three quotes)",
                shown(&in_quotes(rest))
            )
        };
        self.at_line(message)
    }

    /// Entries of a list or of a table in braces.
    fn list_or_table(&self) -> Option<Slip> {
        let next = self.source.get(self.place.start..)?.trim_start();
        let next_at = self.source.len() - next.len();
        let before = self.source[..self.place.start].trim_end();
        let new_line = self.source[before.len()..next_at].contains('\n') || next.is_empty();
        if self.message.contains("unclosed")
            || (new_line && (next.is_empty() || starts_key(next) || next.starts_with('[')))
        {
            let (at, bracket) = self.open_bracket(self.place.start)?;
            if self.message.contains("unclosed") || !closes_below(next) {
                return Some(self.never_closed(at, bracket));
            }
        }
        if next.starts_with(';') {
            return self.here("write a comma between two entries, not ;");
        }
        if self.message.contains("assignment") {
            return match next.starts_with(':')
                || self.source[..self.place.start].trim_end().ends_with(':')
            {
                true => self.here(
                    "between a key and its value comes =, not :, like { \"1\" = \"a_step\" }",
                ),
                false => {
                    self.here("between a key and its value comes =, like { \"1\" = \"a_step\" }")
                }
            };
        }
        self.here("a comma is missing here, between two entries")
    }

    /// All errors after it come from it.
    fn never_closed(&self, at: usize, bracket: char) -> Slip {
        let closing = if bracket == '[' { ']' } else { '}' };
        let message =
            format!("the {bracket} that begins here is never closed; write {closing} at its end");
        Slip {
            until: usize::MAX,
            ..self.say(at..at + 1, message)
        }
    }

    fn braces(&self) -> Option<Slip> {
        let next = self.source.get(self.place.start..)?.trim_start();
        if next.is_empty() || next.starts_with('[') {
            let (at, bracket) = self.open_bracket(self.place.start)?;
            return Some(self.never_closed(at, bracket));
        }
        let value = self.line.split_once('=')?.1.trim();
        match value.starts_with("{{") {
            true => self.here(format!(
                "a text with {{{{ }}}} in it needs quotes; write \"{value}\""
            )),
            false => self
                .here("a name is missing here; entries in braces look like { \"1\" = \"a_step\" }"),
        }
    }

    /// Something after a value or a header, on the same line.
    fn more_than_a_value(&self) -> Option<Slip> {
        let text = self.line.trim();
        if text.starts_with('[') {
            return self.bracketed(text);
        }
        let value_at = self.line.find('=').map(|at| at + 1)?;
        let value = self.line[value_at..].trim();
        let rest = self
            .source
            .get(self.place.start..self.line_start + self.line.len())?
            .trim();
        if rest == ";" || rest == "," {
            return self.here(format!("remove the {rest} at the end of the line"));
        }
        let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'');
        if let Some(next) = rest.trim_start_matches([';', ',']).split('=').next()
            && (rest.contains('=')
                && end_of_key(next.trim()).is_some_and(|end| end == next.trim().len()))
        {
            return self.here(format!(
                "each key needs a line of its own; begin a new line before {}",
                next.trim()
            ));
        }
        if let Some(quote) = quote
            && let Some(end) = value.rfind(quote).filter(|end| *end > 0)
        {
            let inner = value[1..end].trim_matches(quote);
            if !inner.contains(quote) {
                return self.here(format!(
                    "there is something between the quotes and the text, or after it; write {}",
                    in_quotes(inner)
                ));
            }
            return self.here(format!(
                "the text has a {quote} in it, which ends it here; write it in other quotes: {}",
                other_quotes(inner)
            ));
        }
        let number = value.replacen(',', ".", 1);
        if value.contains(',') && number.parse::<f64>().is_ok() {
            return self.here(format!("a number has a point, not a comma; write {number}"));
        }
        if quote.is_none() && !value.starts_with(['[', '{']) {
            return self.here(format!(
                "this text needs quotes; write {}",
                in_quotes(value)
            ));
        }
        self.here("there is more after the value; put it on a line of its own, or remove it")
    }

    /// After `[step.menu]`.
    fn bracketed(&self, text: &str) -> Option<Slip> {
        let header = header_of(text);
        if header.ends_with("]]") && !header.starts_with("[[") {
            return self.at_line(format!(
                "the brackets don't match; write {}",
                &header[..header.len() - 1]
            ));
        }
        self.here("nothing may follow a name in brackets; put this on the next line")
    }

    /// A value without quotes.
    fn no_quotes(&self) -> Option<Slip> {
        let value = self.source.get(self.place.clone())?.trim();
        let value = value.split(" #").next().unwrap_or_default().trim();
        let key = self.line.trim();
        let key = end_of_key(key).map_or("", |end| &key[..end]);
        if value.is_empty() {
            let after = &self.source[self.place.start.min(self.line_start + self.line.len())
                ..self.line_start + self.line.len()];
            let message = match after.trim() {
                "" => format!("`{key}` has no value; write it after the =, like {key} = \"...\""),
                _ => "a value is missing here".to_owned(),
            };
            return self.here(message);
        }
        let word = value.to_lowercase();
        if word == "true" || word == "false" {
            return self.here(format!("write {word} in small letters"));
        }
        // In a list or in braces, the rest of the line is not part of the value.
        let value = match self.open_bracket(self.place.start) {
            Some(_) => value
                .split([',', ']', '}'])
                .next()
                .unwrap_or_default()
                .trim(),
            None => value,
        };
        self.here(format!("a text needs quotes; write {}", in_quotes(value)))
    }

    // Places.

    fn say(&self, place: Range<usize>, message: impl Into<String>) -> Slip {
        Slip {
            until: self.line_start + self.line.len() + 1,
            place,
            message: message.into(),
        }
    }

    fn here(&self, message: impl Into<String>) -> Option<Slip> {
        Some(self.say(self.place.clone(), message))
    }

    /// At the first character of the line.
    fn at_line(&self, message: impl Into<String>) -> Option<Slip> {
        let indent = self.line.len() - self.line.trim_start().len();
        let start = self.line_start + indent;
        Some(self.say(start..self.line_start + self.line.len(), message))
    }

    fn line_of(&self, at: usize) -> usize {
        self.source[..at].matches('\n').count() + 1
    }

    /// The quote that opens the text around `at`.
    fn opening_quote(&self, at: usize) -> Option<usize> {
        scan(self.source, at).text
    }

    fn in_quotes(&self, at: usize) -> bool {
        scan(self.source, at).text.is_some()
    }

    /// The last bracket that is open at `at`.
    fn open_bracket(&self, at: usize) -> Option<(usize, char)> {
        scan(self.source, at).brackets.pop()
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    /// The lines and messages of all mistakes in a file.
    fn found(source: &str) -> Vec<(usize, String)> {
        let (_, errors) = DeTable::parse_recoverable(source);
        let line = |place: &Range<usize>| source[..place.start].matches('\n').count() + 1;
        explain(source, &errors)
            .into_iter()
            .map(|(place, message)| (line(&place), message))
            .collect()
    }

    #[test]
    fn each_slip_is_one_mistake_with_its_line_and_its_remedy() {
        let mut wrong = String::new();
        for (source, line, has) in [
            // Backslashes.
            (
                "pattern = \"\\d+\"\nx = 1",
                1,
                "write the text in single quotes: '\\d+'",
            ),
            (
                "pattern = \"\\d{3}\\.\\d{3}\"",
                1,
                "single quotes: '\\d{3}\\.\\d{3}'",
            ),
            ("pattern = \"it's \\d\"", 1, "'''it's \\d'''"),
            ("say = \"C:\\Users\"", 1, "'C:\\Users'"),
            ("say = \"\"\"\na \\d\"\"\"", 2, "write it twice"),
            // Twice.
            (
                "[step.a]\nask = 'x'\n[step.b]\nask = 'x'\n[step.a]\nask = 'y'\nnext = 'b'",
                5,
                "[step.a] is here a second time (first on line 1); give this step another name",
            ),
            (
                "[step.\"a\"]\nask = 'x'\n\n[step.a] # again\nsay = 'y'",
                4,
                "[step.a] is here a second time (first on line 1)",
            ),
            (
                "[texts]\na = 1\n[texts]\na = 2",
                3,
                "[texts] is here a second time (first on line 1); move its keys there",
            ),
            (
                "[step.a]\nask = 'x'\nsay = 'z'\nask = 'y'",
                4,
                "`ask` is here a second time (first on line 2)",
            ),
            (
                "[step.b]\nask = 'x'\n[step.a]\nask = 'x'\nask = 'y'",
                5,
                "(first on line 4)",
            ),
            (
                "options = { \"1\" = \"a\", \"1\" = \"b\" }",
                1,
                "`1` is here a second time (first on line 1)",
            ),
            (
                "[dialogue]\nname = 'a'\n[dialogue]\nname = 'b'",
                3,
                "[[dialogue]]",
            ),
            // Names.
            ("[step.recepção]\nask = 'x'", 1, "write [step.\"recepção\"]"),
            (
                "[step.menu principal]\nask = 'x'",
                1,
                "write [step.\"menu principal\"]",
            ),
            ("[step.it's]\nask = 'x'", 1, "write [step.\"it's\"]"),
            ("[step.1º] # first\nask = 'x'", 1, "write [step.\"1º\"]"),
            ("opções = { 1 = 'a' }", 1, "write \"opções\""),
            ("options = { não = 'a' }", 1, "write \"não\""),
            (
                "[step.a\nask = 'x'",
                1,
                "the ] at the end of [step.a is missing; write [step.a]",
            ),
            (
                "[step.a]]\nask = 'x'",
                1,
                "the brackets don't match; write [step.a]",
            ),
            (
                "[[step.a]\nask = 'x'",
                1,
                "the brackets don't match; write [step.a]",
            ),
            ("[[dialogue]\nname = 'x'", 1, "write [[dialogue]]"),
            ("[step.a] ask = 'x'", 1, "put this on the next line"),
            ("[]\nx = 1", 1, "the name in the brackets is missing"),
            ("[step.]\nx = 1", 1, "the name in the brackets is missing"),
            // Texts.
            (
                "say = \"one\ntwo\"\nnext = 'x'",
                1,
                "three quotes before it and after it: \"\"\" ... \"\"\"",
            ),
            (
                "say = \"one\n\ntwo\nthree\"\nnext = 'x'",
                1,
                "continues on the next line",
            ),
            ("say = 'one\ntwo'\n", 1, "''' ... '''"),
            (
                "say = \"oi\nnext = \"b\"\n",
                1,
                "the \" at the end of this text is missing",
            ),
            (
                "x = 1\nsay = \"oi\n",
                2,
                "the \" at the end of this text is missing",
            ),
            (
                "say = \"\"\"abc\nx = 1\n",
                1,
                "has no end; write \"\"\" after it",
            ),
            ("say = '''abc\nx = 1\n", 1, "has no end; write ''' after it"),
            ("say = 'it's'", 1, "other quotes: \"it's\""),
            (
                "say = \"a \"quoted\" word\"",
                1,
                "other quotes: 'a \"quoted\" word'",
            ),
            ("say = \"\"oi\"\"", 1, "write \"oi\""),
            ("say = oi", 1, "a text needs quotes; write \"oi\""),
            (
                "say = oi tudo bem # hello",
                1,
                "a text needs quotes; write \"oi tudo bem\"",
            ),
            ("burst = 5m", 1, "a text needs quotes; write \"5m\""),
            (
                "seg = 09:00-18:00",
                1,
                "a text needs quotes; write \"09:00-18:00\"",
            ),
            ("say = {{ name }}", 1, "needs quotes; write \"{{ name }}\""),
            (
                "leave = [sair, fim]",
                1,
                "a text needs quotes; write \"sair\"",
            ),
            (
                "options = { 1 = menu }",
                1,
                "a text needs quotes; write \"menu\"",
            ),
            // Typographic quotes and what can't be seen.
            ("say = “oi”", 1, "write straight quotes: say = \"oi\""),
            ("say = ‘oi’", 1, "write straight quotes: say = \"oi\""),
            ("say = «oi»", 1, "straight quotes"),
            ("say = `oi`", 1, "straight quotes"),
            ("say = \"oi”\nnext = \"b\"", 1, "`”` is no quote"),
            (
                "options = { “1” = \"a\" }",
                1,
                "straight quotes: options = { \"1\" = \"a\" }",
            ),
            ("say = \u{a0}'x'", 1, "U+00A0"),
            ("say\u{a0}= 'x'", 1, "U+00A0"),
            ("\u{200b}say = 'x'", 1, "U+200B"),
            // Signs.
            (
                "say: \"oi\"",
                1,
                "after a key comes =, not :; write say = \"oi\"",
            ),
            ("say: oi", 1, "write say = \"oi\""),
            ("step.a:\n  ask = 'x'", 1, "looks like YAML"),
            ("say := 'x'", 1, "comes =, not :=; write say = 'x'"),
            ("say => 'x'", 1, "comes =, not =>"),
            ("say == 'x'", 1, "comes =, not =="),
            (
                "say \"oi\"",
                1,
                "the = after `say` is missing; write say = \"oi\"",
            ),
            (
                "say oi",
                1,
                "the = after `say` is missing; write say = \"oi\"",
            ),
            ("say", 1, "`say` has no value"),
            (
                "say =\nnext = 'x'",
                1,
                "`say` has no value; write it after the =",
            ),
            ("= 'x'", 1, "there is no key before the ="),
            ("// comment\nx = 1", 1, "write # before a comment"),
            ("x = 1\n-- comment", 2, "write # before a comment"),
            ("{ \"step\": 1 }", 1, "looks like JSON"),
            ("say = 'x' next = 'b'", 1, "begin a new line before next"),
            ("say = 'x'; next = 'b'", 1, "begin a new line before next"),
            ("say = 'x';", 1, "remove the ;"),
            // Lists and tables.
            (
                "options = { \"1\" = \"a\" \"2\" = \"b\" }",
                1,
                "a comma is missing",
            ),
            ("options = { \"1\" \"a\" }", 1, "comes =, like {"),
            ("options = { 1: 'a' }", 1, "comes =, not :"),
            ("options = { \"1\": 'a', \"2\": 'b' }", 1, "comes =, not :"),
            (
                "options = { 1 = 'a'; 2 = 'b' }",
                1,
                "a comma between two entries, not ;",
            ),
            (
                "options = { \"1\" = \"a\", \"2\" = \"b\"\nnext = 'x'",
                1,
                "the { that begins here is never closed; write }",
            ),
            (
                "options = { \"1\" = \"a\"",
                1,
                "the { that begins here is never closed",
            ),
            ("leave = [\"a\" \"b\"]", 1, "a comma is missing"),
            (
                "leave = [\"a\", \"b\"\nx = 1\ny = 2\n[step.a]\nask = 'x'",
                1,
                "the [ that begins here is never closed; write ]",
            ),
            ("options = [ \"1\" = \"a\" ]", 1, "in braces"),
            (
                "options = {\n  \"1\" = \"b\"\n  \"2\" = \"c\"\n}",
                3,
                "a comma is missing",
            ),
            (
                "options = { \"1\" = \"b\"\n  \"2\" = \"c\" }",
                2,
                "a comma is missing",
            ),
            (
                "options = { \"1\" = \"b\",\nend = \"x\"\n[step.b]\nsay = \"x\"",
                1,
                "the { that begins here is never closed",
            ),
            (
                "say = [\"oi\", \"tudo bem]\nend = \"x\"",
                1,
                "the \" at the end of this text is missing",
            ),
            ("[step a]\nask = 'x'", 1, "write [step.a]"),
            ("step.a\nask = 'x'", 1, "write [step.a]"),
            ("(step.a)\nask = 'x'", 1, "write [step.a]"),
            // Numbers.
            ("min = 1,5", 1, "write 1.5"),
            ("min = 01", 1, "begins with no 0"),
            ("x = True", 1, "write true in small letters"),
        ] {
            let all = found(source);
            let good = matches!(&all[..], [(at, message)] if *at == line && message.contains(has));
            if !good {
                wrong.push_str(&format!("{source:?}: line {line}, {has}\n    {all:?}\n"));
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }

    #[test]
    fn slips_on_several_lines_are_all_told() {
        let all = found(
            "name = flow\nlocale = en\n[step.a]\nask = \"\\d\"\nask = 'y'\n[step.ação]\nsay: oi\n",
        );
        let lines: Vec<usize> = all.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 4, 5, 6, 7], "{all:#?}");
    }

    #[test]
    fn what_beginners_also_write_is_valid() {
        for good in [
            "options = {\n \"1\" = \"a\", # one\n \"2\" = \"b\",\n}",
            "\tsay = 'x'\r\n[step.a]\r\n\task = 'x'\r\n",
            "say = \"“oi” it's\"",
        ] {
            assert_eq!(found(good), [], "{good:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_file_is_explained_without_a_panic(source in "[ -~\n\"'\\[\\]{}=#.:,“ção\u{a0}]{0,80}") {
            for (place, message) in {
                let (_, errors) = DeTable::parse_recoverable(&source);
                explain(&source, &errors)
            } {
                proptest::prop_assert!(source.get(place).is_some() && !message.is_empty());
            }
        }
    }
}
