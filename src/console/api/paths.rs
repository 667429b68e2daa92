//! Which path of the API does what, and which are for owners. The table is in the room's `mod.rs`.

use hyper::Method;

use super::problems::{owners_only, unknown};
use super::{actions, agents, audit, canned, dead, health, me, people, reads, sessions, tokens};
use crate::console::answer::Answer;
use crate::console::boxed::boxed;
use crate::console::console::ConsoleState;
use crate::console::live;
use crate::console::look::ChatPlace;
use crate::console::records::SearchKind;
use crate::console::request::Request;
use crate::console::who::Who;
use crate::service::dead::dead_replies::DeadAction;

/// Answers a request to the API. `path` is what comes after `/api/v1`.
pub(in crate::console) async fn answer(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    path: &[&str],
) -> Answer {
    if is_for_owners(&request.method, path) && !who.is_owner() {
        return owners_only(who);
    }
    match (&request.method, path) {
        (&Method::POST, ["take-next"]) => boxed(|| actions::take_next(state, request, who)).await,
        (&Method::POST, ["chats", session, chat, action]) => {
            match ChatPlace::parse(session, chat) {
                Some(place) => boxed(|| actions::on_chat(state, request, who, place, action)).await,
                None => unknown(state, request, who),
            }
        }
        (&Method::POST, ["lines", session, action]) => {
            boxed(|| actions::on_line(state, request, who, session, action)).await
        }
        (&Method::GET, ["sessions"]) => boxed(|| sessions::list(state, request, who)).await,
        (&Method::POST, ["sessions", session, action]) => {
            boxed(|| sessions::on_session(state, request, who, session, action)).await
        }
        (&Method::GET, ["line"]) => boxed(|| reads::line(state, request, who)).await,
        (&Method::GET, ["chats", session, chat]) => match ChatPlace::parse(session, chat) {
            Some(place) => boxed(|| reads::chat(state, request, who, place)).await,
            None => unknown(state, request, who),
        },
        (&Method::GET, ["agents"]) => boxed(|| reads::agents(state, request, who)).await,
        (&Method::POST, ["agents"]) => boxed(|| agents::save(state, request, who)).await,
        (&Method::POST, ["agents", name, action]) => {
            boxed(|| agents::on_agent(state, request, who, name, action)).await
        }
        (&Method::GET, ["canned"]) => boxed(|| canned::list(state, request, who)).await,
        (&Method::POST, ["canned"]) => boxed(|| canned::save(state, request, who)).await,
        (&Method::DELETE, ["canned", name]) => {
            boxed(|| canned::delete(state, request, who, name)).await
        }
        (&Method::GET, ["dead"]) => boxed(|| dead::list(state, request, who)).await,
        (&Method::POST, ["dead", "retry"]) => {
            boxed(|| dead::act(state, request, who, DeadAction::Retry)).await
        }
        (&Method::POST, ["dead", "drop"]) => {
            boxed(|| dead::act(state, request, who, DeadAction::Drop)).await
        }
        (&Method::GET, ["audit"]) => boxed(|| audit::list(state, request, who)).await,
        (&Method::GET, ["health"]) => boxed(|| health::checkup(state, who)).await,
        (&Method::GET, ["people", chat]) => {
            boxed(|| people::export(state, request, who, chat)).await
        }
        (&Method::POST, ["people", chat, "erase"]) => {
            boxed(|| people::erase(state, request, who, chat)).await
        }
        (&Method::POST, ["me", action]) => boxed(|| me::act(state, request, who, action)).await,
        (&Method::GET, ["tokens"]) => boxed(|| tokens::list(state, request, who)).await,
        (&Method::POST, ["tokens"]) => boxed(|| tokens::make(state, request, who)).await,
        (&Method::DELETE, ["tokens", id]) => {
            boxed(|| tokens::revoke(state, request, who, id)).await
        }
        (&Method::GET, ["history"]) => {
            boxed(|| state.history_json(request, who, SearchKind::Messages)).await
        }
        (&Method::GET, ["conversations"]) => {
            boxed(|| state.history_json(request, who, SearchKind::Conversations)).await
        }
        (&Method::GET, ["reports"]) => boxed(|| state.reports_json(request, who)).await,
        (&Method::GET, ["live"]) => boxed(|| live::stream(state, request, who)).await,
        _ => unknown(state, request, who),
    }
}

/// Whether this is for owners only. The desk checks actions on lines itself, with the same answer.
fn is_for_owners(method: &Method, path: &[&str]) -> bool {
    match path {
        [
            "audit" | "dead" | "health" | "people" | "reports" | "sessions",
            ..,
        ] => true,
        ["agents" | "canned", ..] => method != Method::GET,
        _ => false,
    }
}
