//! The line for programs: one JSON object for each customer, and one for each pause.

use std::io::{self, Write};

use crate::cli::line::SessionLine;
use crate::service::desk::json;
use crate::store::LineKind;
use crate::terminal::jsonl;

/// Writes the lines; times are in Unix milliseconds.
///
/// # Errors
/// When `out` fails.
pub(super) fn write(lines: &[SessionLine], out: &mut impl Write) -> io::Result<()> {
    for (session, line) in lines {
        if let Some(pause) = &line.paused {
            jsonl(&json::paused(session, "", pause), out)?;
        }
        for section in &line.sections {
            if let (LineKind::ForPerson(team), Some(pause)) = (&section.kind, &section.paused) {
                jsonl(&json::paused(session, team, pause), out)?;
            }
            for row in &section.rows {
                jsonl(&json::customer(session, section, row), out)?;
            }
        }
    }
    Ok(())
}
