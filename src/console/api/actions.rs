//! What people do with conversations and lines.

use std::sync::Arc;

use hyper::StatusCode;
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::outcome;
use super::problems::{bad_request, unknown};
use crate::clock::Millis;
use crate::console::answer::{Answer, json};
use crate::console::console::ConsoleState;
use crate::console::look::ChatPlace;
use crate::console::request::Request;
use crate::console::who::Who;
use crate::ids::{AgentName, ConversationId, SessionName};
use crate::service::desk::desk::{Desk, Doing, GiveAway, Seen};
use crate::service::desk::refusal::Refusal;
use crate::store::MoveTo;

/// The longest text of one message; WhatsApp takes 65,536, and nobody reads that.
const TEXT_MAX: usize = 4_096;

/// The body of an action; each action needs some of it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ActionBody {
    /// The conversation that the person saw.
    conversation: Option<String>,
    /// Its revision.
    rev: Option<u64>,
    /// How many of its messages were unread.
    unread: Option<u64>,
    text: String,
    /// Where it is given or moved to.
    to: String,
    /// The colleague from whom it is taken.
    from: Option<String>,
    outcome: Option<String>,
    team: String,
    session: Option<String>,
    /// Unique for this action, like the header `Idempotency-Key`.
    id: Option<String>,
}

/// How a conversation ends if the person does not say.
const CLOSED: &str = "closed";

async fn desk(state: &ConsoleState, who: &Who) -> Result<Desk, Refusal> {
    Desk::of(
        &state.store,
        Some(Arc::clone(&state.flows)),
        &who.agent.name,
    )
    .await
}

/// The id of an action. A key of any length becomes one of ours.
fn action_id(request: &Request, body: &ActionBody) -> String {
    let key = request
        .named_header("idempotency-key")
        .map(str::to_owned)
        .or_else(|| body.id.clone())
        .filter(|key| !key.is_empty());
    match key {
        Some(key) => {
            let digest = digest(&SHA256, key.as_bytes());
            let bytes = digest.as_ref().iter().take(16);
            bytes.map(|byte| format!("{byte:02x}")).collect()
        }
        None => format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)),
    }
}

pub(super) async fn take_next(state: &ConsoleState, request: &Request, who: &Who) -> Answer {
    let body: ActionBody = match request.json() {
        Ok(body) => body,
        Err(message) => return bad_request(&message),
    };
    let session = body
        .session
        .as_deref()
        .filter(|session| !session.is_empty());
    let session = match session.map(SessionName::parse) {
        Some(None) => return unknown(state, request, who),
        found => found.flatten(),
    };
    let id = action_id(request, &body);
    let taken = async {
        let desk = desk(state, who).await?;
        Box::pin(desk.take_next(&id, session.as_ref(), Millis::now())).await
    };
    match taken.await {
        Ok((session, acted)) => {
            let session = session.unwrap_or_else(|| SessionName::stored(""));
            outcome::acted(state, who, &session, &acted).await
        }
        Err(refusal) => outcome::refused(who, &refusal),
    }
}

pub(super) async fn on_chat(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    place: ChatPlace,
    action: &str,
) -> Answer {
    if action == "typing" {
        state.hub.note_typing(&who.agent.name, place).await;
        return json(StatusCode::OK, &serde_json::json!({"result": "done"}));
    }
    let body: ActionBody = match request.json() {
        Ok(body) => body,
        Err(message) => return bad_request(&message),
    };
    if body.text.chars().count() > TEXT_MAX {
        return bad_request(&format!("a text has at most {TEXT_MAX} characters"));
    }
    let conversation = body.conversation.clone().filter(|id| !id.is_empty());
    let session = place.session.clone();
    let doing = Doing {
        id: action_id(request, &body),
        session: place.session,
        chat: place.chat,
        seen: conversation.map(|id| Seen {
            conversation: ConversationId::stored(id),
            unread: body.rev.zip(body.unread),
        }),
    };
    let now = Millis::now();
    let acted = async {
        let desk = desk(state, who).await?;
        Ok(Some(match action {
            "take" => {
                let from = body.from.as_deref().filter(|from| !from.is_empty());
                Box::pin(desk.take(&doing, from.map(AgentName::stored).as_ref(), now)).await?
            }
            "say" => Box::pin(desk.say(&doing, &body.text, now)).await?,
            "needs-none" => Box::pin(desk.needs_none(&doing, now)).await?,
            "note" => Box::pin(desk.note(&doing, &body.text, now)).await?,
            "close" => {
                let outcome = body.outcome.as_deref().map(str::trim);
                let outcome = outcome.filter(|outcome| !outcome.is_empty());
                Box::pin(desk.close(&doing, outcome.unwrap_or(CLOSED), now)).await?
            }
            "give" => match give_to(&body.to) {
                Some(to) => Box::pin(desk.give(&doing, &to, now)).await?,
                None => return Ok(None),
            },
            "move" => match move_to(&body.to) {
                Some(to) => Box::pin(desk.move_to(&doing, to, now)).await?,
                None => return Ok(None),
            },
            _ => return Ok(None),
        }))
    };
    let acted: Result<_, Refusal> = acted.await;
    match acted {
        Ok(Some(acted)) => {
            state.hub.look_soon(&session, Some(&doing.chat));
            outcome::acted(state, who, &session, &acted).await
        }
        Ok(None) if matches!(action, "give" | "move") => bad_request(
            "`to` is missing or wrong: give takes bot, step:NAME, team:NAME (team: for the line without a team) and \
             agent:NAME; move takes first, urgent and last",
        ),
        Ok(None) => unknown(state, request, who),
        Err(refusal) => outcome::refused(who, &refusal),
    }
}

fn give_to(to: &str) -> Option<GiveAway> {
    Some(match to.split_once(':') {
        None if to == "bot" => GiveAway::Bot,
        Some(("step", step)) if !step.is_empty() => GiveAway::Step(step.to_owned()),
        Some(("team", team)) => GiveAway::Team(team.to_owned()),
        Some(("agent", name)) => GiveAway::Agent(name.parse().ok()?),
        _ => return None,
    })
}

fn move_to(to: &str) -> Option<MoveTo> {
    [MoveTo::First, MoveTo::Urgent, MoveTo::Last]
        .into_iter()
        .find(|one| one.name() == to)
}

pub(super) async fn on_line(
    state: &ConsoleState,
    request: &Request,
    who: &Who,
    session: &str,
    action: &str,
) -> Answer {
    let Some(session) = SessionName::parse(session) else {
        return unknown(state, request, who);
    };
    let body: ActionBody = match request.json() {
        Ok(body) => body,
        Err(message) => return bad_request(&message),
    };
    let (id, now) = (action_id(request, &body), Millis::now());
    let line = (&session, body.team.as_str());
    let changed = async {
        let known = state.store.sessions().await?;
        if !known.contains(&session) {
            return Ok(None);
        }
        let desk = desk(state, who).await?;
        Ok(Some(match action {
            "pause" => Box::pin(desk.pause(&id, line, &body.text, now)).await?,
            "resume" => Box::pin(desk.resume(&id, line, now)).await?,
            _ => return Ok(None),
        }))
    };
    let changed: Result<_, Refusal> = changed.await;
    match changed {
        Ok(Some(changed)) => {
            state.hub.look_soon(&session, None);
            outcome::done(who, changed)
        }
        Ok(None) => unknown(state, request, who),
        Err(refusal) => outcome::refused(who, &refusal),
    }
}
