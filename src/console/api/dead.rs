//! Replies that were given up, for owners: listed, sent again, deleted.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tracing::warn;

use super::fields::{number, yes};
use super::problems::{bad_request, refused};
use crate::clock::Millis;
use crate::console::answer::{Answer, json as json_answer};
use crate::console::audit::Changed;
use crate::console::console::ConsoleState;
use crate::console::request::Request;
use crate::console::texts::{CommonTexts, DeadTexts, fill};
use crate::console::who::Who;
use crate::describe::describe;
use crate::ids::SessionName;
use crate::service::dead::dead_replies::{self, DeadAction, DeadCursor, DeadDone, DeadFilter};
use crate::service::dead::json::dead_reply;

/// How many are listed at once.
const ROWS: usize = 100;
const ROWS_MAX: usize = 1_000;

/// Which of them: one by session and id, those of a chat, or all.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Which {
    session: Option<String>,
    id: Option<String>,
    chat: Option<String>,
    #[serde(deserialize_with = "yes")]
    all: bool,
    /// Only those that were given up until then (Unix milliseconds).
    #[serde(deserialize_with = "number")]
    until: Option<i64>,
}

pub(super) async fn list(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    let from: Option<DeadCursor> = match request.query("cursor").map(str::parse).transpose() {
        Ok(from) => from,
        Err(error) => return bad_request(&format!("`cursor` is {error}")),
    };
    let rows = request.query("rows").and_then(|rows| rows.parse().ok());
    let rows = rows.unwrap_or(ROWS).clamp(1, ROWS_MAX);
    let sessions = &who.agent.sessions;
    match dead_replies::page(&state.store, sessions, from.as_ref(), rows).await {
        Ok(page) => {
            let replies = page.replies.iter();
            let replies = replies.map(|(session, letter)| dead_reply(session, letter));
            json_answer(
                StatusCode::OK,
                &json!({
                    "replies": replies.collect::<Vec<_>>(),
                    "next": page.next.map(|next| next.to_string()),
                    "all": page.all,
                }),
            )
        }
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

pub(super) async fn act(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    action: DeadAction,
) -> Answer {
    let which: Which = match request.json() {
        Ok(which) => which,
        Err(message) => return bad_request(&message),
    };
    let filter = match filter(which, who) {
        Some(filter) => filter,
        None => {
            return bad_request(
                "say which: `session` and `id`, `chat`, or `all`: true; with `until` (ms) only those given up until then",
            );
        }
    };
    let texts = DeadTexts::of(who.language);
    let found = match dead_replies::find(&state.store, &filter).await {
        Ok(found) => found,
        Err(error) => return state.redis_failed(request, Some(who), &error),
    };
    if found.is_empty() {
        return refused(StatusCode::CONFLICT, texts.gone);
    }
    let DeadDone { done, unreadable } = match dead_replies::act(&state.store, action, &found).await
    {
        Ok(done) => done,
        Err(half) => {
            warn!(
                reason = describe(&half),
                "an owner's action on dead replies failed in the middle"
            );
            let common = CommonTexts::of(who.language);
            return refused(StatusCode::SERVICE_UNAVAILABLE, common.redis_away);
        }
    };
    for (session, _) in &found {
        state.hub.look_soon(session, None);
    }
    let count = done.to_string();
    let how = match action {
        DeadAction::Retry => format!("resent {count}"),
        DeadAction::Drop => format!("deleted {count}"),
    };
    state
        .note_change(&who.agent.name, Changed::Unsent, &how)
        .await;
    let message = match action {
        DeadAction::Retry if unreadable > 0 => {
            fill(texts.retried_some, &[&count, &unreadable.to_string()])
        }
        DeadAction::Retry => fill(texts.retried, &[&count]),
        DeadAction::Drop => fill(texts.dropped, &[&count]),
    };
    json_answer(
        StatusCode::OK,
        &json!({"result": "done", "message": message, "done": done, "unreadable": unreadable}),
    )
}

/// What is meant; `None` if nothing is, or a session is named that the owner does not serve.
fn filter(which: Which, who: &Who) -> Option<DeadFilter> {
    let given = |field: Option<String>| field.filter(|text| !text.is_empty());
    let (id, chat) = (given(which.id), given(which.chat));
    let sessions = match given(which.session) {
        Some(session) => vec![SessionName::parse(&session).filter(|one| who.serves(one))?],
        None => who.agent.sessions.clone(),
    };
    // An id is unique only within its session.
    let is_whole = id.is_none() || sessions.len() == 1;
    let is_said = which.all || id.is_some() || chat.is_some();
    (is_said && is_whole).then(|| DeadFilter {
        chat,
        ids: id.into_iter().collect(),
        sessions,
        until: which.until.map(Millis::new),
    })
}
