//! The line for a person at a terminal: a section for each line, and one for those who are attended.

use std::fmt::Write as _;

use crate::cli::customer::number;
use crate::cli::elapsed::elapsed;
use crate::cli::line::SessionLine;
use crate::cli::table::{Table, fitted};
use crate::clock::Millis;
use crate::flow::State;
use crate::service::desk::json::last_words;
use crate::store::{LineKind, LinePause, LineRow, LineSection, LineView};
use crate::terminal::line;

/// In a file or a pipe, the last words have at most this width.
const WORDS_MAX: usize = 60;

/// The lines of all sessions, safe for a terminal.
pub(super) fn page(lines: &[SessionLine], now: Millis, width: Option<usize>) -> String {
    let mut page = String::new();
    for (session, view) in lines {
        if view.sections.is_empty() && view.paused.is_none() {
            continue;
        }
        if !page.is_empty() {
            page.push('\n');
        }
        let pause = view.paused.as_ref().map(|pause| paused(pause, now));
        add_line(
            &mut page,
            &format!("Session {session}{}", pause.unwrap_or_default()),
        );
        add_session(&mut page, view, now, width);
    }
    if page.is_empty() {
        page.push_str("Nobody waits, and nobody is attended.\n");
    }
    page
}

fn add_session(page: &mut String, view: &LineView, now: Millis, width: Option<usize>) {
    let mut attended = Vec::new();
    for section in &view.sections {
        let title = match &section.kind {
            LineKind::ForPerson(team) if team.is_empty() => "Waits for a person".to_owned(),
            LineKind::ForPerson(team) => format!("Waits for a person ({team})"),
            LineKind::ForBot => "Waits for the bot".to_owned(),
            LineKind::ByAgent | LineKind::ByPhone | LineKind::ByBot => {
                attended.push(section);
                continue;
            }
        };
        let pause = section.paused.as_ref().map(|pause| paused(pause, now));
        let title = format!("{title}: {}{}", section.count, pause.unwrap_or_default());
        page.push('\n');
        add_line(page, &title);
        add_waiting(page, section, now, width);
    }
    if !attended.is_empty() {
        let count: u64 = attended.iter().map(|section| section.count).sum();
        page.push('\n');
        add_line(page, &format!("Is attended: {count}"));
        add_attended(page, &attended, now, width);
    }
}

fn add_line(page: &mut String, text: &str) {
    page.push_str(&line(text));
    page.push('\n');
}

/// ", paused by owner for 12 min: back at 14:00"
fn paused(pause: &LinePause, now: Millis) -> String {
    let LinePause { text, since, by } = pause;
    let mut words = format!(", paused by {by} for {}", elapsed(now.since(*since)));
    if !text.is_empty() {
        // Writing to a String can't fail.
        let _ = write!(words, ": {text}");
    }
    words
}

fn add_waiting(page: &mut String, section: &LineSection, now: Millis, width: Option<usize>) {
    if section.rows.is_empty() {
        return;
    }
    let mut table = Table::new(["PLACE", "WAITS", "TICKET", "CHAT", "NAME", "LAST WORDS"]);
    for row in &section.rows {
        let place = row.place.unwrap_or_default();
        table.add([
            match row.urgent {
                true => format!("{place} urgent"),
                false => place.to_string(),
            },
            elapsed(now.since(row.since)),
            row.ticket.to_string(),
            number(&row.chat).to_owned(),
            row.name.clone(),
            words(row, width),
        ]);
    }
    add_table(page, &table, width);
    add_missing(page, section.count, section.rows.len());
}

fn add_attended(page: &mut String, sections: &[&LineSection], now: Millis, width: Option<usize>) {
    let mut table = Table::new(["BY", "FOR", "UNANSWERED", "CHAT", "NAME", "LAST WORDS"]);
    let mut shown = 0;
    for section in sections {
        for row in &section.rows {
            let unanswered = row.unanswered_since.map(|since| now.since(since));
            table.add([
                attendant(&section.kind, row),
                elapsed(now.since(row.since)),
                unanswered.map(elapsed).unwrap_or_default(),
                number(&row.chat).to_owned(),
                row.name.clone(),
                words(row, width),
            ]);
            shown += 1;
        }
    }
    add_table(page, &table, width);
    add_missing(
        page,
        sections.iter().map(|section| section.count).sum(),
        shown,
    );
}

fn add_table(page: &mut String, table: &Table, width: Option<usize>) {
    let mut bytes = Vec::new();
    // Writing to memory can't fail, and what a table writes is UTF-8.
    let _ = table.write(&mut bytes, width);
    page.push_str(&String::from_utf8_lossy(&bytes));
}

fn add_missing(page: &mut String, count: u64, shown: usize) {
    let missing = count.saturating_sub(shown as u64);
    if missing > 0 {
        add_line(page, &format!("... and {missing} more"));
    }
}

/// "ana (sales)", "phone", "bot, at menu"
fn attendant(kind: &LineKind, row: &LineRow) -> String {
    match (kind, &row.holder) {
        (LineKind::ByPhone, _) => "phone".to_owned(),
        (_, Some(holder)) if row.team.is_empty() => holder.to_string(),
        (_, Some(holder)) => format!("{holder} ({})", row.team),
        _ => {
            let state: Option<State> = serde_json::from_str(&row.state).ok();
            match state.as_ref().and_then(State::step) {
                Some(step) => format!("bot, at {step}"),
                None => "bot".to_owned(),
            }
        }
    }
}

fn words(row: &LineRow, width: Option<usize>) -> String {
    let state: Option<State> = serde_json::from_str(&row.state).ok();
    let words = last_words(row, state.as_ref()).unwrap_or_default();
    match width {
        Some(_) => words,
        None => fitted(&words, WORDS_MAX),
    }
}
