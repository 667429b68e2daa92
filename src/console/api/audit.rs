//! The log, for owners, as JSON.

use hyper::StatusCode;
use serde_json::json;

use super::problems::{bad_request, refused};
use crate::console::answer::{Answer, json as json_answer};
use crate::console::console::ConsoleState;
use crate::console::request::Request;
use crate::console::texts::LogTexts;
use crate::console::who::Who;
use crate::history::Cursor;

/// How many lines are read at once.
const LINES: u32 = 100;
const LINES_MAX: u32 = 1_000;

pub(super) async fn list(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    let cursor: Option<Cursor> = match request.query("cursor").map(str::parse).transpose() {
        Ok(cursor) => cursor,
        Err(_) => return bad_request("`cursor` is not the `next` of an answer"),
    };
    let rows = request.query("rows").and_then(|rows| rows.parse().ok());
    let rows = rows.unwrap_or(LINES).clamp(1, LINES_MAX);
    let read = state
        .readers
        .read(move |history| history.audit(cursor.as_ref(), rows));
    match read.await {
        Ok(page) => {
            let next = page.next.map(|next| next.to_string());
            json_answer(StatusCode::OK, &json!({"lines": page.lines, "next": next}))
        }
        Err(_) => {
            let away = LogTexts::of(who.language).away;
            refused(StatusCode::SERVICE_UNAVAILABLE, away)
        }
    }
}
