//! The steps of conversations, each an upsert, so that they may arrive in any order.

use rusqlite::{Connection, params};

use super::entry::{ConversationStep, EventRow};
use super::event::EventKind;
use super::events;
use super::status::{self, Status};
use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, SessionName};

/// What the owner's phone is called where a process is named.
const PHONE: &str = "phone";

/// Stores a step of conversation `id`, taken at `at`.
pub(super) fn store(
    db: &Connection,
    session: &SessionName,
    id: &ConversationId,
    chat: &ChatId,
    at: Millis,
    step: &ConversationStep,
) -> rusqlite::Result<()> {
    match step {
        ConversationStep::Opened { ticket } => db
            .prepare_cached(include_str!("sql/opened.sql"))?
            .execute(params![session, id, chat, ticket, at])?,
        ConversationStep::Claimed { process } => db
            .prepare_cached(include_str!("sql/claimed.sql"))?
            .execute(params![session, id, chat, process, at])?,
        ConversationStep::Requeued => db
            .prepare_cached(include_str!("sql/requeued.sql"))?
            .execute(params![session, id, chat])?,
        ConversationStep::Closed {
            outcome,
            variables,
            by,
        } => db
            .prepare_cached(include_str!("sql/closed.sql"))?
            .execute(params![session, id, chat, at, outcome, variables, by])?,
    };
    if let Some(status) = status_after(step) {
        status::reach(db, session, id, status, at)?;
    }
    // These are things that people did, too.
    let event = match step {
        ConversationStep::Claimed { process } if process == PHONE => {
            EventRow::of_step(id, chat, at, EventKind::Phone, "", "")
        }
        ConversationStep::Closed {
            by: Some(by),
            outcome,
            ..
        } => {
            let outcome = outcome.as_deref().unwrap_or_default();
            EventRow::of_step(id, chat, at, EventKind::Closed, by, outcome)
        }
        _ => return Ok(()),
    };
    events::store(db, session, &event)
}

/// Where a step brings a conversation; `None` if it is closed, which its row says anyway.
fn status_after(step: &ConversationStep) -> Option<Status> {
    match step {
        ConversationStep::Opened { .. } | ConversationStep::Requeued => Some(Status::Waiting),
        ConversationStep::Claimed { process } if process == PHONE => Some(Status::Phone),
        ConversationStep::Claimed { .. } => Some(Status::Active),
        ConversationStep::Closed { .. } => None,
    }
}
