//! What programs read of lines, conversations and actions, as JSON: the same for the command line and the console. Times are in
//! Unix milliseconds.

use serde_json::{Value, json};

use crate::flow::State;
use crate::ids::SessionName;
use crate::store::{
    Acted, ConversationView, HeldBy, LineKind, LinePause, LineRow, LineSection, UnreadWords,
};

/// A pause of a line; the team is empty if it is the whole session.
pub fn paused(session: &SessionName, team: &str, pause: &LinePause) -> Value {
    json!({
        "session": session,
        "status": "paused",
        "team": team,
        "since": pause.since,
        "by": pause.by,
        "text": pause.text,
    })
}

/// A customer in a section of the line.
pub fn customer(session: &SessionName, section: &LineSection, row: &LineRow) -> Value {
    let status = match section.kind {
        LineKind::ForPerson(_) => "handoff",
        LineKind::ForBot => "waiting",
        LineKind::ByAgent => "agent",
        LineKind::ByPhone => "phone",
        LineKind::ByBot => "active",
    };
    let state: Option<State> = serde_json::from_str(&row.state).ok();
    json!({
        "session": session,
        "status": status,
        "team": row.team,
        "count": section.count,
        "place": row.place,
        "ticket": row.ticket,
        "urgent": row.urgent,
        "chat": row.chat,
        "conversation": row.id,
        "name": row.name,
        "since": row.since,
        "holder": row.holder,
        "process": row.process,
        "unanswered_since": row.unanswered_since,
        "step": state.as_ref().and_then(State::step),
        "last": last_words(row, state.as_ref()),
    })
}

/// The customer's last message, on one line. If it was handled already: their last answer.
pub fn last_words(row: &LineRow, state: Option<&State>) -> Option<String> {
    let message = row.last.as_ref().map(|last| last.shown());
    let message = message.filter(|words| !words.trim().is_empty());
    let said = message.or_else(|| state?.last_said().map(str::to_owned))?;
    let words: Vec<&str> = said.split_whitespace().collect();
    Some(words.join(" "))
}

/// An open conversation.
pub fn conversation(session: &SessionName, view: &ConversationView) -> Value {
    let state: Option<State> = serde_json::from_str(&view.state).ok();
    let unread = |one: &UnreadWords| json!({"id": one.id, "kind": one.kind, "text": one.text, "sent_at": one.sent_at});
    json!({
        "session": session,
        "chat": view.chat,
        "name": view.name,
        "conversation": view.id,
        "rev": view.rev,
        "status": view.status,
        "ticket": view.ticket,
        "place": view.place,
        "opened_at": view.opened,
        "since": view.since,
        "team": view.team,
        "urgent": view.urgent,
        "holder": view.holder,
        "process": view.process,
        "phone_until": view.phone_until,
        "unanswered_since": view.unanswered_since,
        "step": state.as_ref().and_then(State::step),
        "note": state.as_ref().and_then(State::note),
        "variables": state.as_ref().map(State::variables),
        "unread_count": view.unread_count,
        "unread": view.unread.iter().map(unread).collect::<Value>(),
        "unsent_count": view.unsent_count,
        "unsent": view.unsent,
    })
}

/// What came of an action.
pub fn acted(session: &SessionName, acted: &Acted) -> Value {
    let (result, case) = match acted {
        Acted::Done(case) => ("done", Some(case)),
        Acted::Yours(case) => ("yours", Some(case)),
        Acted::Held(case) => ("held", Some(case)),
        Acted::Changed(case) => ("changed", Some(case)),
        Acted::NobodyWaits => ("nobody", None),
        Acted::NotOpen(_) => ("closed", None),
        Acted::TooMany => ("many", None),
        Acted::Paused(_) => ("paused", None),
    };
    let mut object = json!({"result": result, "session": session});
    if let Some(case) = case {
        object["chat"] = json!(case.chat);
        object["conversation"] = json!(case.conversation);
        object["holder"] = match &case.holder {
            HeldBy::Nobody => Value::Null,
            HeldBy::Bot => json!("bot"),
            HeldBy::Phone => json!("phone"),
            HeldBy::Agent(agent) => json!(agent),
        };
        object["since"] = json!(case.since);
    }
    if let Acted::NotOpen(chat) = acted {
        object["chat"] = json!(chat);
    }
    if let Acted::Paused(pause) = acted {
        object["pause"] = json!(pause);
    }
    object
}
