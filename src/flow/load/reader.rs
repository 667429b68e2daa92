//! Reads typed values from a TOML file, and collects every mistake with its place.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::flow::load::toml_mistakes::explain;
use crate::flow::words::fold::closest;
use crate::time_span;

/// The longest time that a file may set: a year. A longer one is surely a slip.
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// A mistake in a flow file, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mistake {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// Says what is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Mistake {}

/// A range of bytes in the file.
pub(crate) type Place = Range<usize>;

/// Takes values out of a parsed file and collects their mistakes.
pub(crate) struct Reader<'s> {
    source: &'s str,
    mistakes: Vec<Mistake>,
}

/// A table of the file, with its name for messages (`[step.menu]`).
pub(crate) struct Section<'t> {
    pub(crate) name: String,
    pub(crate) place: Place,
    table: &'t DeTable<'t>,
}

/// A text of the file.
#[derive(Clone)]
pub(crate) struct Written<'t> {
    pub(crate) text: &'t str,
    pub(crate) place: Place,
}

/// A text or a table of the file.
pub(crate) enum Item<'t> {
    Text(Written<'t>),
    Table(Section<'t>),
}

impl<'s> Reader<'s> {
    /// Reads a file as TOML.
    ///
    /// # Errors
    /// If it is not TOML: one mistake for each wrong line.
    pub(crate) fn open(
        source: &'s str,
    ) -> Result<(Reader<'s>, Spanned<DeTable<'s>>), Vec<Mistake>> {
        // Editors on Windows put a byte order mark before the first line, which TOML does not allow.
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let mut reader = Reader::new(source);
        let (table, errors) = DeTable::parse_recoverable(source);
        if errors.is_empty() {
            return Ok((reader, table));
        }
        for (place, message) in explain(source, &errors) {
            reader.note(&place, message);
        }
        Err(reader.finish())
    }

    pub(crate) fn new(source: &'s str) -> Reader<'s> {
        Reader {
            source,
            mistakes: Vec::new(),
        }
    }

    /// Notes a mistake.
    pub(crate) fn note(&mut self, place: &Place, message: impl Into<String>) {
        let (line, column) = self.position(place);
        self.mistakes.push(Mistake {
            line,
            column,
            message: message.into(),
        });
    }

    /// Line and column of a place, counted from 1.
    pub(crate) fn position(&self, place: &Place) -> (usize, usize) {
        let before = self.source.get(..place.start).unwrap_or(self.source);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    /// Notes a mistake inside a text, `line` lines below its first line.
    pub(crate) fn note_in(&mut self, text: &Written<'_>, line: usize, message: impl Into<String>) {
        let raw = &self.source[text.place.clone()];
        let is_long = raw.starts_with("\"\"\"") || raw.starts_with("'''");
        // A line break right after the quotes is not part of the text. A text on one line writes its line
        // breaks as \n, so every mistake is on that line.
        let opening = usize::from(is_long && raw[3..].trim_start_matches('\r').starts_with('\n'));
        let offset = match line + opening {
            line if line > 0 && is_long => raw
                .match_indices('\n')
                .nth(line - 1)
                .map_or(0, |(at, _)| at + 1),
            _ => 0,
        };
        self.note(&(text.place.start + offset..text.place.end), message);
    }

    /// All mistakes, in the order of their lines.
    pub(crate) fn finish(mut self) -> Vec<Mistake> {
        self.mistakes.sort();
        self.mistakes.dedup();
        self.mistakes
    }

    /// Notes every key of a section that is not in `known`.
    pub(crate) fn only(&mut self, section: &Section<'_>, known: &[&str]) {
        for key in section.table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let hint = match closest(name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            let message = format!("unknown key `{name}` in {}; {hint}", section.name);
            self.note(&key.span(), message);
        }
    }

    /// A table inside a section.
    pub(crate) fn section<'t>(&mut self, of: &Section<'t>, key: &str) -> Option<Section<'t>> {
        let (name, value) = of.table.get_key_value(key)?;
        let path = of.path_to(key);
        match value.get_ref() {
            DeValue::Table(table) => Some(Section {
                name: path,
                place: name.span(),
                table,
            }),
            DeValue::Array(_) if self.is_in_header(&name.span()) => {
                let message =
                    format!("`{key}` must be one table; write one bracket on each side: {path}");
                self.note(&name.span(), message);
                None
            }
            _ => {
                self.note(&value.span(), format!("`{key}` must be a table: {path}"));
                None
            }
        }
    }

    /// Whether a key is written in brackets, like `[[step.a]]`.
    fn is_in_header(&self, key: &Place) -> bool {
        let before = self.source.get(..key.start).unwrap_or_default();
        before.trim_end().ends_with(['[', '.'])
    }

    /// A list of tables. In messages, `name` makes the name of each from its number, counted from 1.
    pub(crate) fn sections<'t>(
        &mut self,
        of: &Section<'t>,
        key: &str,
        like: &str,
        name: impl Fn(usize) -> String,
    ) -> Option<Vec<Section<'t>>> {
        let value = of.table.get(key)?;
        let message = format!(
            "`{key}` in {} must be a list of tables, like {like}",
            of.name
        );
        let DeValue::Array(items) = value.get_ref() else {
            self.note(&value.span(), message);
            return None;
        };
        let mut sections = Vec::new();
        for (number, item) in (1..).zip(items.iter()) {
            match item.get_ref() {
                DeValue::Table(table) => sections.push(Section {
                    name: name(number),
                    place: item.span(),
                    table,
                }),
                _ => self.note(&item.span(), message.clone()),
            }
        }
        // A list of other values must not look like an empty list.
        (items.is_empty() || !sections.is_empty()).then_some(sections)
    }

    /// A text.
    pub(crate) fn text<'t>(&mut self, of: &Section<'t>, key: &str) -> Option<Written<'t>> {
        self.written(of, key, of.table.get(key)?, "a text in quotes")
    }

    /// A text, or a list of texts.
    pub(crate) fn texts<'t>(&mut self, of: &Section<'t>, key: &str) -> Option<Vec<Written<'t>>> {
        let value = of.table.get(key)?;
        let wanted = "a text in quotes, or a list of them";
        match value.get_ref() {
            DeValue::Array(items) => Some(
                items
                    .iter()
                    .filter_map(|item| self.written(of, key, item, wanted))
                    .collect(),
            ),
            _ => self.written(of, key, value, wanted).map(|text| vec![text]),
        }
    }

    /// A text or a table, or a list of them.
    pub(crate) fn items<'t>(&mut self, of: &Section<'t>, key: &str) -> Option<Vec<Item<'t>>> {
        let value = of.table.get(key)?;
        let wanted = "a text in quotes, a table like { image = \"menu.jpg\" }, or a list of them";
        let mut item = |value: &'t Spanned<DeValue<'t>>| match value.get_ref() {
            DeValue::Table(table) => Some(Item::Table(Section {
                name: of.path_to(key),
                place: value.span(),
                table,
            })),
            _ => self.written(of, key, value, wanted).map(Item::Text),
        };
        match value.get_ref() {
            DeValue::Array(items) => Some(items.iter().filter_map(item).collect()),
            _ => item(value).map(|item| vec![item]),
        }
    }

    /// A text or a table.
    pub(crate) fn text_or_table<'t>(
        &mut self,
        of: &Section<'t>,
        key: &str,
        wanted: &str,
    ) -> Option<Item<'t>> {
        let (name, value) = of.table.get_key_value(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Item::Table(Section {
                name: of.path_to(key),
                place: name.span(),
                table,
            })),
            _ => self.written(of, key, value, wanted).map(Item::Text),
        }
    }

    /// A whole number.
    pub(crate) fn count(&mut self, of: &Section<'_>, key: &str) -> Option<(u32, Place)> {
        let value = of.table.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            let message = format!("`{key}` in {} must be a whole number like 3", of.name);
            self.note(&value.span(), message);
        }
        number.map(|number| (number, value.span()))
    }

    /// A number, with or without a fraction.
    pub(crate) fn number(&mut self, of: &Section<'_>, key: &str) -> Option<f64> {
        let value = of.table.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                // Exact up to 2^53, which is enough for a bound.
                .map(|number| number as f64),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        if number.is_none() {
            let message = format!("`{key}` in {} must be a number like 3 or 2.5", of.name);
            self.note(&value.span(), message);
        }
        number
    }

    /// A length of time with its unit.
    pub(crate) fn duration(&mut self, of: &Section<'_>, key: &str) -> Option<(Duration, Place)> {
        let value = of.table.get(key)?;
        if let DeValue::Integer(number) = value.get_ref() {
            let message = format!(
                "`{key}` in {} needs a unit: write \"{number}s\" for seconds or \"{number}m\" for minutes",
                of.name,
            );
            self.note(&value.span(), message);
            return None;
        }
        let written = self.written(of, key, value, "a time like \"90s\", \"5m\" or \"24h\"")?;
        match time_span::parse(written.text) {
            Some(time) if time <= DURATION_MAX => Some((time, written.place)),
            Some(_) => {
                self.note(
                    &written.place,
                    format!(
                        "`{key}` in {} is more than a year; write a shorter time",
                        of.name
                    ),
                );
                None
            }
            None => {
                let message = format!(
                    "`{key}` in {} is not a time: write a number and a unit (ms, s, m, h, d, w), like \"90s\", \"5m\" or \"24h\"",
                    of.name,
                );
                self.note(&written.place, message);
                None
            }
        }
    }

    fn written<'t>(
        &mut self,
        of: &Section<'t>,
        key: &str,
        value: &'t Spanned<DeValue<'t>>,
        wanted: &str,
    ) -> Option<Written<'t>> {
        match value.get_ref() {
            DeValue::String(text) => Some(Written {
                text,
                place: value.span(),
            }),
            other => {
                let raw = self.source.get(value.span()).unwrap_or_default();
                let is_list = matches!(other, DeValue::Array(_) | DeValue::Table(_));
                let remedy = match is_list || raw.contains(['"', '\'', '\n']) {
                    true => String::new(),
                    false => format!("; write \"{raw}\""),
                };
                let message = format!(
                    "`{key}` in {} must be {wanted}, not {}{remedy}",
                    of.name,
                    article(other.type_str()),
                );
                self.note(&value.span(), message);
                None
            }
        }
    }
}

