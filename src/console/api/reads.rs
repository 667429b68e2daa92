//! What is now, as JSON: the same objects as the command line writes.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::agents::described;
use crate::clock::Millis;
use crate::console::answer::{Answer, json as json_answer};
use crate::console::console::ConsoleState;
use crate::console::look::{ChatPlace, ROWS};
use crate::console::request::Request;
use crate::console::who::Who;
use crate::ids::SessionName;
use crate::service::desk::json::{conversation, customer, paused};
use crate::store::{LineKind, LinePart, StoreError};

/// How many rows of a section, and unread messages and unsent replies of a chat, are read at most.
const ROWS_MAX: usize = 1_000;

pub(super) async fn line(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    let only = request.query("session").and_then(SessionName::parse);
    let rows = request.query("rows").and_then(|rows| rows.parse().ok());
    let rows: usize = rows.unwrap_or(ROWS).clamp(1, ROWS_MAX);
    let read = async {
        let (sessions, _) = state.sessions_and_teams(who).await?;
        let (mut customers, mut pauses) = (Vec::new(), Vec::new());
        let (mut read, mut unread, mut failed) = (0, Vec::new(), None);
        for session in sessions {
            if only.as_ref().is_some_and(|only| *only != session) {
                continue;
            }
            let part = match request.query("team") {
                Some(team) => LinePart::Team(team),
                None => LinePart::Everything,
            };
            let line = state
                .store
                .line_view(&session, part, rows, Millis::now())
                .await;
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    // The others are shown.
                    unread.push(session);
                    failed = Some(error);
                    continue;
                }
            };
            read += 1;
            pauses.extend(line.paused.iter().map(|pause| paused(&session, "", pause)));
            for section in &line.sections {
                if let LineKind::ForPerson(team) = &section.kind {
                    if !who.is_owner() && !who.agent.takes_from(team) {
                        continue;
                    }
                    pauses.extend(
                        section
                            .paused
                            .iter()
                            .map(|pause| paused(&session, team, pause)),
                    );
                }
                let rows = section.rows.iter();
                customers.extend(rows.map(|row| customer(&session, section, row)));
            }
        }
        if let Some(error) = failed.filter(|_| read == 0) {
            return Err(error);
        }
        let mut lines = json!({"customers": customers, "paused": pauses});
        if !unread.is_empty() {
            lines["unreadable_sessions"] = json!(unread);
        }
        Ok::<Value, StoreError>(lines)
    };
    match read.await {
        Ok(line) => json_answer(StatusCode::OK, &line),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

pub(super) async fn chat(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    place: ChatPlace,
) -> Answer {
    let ChatPlace { session, chat } = &place;
    if !who.serves(session) {
        return state.not_found(request, Some(who));
    }
    let view = state
        .store
        .conversation_view(session, chat, ROWS_MAX, Millis::now())
        .await;
    match view {
        Ok(Some(view)) => json_answer(StatusCode::OK, &conversation(session, &view)),
        Ok(None) => json_answer(
            StatusCode::OK,
            &json!({"session": session, "chat": chat, "status": "closed"}),
        ),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

pub(super) async fn agents(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    let now = Millis::now();
    let read = async {
        let staff = state.staff().await?;
        let agents = staff.iter().map(|one| {
            let mut object = described(&one.agent);
            object["present"] = json!(one.is_present(now));
            object["seen_at"] = json!(one.seen);
            object["holds"] = json!(one.holds);
            object["has_password"] = json!(one.has_password);
            object
        });
        Ok::<Value, StoreError>(json!({"agents": agents.collect::<Vec<_>>()}))
    };
    match read.await {
        Ok(agents) => json_answer(StatusCode::OK, &agents),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}
