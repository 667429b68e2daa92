//! API tokens: each agent's own, and for owners those of all.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

use super::problems::{bad_request, owners_only, refused};
use crate::clock::Millis;
use crate::console::answer::{Answer, json as json_answer};
use crate::console::audit::Changed;
use crate::console::console::ConsoleState;
use crate::console::request::Request;
use crate::console::texts::{CommonTexts, MeTexts, fill};
use crate::console::who::Who;
use crate::ids::AgentName;
use crate::service::accounts::tokens::{ApiToken, NoToken};

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenBody {
    /// What it is for.
    label: String,
    /// Whose; missing: one's own.
    agent: Option<String>,
}

fn described(name: &AgentName, token: &ApiToken) -> Value {
    json!({
        "id": token.id,
        "agent": name,
        "label": token.label,
        "created_at": token.created_at,
        "ending": token.ending,
    })
}

/// The agent whose tokens are meant.
///
/// # Errors
/// If only owners may do that, or there can't be such an agent.
fn whose(who: &Who, agent: Option<&str>) -> Result<AgentName, Box<Answer>> {
    let Some(agent) = agent.filter(|agent| !agent.is_empty()) else {
        return Ok(who.agent.name.clone());
    };
    if agent == who.agent.name.as_str() {
        return Ok(who.agent.name.clone());
    }
    if !who.is_owner() {
        return Err(Box::new(owners_only(who)));
    }
    let unknown = |_| Box::new(no_agent(who, agent));
    agent.parse().map_err(unknown)
}

fn no_agent(who: &Who, name: &str) -> Answer {
    let texts = CommonTexts::of(who.language);
    refused(StatusCode::NOT_FOUND, &fill(texts.no_agent, &[name]))
}

pub(super) async fn list(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    let name = match whose(who, request.query("agent")) {
        Ok(name) => name,
        Err(refusal) => return *refusal,
    };
    match state.accounts.tokens(&name).await {
        Ok(tokens) => {
            let tokens = tokens.iter().map(|token| described(&name, token));
            let tokens = json!({"tokens": tokens.collect::<Vec<_>>()});
            json_answer(StatusCode::OK, &tokens)
        }
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

pub(super) async fn make(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    let body: TokenBody = match request.json() {
        Ok(body) => body,
        Err(message) => return bad_request(&message),
    };
    let name = match whose(who, body.agent.as_deref()) {
        Ok(name) => name,
        Err(refusal) => return *refusal,
    };
    let texts = MeTexts::of(who.language);
    let made = async {
        match state.store.agent(&name).await? {
            Some(agent) if !agent.off => {
                let accounts = &state.accounts;
                let made = accounts.new_token(&name, &body.label, Millis::now());
                made.await.map(Some)
            }
            _ => Ok(None),
        }
    };
    match made.await {
        Ok(Some(Ok(token))) => {
            info!(agent = %name, by = %who.agent.name, "a new API token was made in the console");
            state
                .note_change(&who.agent.name, Changed::TokenOf(&name), "made")
                .await;
            let object = json!({"result": "done", "message": texts.token_once, "token": token});
            json_answer(StatusCode::OK, &object)
        }
        Ok(Some(Err(NoToken::Label))) => {
            refused(StatusCode::UNPROCESSABLE_ENTITY, texts.label_wrong)
        }
        Ok(Some(Err(NoToken::TooMany))) => refused(StatusCode::CONFLICT, texts.tokens_many),
        Ok(None) => no_agent(who, name.as_str()),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

pub(super) async fn revoke(state: &ConsoleState, request: &Request, who: &Who, id: &str) -> Answer {
    let body: TokenBody = match request.json() {
        Ok(body) => body,
        Err(message) => return bad_request(&message),
    };
    let agent = request.query("agent").or(body.agent.as_deref());
    let name = match whose(who, agent) {
        Ok(name) => name,
        Err(refusal) => return *refusal,
    };
    let texts = MeTexts::of(who.language);
    match state.accounts.revoke_token(&name, id).await {
        Ok(true) => {
            info!(agent = %name, by = %who.agent.name, "an API token was revoked in the console");
            state
                .note_change(&who.agent.name, Changed::TokenOf(&name), "revoked")
                .await;
            let object = json!({"result": "done", "message": texts.revoked});
            json_answer(StatusCode::OK, &object)
        }
        Ok(false) => refused(StatusCode::NOT_FOUND, texts.no_token),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}
