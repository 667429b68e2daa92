//! The staff, for owners: adding, changing, switching off, and new links to set a password.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

use super::fields::{list, number};
use super::problems::{bad_request, refused};
use crate::clock::Millis;
use crate::console::answer::{Answer, json as json_answer};
use crate::console::audit::Changed;
use crate::console::console::ConsoleState;
use crate::console::request::Request;
use crate::console::texts::{CommonTexts, SettingsTexts, fill};
use crate::console::who::Who;
use crate::ids::{AgentName, SessionName};
use crate::service::accounts::invitations::welcome_path;
use crate::service::accounts::staff::{Saved, StaffChange, StaffRefusal};
use crate::store::{Agent, AgentRole, StoreError};

/// An agent, and what is changed; what is missing stays as it is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AgentBody {
    name: String,
    role: Option<String>,
    #[serde(deserialize_with = "list")]
    teams: Option<Vec<String>>,
    #[serde(deserialize_with = "list")]
    sessions: Option<Vec<String>>,
    #[serde(deserialize_with = "number")]
    max_chats: Option<i64>,
}

/// What is set of an agent.
pub(super) fn described(agent: &Agent) -> Value {
    json!({
        "name": agent.name,
        "role": if agent.may_steer() { "owner" } else { "attendant" },
        "teams": agent.teams,
        "sessions": agent.sessions,
        "max_chats": agent.max_chats,
        "off": agent.off,
    })
}

