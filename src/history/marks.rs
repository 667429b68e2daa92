//! What happens to messages after they are said: acks, edits, revocations, reactions.
//!
//! Kept by what a message is known by, whether or not the message itself is here yet.

use rusqlite::{Connection, OptionalExtension, params};

use super::entry::{Mark, MessageKey};
use super::rows::index;

/// Stores a mark on the message `key` of `session`, made at `at` (ms).
pub(super) fn store(
    db: &Connection,
    session: &str,
    key: &MessageKey,
    at: i64,
    mark: &Mark,
) -> rusqlite::Result<()> {
    let MessageKey { direction, stanza } = key;
    match mark {
        Mark::Ack(level) => {
            db.prepare_cached(include_str!("sql/ack.sql"))?
                .execute(params![session, direction, stanza, level, at])?;
        }
        Mark::Failed(error) => {
            db.prepare_cached(include_str!("sql/ack_error.sql"))?
                .execute(params![session, direction, stanza, error, at])?;
        }
        Mark::Edited(text) => {
            db.prepare_cached(
                "INSERT OR IGNORE INTO edit (session, direction, stanza, at, text) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![session, direction, stanza, at, text])?;
            if let Some(id) = message_id(db, session, direction, stanza)? {
                index(db, id)?;
            }
        }
        Mark::Revoked => {
            db.prepare_cached(include_str!("sql/revocation.sql"))?
                .execute(params![session, direction, stanza, at])?;
        }
        Mark::Reaction { by, text } => {
            db.prepare_cached(include_str!("sql/reaction.sql"))?
                .execute(params![session, direction, stanza, by, text, at])?;
        }
    }
    Ok(())
}

fn message_id(
    db: &Connection,
    session: &str,
    direction: &str,
    stanza: &str,
) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT id FROM message WHERE session = ?1 AND direction = ?2 AND stanza = ?3",
    )?
    .query_row(params![session, direction, stanza], |row| row.get(0))
    .optional()
}
