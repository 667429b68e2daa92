//! What came of an action: for a program as JSON, and for a person as a sentence in it.

use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use serde_json::{Value, json};
use tracing::warn;

use crate::console::answer::{self, Answer, with_header};
use crate::console::console::ConsoleState;
use crate::console::pages::{clock_time, number};
use crate::console::texts::{CommonTexts, fill};
use crate::console::who::Who;
use crate::describe::describe;
use crate::history::{ChatNames, Query};
use crate::ids::{ChatId, SessionName};
use crate::service::desk::json::acted as acted_json;
use crate::service::desk::refusal::Refusal;
use crate::store::{Acted, HeldBy, Standing};

/// Answers with what came of an action on a conversation.
pub(super) async fn acted(
    state: &ConsoleState,
    who: &Who,
    session: &SessionName,
    acted: &Acted,
) -> Answer {
    let mut object = acted_json(session, acted);
    let texts = CommonTexts::of(who.language);
    object["message"] = Value::String(match acted {
        Acted::Done(_) | Acted::Yours(_) => texts.done.to_owned(),
        Acted::Held(standing) => held(state, who, session, standing),
        Acted::Changed(_) => texts.changed.to_owned(),
        Acted::NotOpen(chat) => match last_outcome(state, session, chat).await {
            Some(outcome) => fill(texts.ended_with, &[&outcome]),
            None => texts.ended.to_owned(),
        },
        Acted::NobodyWaits => texts.nobody_waits.to_owned(),
        Acted::TooMany => texts.too_many.to_owned(),
        Acted::Paused(pause) => fill(texts.paused, &[&pause.by]),
    });
    let status = match acted {
        Acted::Done(_) | Acted::Yours(_) | Acted::NobodyWaits => StatusCode::OK,
        _ => StatusCode::CONFLICT,
    };
    answer::json(status, &object)
}

/// How the last conversation of a chat ended, if the history knows it.
async fn last_outcome(
    state: &ConsoleState,
    session: &SessionName,
    chat: &ChatId,
) -> Option<String> {
    let query = Query {
        chat: Some(ChatNames::from(chat)),
        session: Some(session.to_string()),
        ..Query::default()
    };
    let read = state
        .readers
        .read(move |history| history.conversation_page(&query, None, 1));
    let page = read.await.ok()?;
    page.conversations.into_iter().next()?.outcome
}

/// "Bia has this since 14:03."
fn held(state: &ConsoleState, who: &Who, session: &SessionName, standing: &Standing) -> String {
    let texts = CommonTexts::of(who.language);
    let customer = number(&standing.chat);
    match &standing.holder {
        HeldBy::Agent(holder) => {
            let script = state.flows.of(session);
            let since = standing.since.map(|since| clock_time(since, &script));
            let since = since.unwrap_or_default();
            fill(texts.held_by, &[holder.as_str(), &customer, &since])
        }
        HeldBy::Bot => fill(texts.held_by_bot, &[&customer]),
        HeldBy::Phone => fill(texts.held_by_phone, &[&customer]),
        HeldBy::Nobody => fill(texts.held_by_nobody, &[&customer]),
    }
}

/// Answers with what came of an action on a line.
pub(super) fn done(who: &Who, changed: bool) -> Answer {
    let message = CommonTexts::of(who.language).done;
    let object = json!({"result": "done", "changed": changed, "message": message});
    answer::json(StatusCode::OK, &object)
}

/// Answers that an action may not be done.
pub(super) fn refused(who: &Who, refusal: &Refusal) -> Answer {
    let texts = CommonTexts::of(who.language);
    let (status, message) = match refusal {
        Refusal::NoAgent(name) => (StatusCode::CONFLICT, fill(texts.no_agent, &[name.as_str()])),
        Refusal::Off(name) => (
            StatusCode::CONFLICT,
            fill(texts.agent_off, &[name.as_str()]),
        ),
        Refusal::Gone(name) => (
            StatusCode::CONFLICT,
            fill(texts.agent_gone, &[name.as_str()]),
        ),
        Refusal::NotAnOwner(..) => (StatusCode::FORBIDDEN, texts.owners_only.to_owned()),
        Refusal::OtherSession(name, _) => (
            StatusCode::FORBIDDEN,
            fill(texts.other_session, &[name.as_str()]),
        ),
        Refusal::Unknown("team", name) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            fill(texts.unknown_team, &[name]),
        ),
        Refusal::Unknown(_, name) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            fill(texts.unknown_step, &[name]),
        ),
        Refusal::NoWords => (StatusCode::UNPROCESSABLE_ENTITY, texts.no_words.to_owned()),
        Refusal::Redis(error) => {
            warn!(reason = describe(error), "an action in the console failed");
            (StatusCode::SERVICE_UNAVAILABLE, texts.redis_away.to_owned())
        }
    };
    let object = json!({"result": "refused", "message": message});
    let mut answer = answer::json(status, &object);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        with_header(&mut answer, RETRY_AFTER, "2");
    }
    answer
}
