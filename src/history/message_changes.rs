//! What happens to a message after it was sent: acks, edits, revocations, reactions.
//!
//! They are stored under the message's key, even if the message itself has not arrived yet.

use rusqlite::{Connection, OptionalExtension, params};

use super::entry::{Mark, MessageKey};
use super::rows::index;
use crate::clock::Millis;
use crate::ids::{MessageId, SessionName};

/// Stores a mark on the message `key` of `session`, made at `at`.
pub(super) fn store(
    db: &Connection,
    session: &SessionName,
    key: &MessageKey,
    at: Millis,
    mark: &Mark,
) -> rusqlite::Result<()> {
    let MessageKey {
        direction,
        message_id,
    } = key;
    match mark {
        Mark::Ack(level) => {
            db.prepare_cached(include_str!("sql/ack.sql"))?
                .execute(params![session, direction, message_id, level, at])?;
        }
        Mark::Failed(error) => {
            db.prepare_cached(include_str!("sql/ack_error.sql"))?
                .execute(params![session, direction, message_id, error, at])?;
        }
        Mark::Edited(text) => {
            // An empty text stands for words that are unknown.
            let text = text.as_deref().unwrap_or_default();
            db.prepare_cached(
                "INSERT OR IGNORE INTO edit (session, direction, stanza, at, text) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![session, direction, message_id, at, text])?;
            if let Some(id) = row_of(db, session, direction, message_id)? {
                index(db, id)?;
            }
        }
        Mark::Revoked => {
            db.prepare_cached(include_str!("sql/revocation.sql"))?
                .execute(params![session, direction, message_id, at])?;
        }
        Mark::Reaction { by, text } => {
            db.prepare_cached(include_str!("sql/reaction.sql"))?
                .execute(params![session, direction, message_id, by, text, at])?;
        }
    }
    Ok(())
}

/// The row of a message.
fn row_of(
    db: &Connection,
    session: &SessionName,
    direction: &str,
    message_id: &MessageId,
) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT id FROM message WHERE session = ?1 AND direction = ?2 AND stanza = ?3",
    )?
    .query_row(params![session, direction, message_id], |row| row.get(0))
    .optional()
}
