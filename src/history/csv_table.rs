//! Messages, conversations, daily sums, ratings and reports as CSV (RFC 4180), for spreadsheets.
//!
//! A customer decides what stands in a cell. A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, so
//! such a cell gets an apostrophe in front (OWASP, "CSV Injection"). Control characters are escaped, because spreadsheets refuse
//! them. All other characters stay as they are, unless the table goes to a terminal: there it shows what a person could not see.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::daily::{DailySum, in_words};
use super::message::{Conversation, StoredMessage};
use super::print::{ack_name, shown};
use super::ratings::StoredRating;
use super::report::ReportRow;
use crate::clock::Millis;
use crate::terminal::{is_unsafe, time};

/// Something that a row can be made of.
pub trait CsvRow {
    /// The names of the columns.
    const COLUMNS: &'static [&'static str];

    /// The cells of one row, times in `zone`.
    fn cells(&self, zone: &TimeZone) -> Vec<String>;
}

/// A CSV table on `out`. The first line names the columns.
pub struct CsvTable<W: Write> {
    writer: csv::Writer<W>,
    zone: TimeZone,
    reader: CsvReader,
}

/// Who reads the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvReader {
    /// A program: the table is complete.
    Program,
    /// A person at a terminal: nothing in it can hide, or control the terminal.
    Person,
}

impl<W: Write> CsvTable<W> {
    /// Writes the names of the columns of `T`.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn new<T: CsvRow>(out: W, zone: TimeZone, reader: CsvReader) -> io::Result<Self> {
        let mut table = Self::continued(out, zone, reader);
        table.writer.write_record(T::COLUMNS)?;
        Ok(table)
    }

    /// Continues a table that was begun before: it writes no names of columns.
    pub fn continued(out: W, zone: TimeZone, reader: CsvReader) -> Self {
        let writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        Self {
            writer,
            zone,
            reader,
        }
    }

    /// Writes one row.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write(&mut self, row: &impl CsvRow) -> io::Result<()> {
        let cells = row.cells(&self.zone);
        self.writer.write_record(
            cells
                .iter()
                .map(|cell| safe(cell, self.reader).into_owned()),
        )?;
        Ok(())
    }

    /// Writes what is still in the buffer, and gives `out` back.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn finish(self) -> io::Result<W> {
        self.writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)
    }

    /// Writes what is still in the buffer.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// The cell as text that neither a spreadsheet nor a terminal takes for a command.
fn safe(cell: &str, reader: CsvReader) -> Cow<'_, str> {
    let is_formula = |c: char| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r'
        )
    };
    // A spreadsheet may ignore spaces before the formula.
    let begins_formula = cell.starts_with(is_formula) || cell.trim_start().starts_with(is_formula);
    let is_escaped = |c: char| match reader {
        CsvReader::Program => c.is_control(),
        CsvReader::Person => is_unsafe(c),
    };
    let is_control = |c: char| is_escaped(c) && !matches!(c, '\n' | '\t');
    if !begins_formula && !cell.contains(is_control) {
        return Cow::Borrowed(cell);
    }
    let mut safe = String::from(if begins_formula { "'" } else { "" });
    for c in cell.replace("\r\n", "\n").chars() {
        if is_control(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

impl CsvRow for StoredMessage {
    const COLUMNS: &'static [&'static str] = &[
        "time",
        "session",
        "chat",
        "name",
        "direction",
        "author",
        "kind",
        "text",
        "media",
        "location",
        "state",
        "error",
        "edited",
        "withdrawn",
        "conversation",
        "message_id",
        "by",
    ];

    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let field = |object: &Option<Value>, key: &str| {
            let value = object.as_ref().and_then(|object| object.get(key));
            value.and_then(shown).unwrap_or_default()
        };
        let place = ["latitude", "longitude"].map(|key| field(&self.location, key));
        let state = match self.failed {
            true => "failed",
            false => self
                .ack
                .and_then(ack_name)
                .or(self.state.as_deref())
                .unwrap_or_default(),
        };
        vec![
            time(self.at, zone),
            self.session.to_string(),
            self.chat.to_string(),
            self.name.clone().unwrap_or_default(),
            self.direction.clone(),
            self.author.clone(),
            self.kind.clone(),
            self.text.clone(),
            field(&self.media, "url"),
            place.join(",").trim_matches(',').to_owned(),
            if self.direction == "outbound" {
                state.to_owned()
            } else {
                String::new()
            },
            self.error.clone().unwrap_or_default(),
            optional_time(self.edits.last().map(|edit| edit.at), zone),
            optional_time(self.revoked_at, zone),
            self.conversation
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            self.message_id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            self.by.clone().unwrap_or_default(),
        ]
    }
}

