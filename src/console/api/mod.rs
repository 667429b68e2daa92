//! What can be done and read, as JSON: for the pages, and for a shop's own scripts with a token.
//!
//! | path (after `/api/v1`) | for | does |
//! |---|---|---|
//! | `POST /take-next` | agents | takes the next customer in the agent's lines |
//! | `POST /chats/SESSION/CHAT/{take,say,needs-none,note,give,close,move,typing}` | agents | something with a conversation |
//! | `POST /lines/SESSION/{pause,resume}` | owners | pauses a line, or ends that |
//! | `GET /line`, `GET /chats/SESSION/CHAT`, `GET /agents`, `GET /canned` | agents | what is now |
//! | `GET /live` | agents | the stream of changes |
//! | `POST /me/{language,password,logout-all}` | agents | what agents change for themselves |
//! | `GET /tokens`, `POST /tokens`, `DELETE /tokens/ID` | agents | their own API tokens; owners name another `agent` |
//! | `POST /agents`, `POST /agents/NAME/{off,passwd}` | owners | adds and changes agents, switches one off, makes a new link |
//! | `POST /canned`, `DELETE /canned/NAME` | owners | saved replies |
//! | `GET /sessions`, `POST /sessions/SESSION/{start,restart,stop,logout,code}` | owners | the sessions |
//! | `GET /dead`, `POST /dead/{retry,drop}` | owners | replies that were given up |
//! | `GET /health`, `GET /audit` | owners | what works and what does not; what people did with the program itself |

mod actions;
mod agents;
mod audit;
mod canned;
mod dead;
mod fields;
mod health;
mod me;
mod outcome;
mod reads;
mod sessions;
mod tokens;

use hyper::{Method, StatusCode};

use super::answer::{Answer, json};
use super::console::ConsoleState;
use super::live;
use super::look::ChatPlace;
use super::request::Request;
use super::texts::CommonTexts;
use super::who::Who;
use crate::service::dead::dead_replies::DeadAction;

/// Answers a request to the API. `path` is what comes after `/api/v1`.
pub(super) async fn answer(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    path: &[&str],
) -> Answer {
    if is_for_owners(&request.method, path) && !who.is_owner() {
        return owners_only(who);
    }
    match (&request.method, path) {
        (&Method::POST, ["take-next"]) => actions::take_next(state, request, who).await,
        (&Method::POST, ["chats", session, chat, action]) => {
            match ChatPlace::parse(session, chat) {
                Some(place) => actions::on_chat(state, request, who, place, action).await,
                None => unknown(state, request, who),
            }
        }
        (&Method::POST, ["lines", session, action]) => {
            actions::on_line(state, request, who, session, action).await
        }
        (&Method::GET, ["sessions"]) => sessions::list(state, request, who).await,
        (&Method::POST, ["sessions", session, action]) => {
            sessions::on_session(state, request, who, session, action).await
        }
        (&Method::GET, ["line"]) => reads::line(state, request, who).await,
        (&Method::GET, ["chats", session, chat]) => match ChatPlace::parse(session, chat) {
            Some(place) => reads::chat(state, request, who, place).await,
            None => unknown(state, request, who),
        },
        (&Method::GET, ["agents"]) => reads::agents(state, request, who).await,
        (&Method::POST, ["agents"]) => agents::save(state, request, who).await,
        (&Method::POST, ["agents", name, action]) => {
            agents::on_agent(state, request, who, name, action).await
        }
        (&Method::GET, ["canned"]) => canned::list(state, request, who).await,
        (&Method::POST, ["canned"]) => canned::save(state, request, who).await,
        (&Method::DELETE, ["canned", name]) => canned::delete(state, request, who, name).await,
        (&Method::GET, ["dead"]) => dead::list(state, request, who).await,
        (&Method::POST, ["dead", "retry"]) => {
            dead::act(state, request, who, DeadAction::Retry).await
        }
        (&Method::POST, ["dead", "drop"]) => dead::act(state, request, who, DeadAction::Drop).await,
        (&Method::GET, ["audit"]) => audit::list(state, request, who).await,
        (&Method::GET, ["health"]) => health::checkup(state, who).await,
        (&Method::POST, ["me", action]) => me::act(state, request, who, action).await,
        (&Method::GET, ["tokens"]) => tokens::list(state, request, who).await,
        (&Method::POST, ["tokens"]) => tokens::make(state, request, who).await,
        (&Method::DELETE, ["tokens", id]) => tokens::revoke(state, request, who, id).await,
        (&Method::GET, ["live"]) => live::stream(state, request, who).await,
        _ => unknown(state, request, who),
    }
}

/// What only owners may do. Lines are decided by the desk, which says the same.
fn is_for_owners(method: &Method, path: &[&str]) -> bool {
    match path {
        ["audit" | "dead" | "health" | "sessions", ..] => true,
        ["agents" | "canned", ..] => method != Method::GET,
        _ => false,
    }
}

fn owners_only(who: &Who) -> Answer {
    refused(
        StatusCode::FORBIDDEN,
        CommonTexts::of(who.language).owners_only,
    )
}

/// It is not done; the message says why.
fn refused(status: StatusCode, message: &str) -> Answer {
    json(
        status,
        &serde_json::json!({"result": "refused", "message": message}),
    )
}

fn unknown(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    state.not_found(request, Some(who))
}

/// The body is not what the action needs.
fn bad_request(message: &str) -> Answer {
    refused(StatusCode::BAD_REQUEST, message)
}
