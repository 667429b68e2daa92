//! What can be done and read, as JSON: for the pages, and for a shop's own scripts with a token.
//!
//! | path (after `/api/v1`) | does |
//! |---|---|
//! | `POST /take-next` | takes the next customer in the agent's lines |
//! | `POST /chats/SESSION/CHAT/{take,say,needs-none,note,give,close,move,typing}` | something with a conversation |
//! | `POST /lines/SESSION/{pause,resume}` | pauses a line, or ends that |
//! | `GET /sessions`, `POST /sessions/SESSION/{start,restart,stop,logout,code}` | the sessions, for owners |
//! | `GET /line`, `GET /chats/SESSION/CHAT`, `GET /agents` | what is now |
//! | `GET /live` | the stream of changes |

mod actions;
mod outcome;
mod reads;
mod sessions;

use hyper::{Method, StatusCode};

use super::answer::{Answer, json};
use super::console::ConsoleState;
use super::live;
use super::look::ChatPlace;
use super::request::Request;
use super::who::Who;

/// Answers a request to the API. `path` is what comes after `/api/v1`.
pub(super) async fn answer(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    path: &[&str],
) -> Answer {
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
        (&Method::GET, ["live"]) => live::stream(state, request, who).await,
        _ => unknown(state, request, who),
    }
}

fn unknown(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    state.not_found(request, Some(who))
}

/// The body is not what the action needs.
fn bad_request(message: &str) -> Answer {
    json(
        StatusCode::BAD_REQUEST,
        &serde_json::json!({"result": "refused", "message": message}),
    )
}