pub(super) async fn save(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    let body: AgentBody = match request.json() {
        Ok(body) => body,
        Err(message) => return bad_request(&message),
    };
    let texts = SettingsTexts::of(who.language);
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let Ok(name) = body.name.trim().to_lowercase().parse::<AgentName>() else {
        return refused(unprocessable, texts.agent_name_wrong);
    };
    let role = match body.role.as_deref().filter(|role| !role.is_empty()) {
        None => None,
        Some("owner") => Some(AgentRole::Owner),
        Some("attendant") => Some(AgentRole::Attendant),
        Some(_) => return bad_request("`role` is owner or attendant"),
    };
    let sessions = body.sessions.map(|sessions| {
        let sessions = sessions.iter().map(|session| SessionName::parse(session));
        sessions.collect::<Option<Vec<_>>>()
    });
    let Some(sessions) = sessions.map_or(Some(None), |sessions| sessions.map(Some)) else {
        return bad_request("`sessions` has a name that no session can have");
    };
    let max_chats = match body.max_chats.map(u32::try_from).transpose() {
        Ok(max_chats) => max_chats,
        Err(_) => return refused(unprocessable, texts.max_chats_wrong),
    };
    let change = StaffChange {
        role,
        teams: body.teams,
        sessions,
        max_chats,
    };
    match saved(state, request, who, (&name, change)).await {
        Ok(Ok(object)) => json_answer(StatusCode::OK, &object),
        Ok(Err(refusal)) => not_done(who, &name, refusal),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

async fn saved(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    (name, change): (&AgentName, StaffChange),
) -> Result<Result<Value, StaffRefusal>, StoreError> {
    let accounts = &state.accounts;
    let saved = accounts.save_agent(name, change, &who.agent.name).await?;
    let (agent, saved) = match saved {
        Ok(saved) => saved,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if saved != Saved::Same {
        info!(agent = %name, by = %who.agent.name, result = saved.name(), "an owner changed an agent in the console");
        let now = format!("{} {}", saved.name(), in_short(&agent));
        state
            .note_change(&who.agent.name, Changed::Agent(name), &now)
            .await;
    }
    let texts = SettingsTexts::of(who.language);
    let message = match saved {
        Saved::Added => fill(texts.added, &[name.as_str()]),
        Saved::Back => fill(texts.back, &[name.as_str()]),
        Saved::Changed => fill(texts.changed, &[name.as_str()]),
        Saved::Same => texts.same.to_owned(),
    };
    let mut object =
        json!({"result": saved.name(), "message": message, "agent": described(&agent)});
    let is_new = matches!(saved, Saved::Added | Saved::Back);
    if is_new && !accounts.has_password(name).await? {
        let token = accounts.invite(name, Millis::now()).await?;
        add_link(&mut object, state, request, who, (name, &token));
    }
    Ok(Ok(object))
}

/// "owner, sales support, shop, 8"
fn in_short(agent: &Agent) -> String {
    let role = if agent.may_steer() {
        "owner"
    } else {
        "attendant"
    };
    let sessions: Vec<&str> = agent.sessions.iter().map(SessionName::as_str).collect();
    let lists = [agent.teams.join(" "), sessions.join(" ")];
    let most = agent.max_chats.to_string();
    let parts = [role].into_iter().chain(lists.iter().map(String::as_str));
    let parts: Vec<&str> = parts
        .chain([most.as_str()])
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(", ")
}

fn add_link(
    object: &mut Value,
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    (name, token): (&AgentName, &str),
) {
    let texts = SettingsTexts::of(who.language);
    object["link"] = state.origin.link(request, &welcome_path(token)).into();
    object["message"] = fill(texts.link_once, &[name.as_str()]).into();
}

/// Switches an agent off, or gives them a new link; the old password does not count any more then.
pub(super) async fn on_agent(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    name: &str,
    action: &str,
) -> Answer {
    let Ok(name) = name.parse::<AgentName>() else {
        return not_done(who, &AgentName::stored(name), StaffRefusal::NoAgent);
    };
    let done = match action {
        "off" => switched_off(state, who, &name).await,
        "passwd" => new_link(state, request, who, &name).await,
        _ => return state.not_found(request, Some(who)),
    };
    match done {
        Ok(Ok(object)) => json_answer(StatusCode::OK, &object),
        Ok(Err(refusal)) => not_done(who, &name, refusal),
        Err(error) => state.redis_failed(request, Some(who), &error),
    }
}

async fn switched_off(
    state: &ConsoleState,
    who: &Who,
    name: &AgentName,
) -> Result<Result<Value, StaffRefusal>, StoreError> {
    let changed = match state.accounts.switch_off(name, &who.agent.name).await? {
        Ok(changed) => changed,
        Err(refusal) => return Ok(Err(refusal)),
    };
    info!(agent = %name, by = %who.agent.name, "an owner switched an agent off in the console");
    if changed {
        state
            .note_change(&who.agent.name, Changed::Agent(name), "off")
            .await;
    }
    let message = fill(SettingsTexts::of(who.language).off_now, &[name.as_str()]);
    Ok(Ok(
        json!({"result": "off", "message": message, "changed": changed}),
    ))
}

async fn new_link(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    name: &AgentName,
) -> Result<Result<Value, StaffRefusal>, StoreError> {
    let agent = state.store.agent(name).await?;
    if agent.is_none_or(|agent| agent.off) {
        return Ok(Err(StaffRefusal::NoAgent));
    }
    let token = state.accounts.reset(name, Millis::now()).await?;
    info!(agent = %name, by = %who.agent.name, "an owner made a link that sets a new password");
    state
        .note_change(&who.agent.name, Changed::Agent(name), "link")
        .await;
    let mut object = json!({"result": "reset"});
    add_link(&mut object, state, request, who, (name, &token));
    Ok(Ok(object))
}

fn not_done(who: &Who, name: &AgentName, refusal: StaffRefusal) -> Answer {
    let texts = SettingsTexts::of(who.language);
    let common = CommonTexts::of(who.language);
    match refusal {
        StaffRefusal::OwnerStays => refused(StatusCode::CONFLICT, texts.owner_stays),
        StaffRefusal::Oneself => refused(StatusCode::CONFLICT, texts.oneself),
        StaffRefusal::NoAgent => refused(
            StatusCode::NOT_FOUND,
            &fill(common.no_agent, &[name.as_str()]),
        ),
        StaffRefusal::Team => refused(StatusCode::UNPROCESSABLE_ENTITY, texts.team_wrong),
        StaffRefusal::MaxChats => refused(StatusCode::UNPROCESSABLE_ENTITY, texts.max_chats_wrong),
    }
}
