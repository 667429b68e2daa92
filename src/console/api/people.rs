//! One customer's data as a whole, for owners: exported as a file, and erased.

use hyper::StatusCode;
use hyper::header::CONTENT_DISPOSITION;
use serde::Deserialize;
use serde_json::json;
use tracing::{info, warn};

use std::time::Duration;

use super::problems::{bad_request, owners_only, refused, unknown};
use crate::clock::Millis;
use crate::console::answer::{Answer, answer, json as json_answer, set_header};
use crate::console::console::ConsoleState;
use crate::console::pages::number;
use crate::console::request::Request;
use crate::console::texts::{CommonTexts, PersonTexts};
use crate::console::who::Who;
use crate::describe::describe;
use crate::history::ChatNames;
use crate::ids::{ChatId, SessionName};
use crate::service::person::person_zip::person_zip;
use crate::service::person::persons::{ErasurePatience, PersonError};
use crate::store::FilesWritten;

/// How long the browser waits until the history is erased too.
const PATIENCE: ErasurePatience = ErasurePatience {
    alive: Duration::from_secs(10),
    gone: Duration::from_secs(10),
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct EraseBody {
    /// The number again: a wrong one could be another customer's.
    repeat: String,
}

/// Who is meant.
///
/// # Errors
/// If there can't be such a chat, or the owner does not serve all sessions: a person's data is of all of them.
fn person(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    chat: &str,
) -> Result<(ChatId, ChatNames), Box<Answer>> {
    let Some(chat) = ChatId::person(chat) else {
        return Err(Box::new(unknown(state, request, who)));
    };
    if !who.agent.sessions.is_empty() {
        return Err(Box::new(owners_only(who)));
    }
    let names = number(&chat).parse();
    let names = names.unwrap_or_else(|_| ChatNames::from(&chat));
    Ok((chat, names))
}

pub(super) async fn export(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    chat: &str,
) -> Answer {
    let (chat, names) = match person(state, request, who, chat) {
        Ok(person) => person,
        Err(refusal) => return *refusal,
    };
    let now = Millis::now();
    match state.persons.export(&names, &who.agent.name, now).await {
        Ok(data) => {
            let script = state.flows.of(&SessionName::none());
            let zip = match person_zip(&data, &script, now) {
                Ok(zip) => zip,
                Err(error) => {
                    warn!(
                        reason = describe(&error),
                        "a customer's data could not be exported"
                    );
                    let common = CommonTexts::of(who.language);
                    return refused(StatusCode::SERVICE_UNAVAILABLE, common.try_again);
                }
            };
            info!(by = %who.agent.name, "an owner exported a customer's data");
            let mut answer = answer(StatusCode::OK, "application/zip", zip);
            let digits: String = chat
                .as_str()
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            let file = format!("attachment; filename=\"person-{digits}.zip\"");
            set_header(&mut answer, CONTENT_DISPOSITION, &file);
            answer
        }
        Err(error) => failed(who, &error),
    }
}

pub(super) async fn erase(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    chat: &str,
) -> Answer {
    let (chat, names) = match person(state, request, who, chat) {
        Ok(person) => person,
        Err(refusal) => return *refusal,
    };
    let body: EraseBody = match request.json() {
        Ok(body) => body,
        Err(message) => return bad_request(&message),
    };
    let texts = PersonTexts::of(who.language);
    let typed: Option<ChatNames> = body.repeat.parse().ok();
    if !typed.is_some_and(|typed| typed.ids().any(|id| id == chat)) {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, texts.other_number);
    }
    let erased = async {
        let (by, now) = (&who.agent.name, Millis::now());
        state.persons.erase(&names, by, now, PATIENCE, |_| {}).await
    };
    let erased = erased.await;
    // Also if it was left in the middle.
    for session in state.store.sessions().await.unwrap_or_default() {
        state.hub.look_soon(&session, Some(&chat));
    }
    match erased {
        Ok(erased) => {
            let is_everywhere = erased.history && matches!(erased.redis, FilesWritten::Done { .. });
            info!(by = %who.agent.name, "an owner erased a customer's data");
            let message = if is_everywhere {
                texts.erased
            } else {
                texts.erased_soon
            };
            let object = json!({"result": "done", "message": message, "complete": is_everywhere});
            json_answer(StatusCode::OK, &object)
        }
        Err(error) => failed(who, &error),
    }
}

fn failed(who: &Who, error: &PersonError) -> Answer {
    let texts = PersonTexts::of(who.language);
    match error {
        PersonError::Unknown => refused(StatusCode::NOT_FOUND, texts.unknown),
        PersonError::Sending => refused(StatusCode::CONFLICT, texts.sending),
        error => {
            warn!(
                reason = describe(error),
                "a customer's data could not be exported or erased"
            );
            let common = CommonTexts::of(who.language);
            refused(StatusCode::SERVICE_UNAVAILABLE, common.try_again)
        }
    }
}
