//! Sessions, for owners: what is known of them, starting and stopping them, and the code that pairs a phone.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::problems::{bad_request, refused, unknown};
use crate::console::answer::{Answer, json as json_answer};
use crate::console::console::ConsoleState;
use crate::console::request::Request;
use crate::console::session_state::SessionNow;
use crate::console::texts::{SessionTexts, fill};
use crate::console::who::Who;
use crate::describe::describe;
use crate::ids::SessionName;
use crate::store::AuditKind;
use crate::waha::client::{PhoneNumber, SendError, SessionOrder};

/// The body of a request for a code.
#[derive(Deserialize)]
struct Phone {
    #[serde(default)]
    phone: String,
}

pub(super) async fn list(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    match state.sessions_now(who).await {
        Ok(now) => json_answer(
            StatusCode::OK,
            &json!({
                "sessions": now.sessions.iter().map(described).collect::<Vec<_>>(),
                "waha": now.waha_failed.as_ref().map(SendError::to_string),
            }),
        ),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

fn described(session: &SessionNow) -> Value {
    let account = session.account.as_ref();
    json!({
        "session": session.name,
        "status": session.status,
        "state": session.state.name(),
        "since": session.since,
        "account": account.map(|account| account.id.as_str()),
        "account_name": account.and_then(|account| account.name.as_deref()),
        "last_heard_at": session.last_heard,
    })
}

/// Starts, restarts, stops or logs out a session, or asks for the code that pairs it.
pub(super) async fn on_session(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    session: &str,
    action: &str,
) -> Answer {
    let Some(session) = SessionName::parse(session).filter(|session| who.serves(session)) else {
        return unknown(state, request, who);
    };
    let (order, what) = match action {
        "code" => return code(state, request, who, &session).await,
        "start" => (SessionOrder::Start, "started"),
        "restart" => (SessionOrder::Restart, "restarted"),
        "stop" => (SessionOrder::Stop, "stopped"),
        "logout" => (SessionOrder::Logout, "logged out"),
        _ => return unknown(state, request, who),
    };
    info!(%session, order = action, agent = %who.agent.name, "an owner changes a session in the console");
    let done = state.of_waha(&session, move |client, session| {
        client.order(session, order)
    });
    let done = done.await;
    // WAHA may also have done it if its answer was lost.
    if !matches!(&done, Err(error) if error.is_surely_unsent()) {
        let (by, kind) = (&who.agent.name, AuditKind::SessionControl);
        state.note(by, kind, what, session.as_str()).await;
    }
    match done {
        Ok(()) => done_answer(who, &[]),
        Err(error) => failed(who, &session, &error),
    }
}

async fn code(state: &ConsoleState, request: &Request, who: &Who, session: &SessionName) -> Answer {
    let texts = SessionTexts::of(who.language);
    let phone = match request.json::<Phone>() {
        Ok(body) => PhoneNumber::parse(&body.phone),
        Err(message) => return bad_request(&message),
    };
    let Some(phone) = phone else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, texts.not_a_number);
    };
    info!(%session, agent = %who.agent.name, "an owner asks for a code that pairs a phone");
    let code = state.of_waha(session, move |client, session| {
        client.pairing_code(session, &phone)
    });
    match code.await {
        Ok(code) => {
            let (by, kind) = (&who.agent.name, AuditKind::SessionControl);
            state
                .note(by, kind, "code to pair a phone", session.as_str())
                .await;
            done_answer(who, &[("code", code.reveal())])
        }
        Err(error) => failed(who, session, &error),
    }
}

fn done_answer(who: &Who, more: &[(&str, &str)]) -> Answer {
    let message = SessionTexts::of(who.language).ordered;
    let mut object = json!({"result": "done", "message": message});
    for (name, value) in more {
        object[*name] = (*value).into();
    }
    json_answer(StatusCode::OK, &object)
}

/// WAHA did not do it.
fn failed(who: &Who, session: &SessionName, error: &SendError) -> Answer {
    let texts = SessionTexts::of(who.language);
    match error {
        SendError::SessionNotWorking {
            status_word: Some(_),
        } => refused(StatusCode::CONFLICT, texts.not_waiting),
        SendError::SessionNotWorking { status_word: None } => {
            refused(StatusCode::CONFLICT, texts.missing_do)
        }
        error => {
            warn!(%session, reason = describe(error), "WAHA did not do what an owner asked for in the console");
            refused(
                StatusCode::BAD_GATEWAY,
                &fill(texts.waha_failed, &[&error.to_string()]),
            )
        }
    }
}
