//! The line for programs: one JSON object for each customer, and one for each pause.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::cli::line::SessionLine;
use crate::cli::line::text::last_words;
use crate::flow::State;
use crate::ids::SessionName;
use crate::store::{LineKind, LinePause, LineRow, LineSection};
use crate::terminal::jsonl;

/// Writes the lines; times are in Unix milliseconds.
///
/// # Errors
/// When `out` fails.
pub(super) fn write(lines: &[SessionLine], out: &mut impl Write) -> io::Result<()> {
    for (session, line) in lines {
        if let Some(pause) = &line.paused {
            jsonl(&paused(session, "", pause), out)?;
        }
        for section in &line.sections {
            if let (LineKind::ForPerson(team), Some(pause)) = (&section.kind, &section.paused) {
                jsonl(&paused(session, team, pause), out)?;
            }
            for row in &section.rows {
                jsonl(&customer(session, section, row), out)?;
            }
        }
    }
    Ok(())
}

fn paused(session: &SessionName, team: &str, pause: &LinePause) -> Value {
    json!({
        "session": session,
        "status": "paused",
        "team": team,
        "since": pause.since,
        "by": pause.by,
        "text": pause.text,
    })
}

fn customer(session: &SessionName, section: &LineSection, row: &LineRow) -> Value {
    let status = match section.kind {
        LineKind::ForPerson(_) => "handoff",
        LineKind::ForBot => "waiting",
        LineKind::ByAgent => "agent",
        LineKind::ByPhone => "phone",
        LineKind::ByBot => "active",
    };
    let state: Option<State> = serde_json::from_str(&row.state).ok();
    json!({
        "session": session,
        "status": status,
        "team": row.team,
        "count": section.count,
        "place": row.place,
        "ticket": row.ticket,
        "urgent": row.urgent,
        "chat": row.chat,
        "conversation": row.id,
        "name": row.name,
        "since": row.since,
        "holder": row.holder,
        "process": row.process,
        "unanswered_since": row.unanswered_since,
        "step": state.as_ref().and_then(State::step),
        "last": last_words(row, state.as_ref()),
    })
}
