//! The steps of conversations, each an upsert, so that they may arrive in any order.

use rusqlite::{Connection, params};

use super::entry::ConversationStep;
use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, SessionName};

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
        ConversationStep::Closed { outcome, variables } => db
            .prepare_cached(include_str!("sql/closed.sql"))?
            .execute(params![session, id, chat, at, outcome, variables])?,
    };
    Ok(())
}
