//! Looks at TOML text that the parser refuses: where its texts, keys and brackets begin and end, and how a name or a value is
//! written in quotes.

use toml::de::{DeTable, DeValue};

/// What is open at some place of the file.
#[derive(Default)]
pub(super) struct Unclosed {
    /// The quote that begins the text around it.
    pub(super) text: Option<usize>,
    /// Brackets of lists and tables in braces.
    pub(super) brackets: Vec<(usize, char)>,
}

/// Reads the file up to `end` as TOML does: texts, comments, brackets.
pub(super) fn scan(source: &str, end: usize) -> Unclosed {
    let bytes = source.as_bytes();
    let end = end.min(bytes.len());
    let mut open = Unclosed::default();
    let mut at = 0;
    let mut after_equals = false;
    while at < end {
        match bytes[at] {
            b'#' => {
                at = source[at..]
                    .find('\n')
                    .map_or(bytes.len(), |line| at + line);
                continue;
            }
            quote @ (b'"' | b'\'') => {
                let length = text_length(&source[at..]);
                match length {
                    Some(length) if at + length <= end => at += length,
                    // It ends after `end`, or never: then it ends with its line.
                    _ if length.is_some()
                        || !bytes[at..end].contains(&b'\n')
                        || source[at..]
                            .starts_with(&[char::from(quote); 3].iter().collect::<String>()) =>
                    {
                        open.text = Some(at);
                        return open;
                    }
                    _ => {
                        at = source[at..]
                            .find('\n')
                            .map_or(bytes.len(), |line| at + line)
                    }
                }
                continue;
            }
            b'\n' if open.brackets.is_empty() => after_equals = false,
            b'=' => after_equals = true,
            bracket @ (b'[' | b'{') if after_equals => {
                open.brackets.push((at, char::from(bracket)))
            }
            b']' | b'}' => drop(open.brackets.pop()),
            _ => {}
        }
        at += 1;
    }
    open
}

/// Whether some line closes a bracket that is open now, before the next table begins.
pub(super) fn closes_below(rest: &str) -> bool {
    let count =
        |line: &str, brackets: [char; 2]| line.chars().filter(|c| brackets.contains(c)).count();
    rest.lines()
        .take_while(|line| !header_of(line.trim()).starts_with('['))
        .any(|line| count(line, ['}', ']']) > count(line, ['{', '[']))
}

/// How long the text is that begins here, with its quotes; `None` if it does not end.
fn text_length(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let long: String = [quote; 3].iter().collect();
    if text.starts_with(&long) {
        let mut from = 3;
        loop {
            let end = from + text[from..].find(&long)?;
            if quote == '"'
                && text[..end]
                    .bytes()
                    .rev()
                    .take_while(|b| *b == b'\\')
                    .count()
                    % 2
                    == 1
            {
                from = end + 1;
                continue;
            }
            return Some(end + 3);
        }
    }
    end_of_text(text).map(|end| end + 1)
}

/// Where the quote is that ends the text which begins here, on the same line.
pub(super) fn end_of_text(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// Where the key ends with which this text begins.
pub(super) fn end_of_key(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let end = match first {
        '"' | '\'' => end_of_text(text)? + 1,
        _ => text
            .find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)))
            .unwrap_or(text.len()),
    };
    (end > 0).then_some(end)
}

/// Whether a line begins with `key =` or `[table]`.
pub(super) fn starts_key(line: &str) -> bool {
    let line = line.trim_start();
    let header = header_of(line.lines().next().unwrap_or_default().trim());
    if header.starts_with('[') && header.ends_with(']') && !header.contains(['"', ',']) {
        return true;
    }
    end_of_key(line).is_some_and(|end| line[end..].trim_start().starts_with('='))
}

/// A header without a comment after it.
pub(super) fn header_of(line: &str) -> &str {
    match line.rfind(']') {
        Some(end) if line[end..].contains('#') => line[..=end].trim(),
        _ => line.split(" #").next().unwrap_or(line).trim(),
    }
}

/// A dotted name with quotes where they are needed.
pub(super) fn quoted_path(inner: &str) -> String {
    let parts = inner.split('.').map(|part| {
        let part = part.trim();
        let bare = part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let quoted = part.len() > 1 && part.starts_with(['"', '\'']) && part.ends_with(['"', '\'']);
        match (bare && !part.is_empty()) || quoted {
            true => part.to_owned(),
            false => format!("\"{}\"", part.replace(['"', '“', '”'], "")),
        }
    });
    parts.collect::<Vec<_>>().join(".")
}

/// The text in quotes, unless it is a value already.
pub(super) fn in_quotes(text: &str) -> String {
    let is_value = text.starts_with(['"', '\'', '[', '{']) || text.parse::<f64>().is_ok();
    match is_value {
        true => text.to_owned(),
        false if !text.contains(['"', '\\']) => format!("\"{text}\""),
        false => other_quotes(text),
    }
}

/// In quotes that the text does not contain.
pub(super) fn other_quotes(text: &str) -> String {
    match (text.contains('\''), text.contains('"')) {
        (false, _) => format!("'{text}'"),
        (true, false) => format!("\"{text}\""),
        (true, true) => format!("\"\"\"{text}\"\"\""),
    }
}

/// At most this much of a value is shown.
const SHOWN_MAX: usize = 60;

pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}...", &value[..end]),
        None => value.to_owned(),
    }
}

pub(super) fn is_quote(c: char) -> bool {
    matches!(
        c,
        '“' | '”'
            | '„'
            | '‟'
            | '«'
            | '»'
            | '‘'
            | '’'
            | '‚'
            | '‛'
            | '`'
            | '´'
            | '″'
            | '′'
            | '＂'
    )
}

pub(super) fn is_invisible(c: char) -> bool {
    (c.is_whitespace() && !c.is_ascii())
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
        || (c.is_control() && !c.is_ascii_whitespace())
}

/// The names in a header.
pub(super) fn path_of(header: &str) -> Vec<String> {
    let mut path = Vec::new();
    let (mut table, _) = DeTable::parse_recoverable(header);
    while let Some((key, value)) = table.get_mut().iter_mut().next() {
        path.push(key.get_ref().to_string());
        let inner = match value.get_mut() {
            DeValue::Table(inner) => std::mem::take(inner),
            DeValue::Array(items) => match items.iter_mut().next().map(|item| item.get_mut()) {
                Some(DeValue::Table(inner)) => std::mem::take(inner),
                _ => break,
            },
            _ => break,
        };
        *table.get_mut() = inner;
    }
    path
}