impl CsvRow for Conversation {
    const COLUMNS: &'static [&'static str] = &[
        "opened",
        "session",
        "chat",
        "ticket",
        "status",
        "outcome",
        "claimed",
        "closed",
        "waited_seconds",
        "handled_seconds",
        "requeued",
        "variables",
        "conversation",
        "team",
        "priority",
        "holder",
        "handed_off",
        "taken",
        "waited_for_person_seconds",
        "rating",
        "rated",
        "closed_by",
    ];

    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        vec![
            optional_time(self.opened_at, zone),
            self.session.to_string(),
            self.chat.to_string(),
            self.ticket
                .map(|ticket| ticket.to_string())
                .unwrap_or_default(),
            self.status.name().to_owned(),
            self.outcome.clone().unwrap_or_default(),
            optional_time(self.claimed_at, zone),
            optional_time(self.closed_at, zone),
            seconds(self.waiting),
            seconds(self.handling),
            self.requeued.to_string(),
            self.variables
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            self.id.to_string(),
            self.team.clone().unwrap_or_default(),
            self.priority.clone().unwrap_or_default(),
            self.holder.clone().unwrap_or_default(),
            optional_time(self.handed_off_at, zone),
            optional_time(self.taken_at, zone),
            seconds(self.person_waiting),
            self.rating
                .map(|rating| rating.to_string())
                .unwrap_or_default(),
            optional_time(self.rated_at, zone),
            self.closed_by.clone().unwrap_or_default(),
        ]
    }
}

impl CsvRow for StoredRating {
    const COLUMNS: &'static [&'static str] = &[
        "rated",
        "session",
        "chat",
        "name",
        "rating",
        "closed",
        "outcome",
        "holder",
        "team",
        "conversation",
    ];

    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            time(self.rated_at, zone),
            self.session.to_string(),
            self.chat.to_string(),
            text(&self.name),
            self.rating.to_string(),
            optional_time(self.closed_at, zone),
            text(&self.outcome),
            text(&self.holder),
            text(&self.team),
            self.conversation.to_string(),
        ]
    }
}

impl CsvRow for DailySum {
    const COLUMNS: &'static [&'static str] = &[
        "day",
        "conversations",
        "customers",
        "received",
        "sent",
        "waited_seconds_median",
        "handled_seconds_median",
        "outcomes",
        "handed_off",
        "teams",
        "waited_for_person_seconds_median",
        "holders",
        "ratings",
        "rating_mean",
    ];

    fn cells(&self, _zone: &TimeZone) -> Vec<String> {
        vec![
            self.day.to_string(),
            self.conversations.to_string(),
            self.customers.to_string(),
            self.received.to_string(),
            self.sent.to_string(),
            seconds(self.waiting),
            seconds(self.handling),
            in_words(&self.outcomes),
            self.handed_off.to_string(),
            in_words(&self.teams),
            seconds(self.person_waiting),
            in_words(&self.holders),
            self.ratings.to_string(),
            self.rating_mean
                .map(|mean| format!("{mean:.2}"))
                .unwrap_or_default(),
        ]
    }
}

impl CsvRow for ReportRow {
    const COLUMNS: &'static [&'static str] = &[
        "by",
        "period",
        "conversations",
        "closed",
        "abandoned",
        "handed_off",
        "waited_seconds_p50",
        "waited_seconds_p90",
        "waited_for_person_seconds_p50",
        "waited_for_person_seconds_p90",
        "handled_by_bot_seconds_p50",
        "handled_by_bot_seconds_p90",
        "handled_by_people_seconds_p50",
        "handled_by_people_seconds_p90",
        "ratings",
        "rating_mean",
    ];

    fn cells(&self, _zone: &TimeZone) -> Vec<String> {
        let mut cells = vec![
            self.span.name().to_owned(),
            self.name.clone(),
            self.conversations.to_string(),
            self.closed.to_string(),
            self.abandoned.to_string(),
            self.handed_off.to_string(),
        ];
        for spread in [
            &self.waiting,
            &self.person_waiting,
            &self.by_bot,
            &self.by_people,
        ] {
            cells.extend([seconds(spread.p50), seconds(spread.p90)]);
        }
        cells.push(self.ratings.to_string());
        cells.push(
            self.rating_mean
                .map(|mean| format!("{mean:.2}"))
                .unwrap_or_default(),
        );
        cells
    }
}

fn optional_time(at: Option<Millis>, zone: &TimeZone) -> String {
    at.map(|at| time(at, zone)).unwrap_or_default()
}

fn seconds(length: Option<Duration>) -> String {
    length
        .map(|length| format!("{:.3}", length.as_secs_f64()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_steers_a_terminal() {
        for (cell, written) in [
            ("", ""),
            ("olá", "olá"),
            ("a=b", "a=b"),
            ("=1+1", "'=1+1"),
            ("+55 11", "'+55 11"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" \n=1", "' \n=1"),
            ("\t=1", "'\t=1"),
            ("＝1", "'＝1"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("two\r\nlines", "two\nlines"),
        ] {
            for reader in [CsvReader::Program, CsvReader::Person] {
                let read = safe(cell, reader);
                let plain = read.replace("\r\n", "\n");
                assert_eq!(plain, written, "{cell:?}");
            }
        }
    }

    #[test]
    fn a_file_gets_every_character_and_a_terminal_shows_what_hides() {
        let name = "\u{200f}שרה\u{202e} 👨\u{200d}👩";
        assert_eq!(safe(name, CsvReader::Program), name);
        assert_eq!(
            safe(name, CsvReader::Person),
            "\\u{200f}שרה\\u{202e} 👨\u{200d}👩"
        );
    }
}