impl<'t> Section<'t> {
    /// The whole file.
    pub(crate) fn root(table: &'t DeTable<'t>) -> Section<'t> {
        Section {
            name: "the file".to_owned(),
            place: 0..0,
            table,
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The place of a key, or of the section if it has no such key.
    pub(crate) fn place_of(&self, key: &str) -> Place {
        match self.table.get_key_value(key) {
            Some((key, _)) => key.span(),
            None => self.place.clone(),
        }
    }

    /// The keys, in the order of the file.
    pub(crate) fn keys(&self) -> Vec<Written<'t>> {
        let mut keys: Vec<Written<'t>> = self
            .table
            .keys()
            .map(|key| Written {
                text: key.get_ref(),
                place: key.span(),
            })
            .collect();
        keys.sort_by_key(|key| key.place.start);
        keys
    }

    pub(crate) fn path_to(&self, key: &str) -> String {
        match self
            .name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
        {
            Some(outer) => format!("[{outer}.{key}]"),
            None => format!("[{key}]"),
        }
    }
}

fn article(kind: &str) -> String {
    match kind.as_bytes().first() {
        Some(b'a' | b'i') => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_has_its_line_and_column() {
        let source = "é = 1\nção = \"\"\"\nfirst\nsecond\"\"\"";
        let mut reader = Reader::new(source);
        let start = source.find("\"\"\"").unwrap();
        let text = Written {
            text: "first\nsecond",
            place: start..source.len(),
        };
        reader.note(&text.place, "a");
        reader.note_in(&text, 1, "b");
        reader.note_in(&text, 0, "c");
        reader.note(&(5_000..5_001), "d");
        let found: Vec<(usize, usize, String)> = reader
            .finish()
            .into_iter()
            .map(|mistake| (mistake.line, mistake.column, mistake.message))
            .collect();
        let expected = [(2, 7, "a"), (3, 1, "c"), (4, 1, "b"), (4, 10, "d")];
        assert_eq!(
            found,
            expected.map(|(line, column, m)| (line, column, m.to_owned()))
        );
    }
}
