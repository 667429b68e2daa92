//! Saved replies: all agents read them, owners change them.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::problems::{bad_request, owners_only, refused};
use crate::console::answer::{Answer, json as json_answer};
use crate::console::audit::Changed;
use crate::console::console::ConsoleState;
use crate::console::request::Request;
use crate::console::texts::SettingsTexts;
use crate::console::who::Who;
use crate::service::accounts::canned::CannedRefusal;
use crate::store::StoreError;

#[derive(Default, Deserialize)]
#[serde(default)]
struct CannedBody {
    name: String,
    text: String,
    /// Its name before; empty: it must be a new one; missing: it is new or replaces another.
    was: Option<String>,
}

/// Why a reply is not saved.
enum NotSaved {
    Refused(CannedRefusal),
    /// Another reply has its new name.
    Taken,
}

pub(super) async fn list(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    match state.accounts.canned().await {
        Ok(canned) => {
            let canned = canned.iter();
            let canned = canned.map(|one| json!({"name": one.name, "text": one.text}));
            let canned = json!({"canned": canned.collect::<Vec<_>>()});
            json_answer(StatusCode::OK, &canned)
        }
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

pub(super) async fn save(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    let body: CannedBody = match request.json() {
        Ok(body) => body,
        Err(message) => return bad_request(&message),
    };
    let texts = SettingsTexts::of(who.language);
    match saved(state, who, &body).await {
        Ok(Ok(())) => {
            state
                .note_change(&who.agent.name, Changed::Reply(body.name.trim()), "saved")
                .await;
            let object = json!({"result": "done", "message": texts.saved});
            json_answer(StatusCode::OK, &object)
        }
        Ok(Err(NotSaved::Taken)) => refused(StatusCode::CONFLICT, texts.reply_taken),
        Ok(Err(NotSaved::Refused(refusal))) => not_done(who, refusal),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

async fn saved(
    state: &ConsoleState,
    who: &Who,
    body: &CannedBody,
) -> Result<Result<(), NotSaved>, StoreError> {
    let accounts = &state.accounts;
    let name = body.name.trim();
    let renamed = body.was.as_deref().filter(|was| *was != name);
    if renamed.is_some() && accounts.canned().await?.iter().any(|one| one.name == name) {
        return Ok(Err(NotSaved::Taken));
    }
    if let Err(refusal) = accounts.save_canned(&who.agent, name, &body.text).await? {
        return Ok(Err(NotSaved::Refused(refusal)));
    }
    // The new one first: if we are killed here, there are two, and none is lost.
    if let Some(was) = renamed.filter(|was| !was.is_empty())
        && let Err(refusal) = accounts.delete_canned(&who.agent, was).await?
    {
        return Ok(Err(NotSaved::Refused(refusal)));
    }
    Ok(Ok(()))
}

pub(super) async fn delete(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    name: &str,
) -> Answer {
    let texts = SettingsTexts::of(who.language);
    match state.accounts.delete_canned(&who.agent, name).await {
        Ok(Ok(true)) => {
            state
                .note_change(&who.agent.name, Changed::Reply(name), "deleted")
                .await;
            let object = json!({"result": "done", "message": texts.deleted});
            json_answer(StatusCode::OK, &object)
        }
        Ok(Ok(false)) => refused(StatusCode::NOT_FOUND, texts.reply_missing),
        Ok(Err(refusal)) => not_done(who, refusal),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

fn not_done(who: &Who, refusal: CannedRefusal) -> Answer {
    let texts = SettingsTexts::of(who.language);
    let wrong = |text| refused(StatusCode::UNPROCESSABLE_ENTITY, text);
    match refusal {
        CannedRefusal::NotAnOwner => owners_only(who),
        CannedRefusal::Name => wrong(texts.reply_name_wrong),
        CannedRefusal::Text => wrong(texts.reply_text_wrong),
        CannedRefusal::TooMany => refused(StatusCode::CONFLICT, texts.replies_many),
    }
}
