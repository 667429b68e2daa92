//! Finds the customer that the user names: in which session their conversation is open, and how it stands.

use crate::cli::redis::CommandError;
use crate::clock::Millis;
use crate::history::ChatNames;
use crate::ids::{ChatId, SessionName};
use crate::store::{ConversationView, Store};

/// The sessions to look at: this one, which must exist, or all.
pub(super) async fn sessions(
    store: &Store,
    only: Option<&SessionName>,
) -> Result<Vec<SessionName>, CommandError> {
    let mut sessions = store.sessions().await?;
    sessions.sort();
    if let Some(only) = only {
        if !sessions.contains(only) {
            return Err(CommandError::Failed(unknown_session(only, &sessions)));
        }
        sessions.retain(|session| session == only);
    }
    Ok(sessions)
}

/// "there is no session `shpo`: there is default and shop"
fn unknown_session(wanted: &SessionName, known: &[SessionName]) -> String {
    let known: Vec<&str> = known.iter().map(SessionName::as_str).collect();
    let known = match known.is_empty() {
        true => "no event has come yet".to_owned(),
        false => format!("there is {}", known.join(", ")),
    };
    format!("there is no session `{wanted}`: {known}")
}

/// The open conversation of a customer, with at most `count` messages and replies; `None` if none is open.
///
/// # Errors
/// If conversations are open in several sessions, the user must say which.
pub(super) async fn find(
    store: &Store,
    names: &ChatNames,
    only: Option<&SessionName>,
    count: usize,
    now: Millis,
) -> Result<Option<(SessionName, ConversationView)>, CommandError> {
    let mut found = Vec::new();
    for session in sessions(store, only).await? {
        for chat in names.ids() {
            let view = store.conversation_view(&session, &chat, count, now).await?;
            if let Some(view) = view {
                found.push((session, view));
                break;
            }
        }
    }
    if found.len() > 1 {
        let sessions: Vec<&str> = found.iter().map(|(session, _)| session.as_str()).collect();
        return Err(CommandError::Usage(format!(
            "{names} has open conversations in the sessions {}: choose one with --session",
            sessions.join(" and ")
        )));
    }
    Ok(found.pop())
}

/// The phone number, or the hidden id.
pub(super) fn number(chat: &ChatId) -> &str {
    let id = chat.as_str();
    id.strip_suffix("@c.us").unwrap_or(id)
}

/// "Ana (5511900000001)"
pub(super) fn called(name: &str, chat: &ChatId) -> String {
    match name.trim() {
        "" => number(chat).to_owned(),
        name => format!("{name} ({})", number(chat)),
    }
}
