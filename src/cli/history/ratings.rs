//! `waha-sm history --ratings`: how customers rated their conversations.

use std::io::{self, Write};
use std::ops::ControlFlow;

use jiff::tz::TimeZone;

use super::{HistoryFormat, csv_reader};
use crate::cli::table::Table;
use crate::history::{CsvTable, History, HistoryError, Query, StoredRating, rating_mean};
use crate::terminal::time;

/// Prints the ratings: for people as a table, with their number and mean at the end. The inner result is that of the output.
///
/// # Errors
/// When the history can't be read.
pub(super) fn print(
    mut out: impl Write,
    zone: TimeZone,
    history: &History,
    query: &Query,
    format: HistoryFormat,
) -> Result<io::Result<()>, HistoryError> {
    match format {
        HistoryFormat::Text => {
            let (mut table, mut ratings) = (Table::new(HEADINGS), Vec::new());
            history.ratings(query, |one| {
                ratings.push(one.rating);
                table.add(cells(one, &zone));
                ControlFlow::Continue(())
            })?;
            let written = match rating_mean(&ratings) {
                None => writeln!(out, "There are no ratings."),
                Some(mean) => table
                    .write(&mut out, None)
                    .and_then(|()| writeln!(out, "Ratings: {}, mean {mean:.1}", ratings.len())),
            };
            Ok(written.and_then(|()| out.flush()))
        }
        HistoryFormat::Jsonl => {
            let written = each(history, query, |one| one.write_jsonl(&mut out))?;
            Ok(written.and_then(|()| out.flush()))
        }
        HistoryFormat::Csv => {
            let mut table = match CsvTable::new::<StoredRating>(out, zone, csv_reader()) {
                Ok(table) => table,
                Err(error) => return Ok(Err(error)),
            };
            let written = each(history, query, |one| table.write(one))?;
            Ok(written.and_then(|()| table.flush()))
        }
    }
}

/// Writes each rating, up to the first error.
fn each(
    history: &History,
    query: &Query,
    mut write: impl FnMut(&StoredRating) -> io::Result<()>,
) -> Result<io::Result<()>, HistoryError> {
    let mut written = Ok(());
    history.ratings(query, |one| {
        written = write(&one);
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    Ok(written)
}

const HEADINGS: [&str; 8] = [
    "RATED", "CHAT", "CUSTOMER", "RATING", "CLOSED", "AGENT", "TEAM", "OUTCOME",
];

fn cells(one: StoredRating, zone: &TimeZone) -> [String; 8] {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        time(one.rated_at, zone),
        one.chat.to_string(),
        or_none(one.name),
        one.rating.to_string(),
        or_none(one.closed_at.map(|at| time(at, zone))),
        or_none(one.holder),
        or_none(one.team),
        or_none(one.outcome),
    ]
}
