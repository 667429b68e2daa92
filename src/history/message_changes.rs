//! What happens to a message after it was sent: acks, edits, revocations, reactions.
//!
//! They are stored under the message's chat and key, even if the message itself has not arrived yet. Another chat may have a
//! message with the same id.

use rusqlite::{Connection, OptionalExtension, params};

use super::entry::{Mark, MessageKey};
use super::rows::{MARK_TABLES, find_edit};
use crate::clock::Millis;
use crate::ids::{ChatId, MessageId, SessionName};

/// Stores a mark on the message `key` of `chat`, made at `at`.
pub(super) fn store(
    db: &Connection,
    session: &SessionName,
    chat: &ChatId,
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
                .execute(params![session, chat, direction, message_id, level, at])?;
        }
        Mark::Failed(error) => {
            db.prepare_cached(include_str!("sql/ack_error.sql"))?
                .execute(params![session, chat, direction, message_id, error, at])?;
        }
        Mark::Edited(text) => {
            // An empty text stands for words that are unknown.
            let text = text.as_deref().unwrap_or_default();
            db.prepare_cached(
                "INSERT OR IGNORE INTO edit (session, chat, direction, stanza, at, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![session, chat, direction, message_id, at, text])?;
            if let Some(id) = row_of(db, session, chat, direction, message_id)? {
                find_edit(db, id)?;
            }
        }
        Mark::Revoked => {
            db.prepare_cached(include_str!("sql/revocation.sql"))?
                .execute(params![session, chat, direction, message_id, at])?;
        }
        Mark::Reaction { by, text } => {
            db.prepare_cached(include_str!("sql/reaction.sql"))?
                .execute(params![session, chat, direction, message_id, by, text, at])?;
        }
    }
    Ok(())
}

/// The messages of `lid` are in `chat` now: so is what happened to them.
pub(super) fn move_all(
    db: &Connection,
    session: &SessionName,
    lid: &ChatId,
    chat: &ChatId,
) -> rusqlite::Result<()> {
    for (key, at, mark) in marks_of(db, session, lid)? {
        store(db, session, chat, &key, at, &mark)?;
    }
    for table in MARK_TABLES {
        let sql = format!("DELETE FROM {table} WHERE session = ?1 AND chat = ?2");
        db.prepare_cached(&sql)?.execute(params![session, lid])?;
    }
    // A message may have moved to edits that came under the other id.
    let edited: Vec<(String, MessageId)> = db
        .prepare_cached(
            "SELECT DISTINCT direction, stanza FROM edit WHERE session = ?1 AND chat = ?2",
        )?
        .query_map(params![session, chat], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (direction, message_id) in edited {
        if let Some(id) = row_of(db, session, chat, &direction, &message_id)? {
            find_edit(db, id)?;
        }
    }
    Ok(())
}

/// What happened to the messages of a chat, in the order in which it is stored.
fn marks_of(
    db: &Connection,
    session: &SessionName,
    chat: &ChatId,
) -> rusqlite::Result<Vec<(MessageKey, Millis, Mark)>> {
    let mut marks = Vec::new();
    let mut query = db.prepare_cached(
        "SELECT 'ack', direction, stanza, at, level, NULL FROM ack
            WHERE session = ?1 AND chat = ?2 AND level IS NOT NULL
         UNION ALL SELECT 'failed', direction, stanza, failed_at, error, NULL FROM ack
            WHERE session = ?1 AND chat = ?2 AND failed_at IS NOT NULL
         UNION ALL SELECT 'edited', direction, stanza, at, text, NULL FROM (
            SELECT * FROM edit WHERE session = ?1 AND chat = ?2 ORDER BY id)
         UNION ALL SELECT 'revoked', direction, stanza, at, NULL, NULL FROM revocation
            WHERE session = ?1 AND chat = ?2
         UNION ALL SELECT 'reaction', direction, stanza, at, text, by FROM reaction
            WHERE session = ?1 AND chat = ?2",
    )?;
    let mut rows = query.query(params![session, chat])?;
    while let Some(row) = rows.next()? {
        let mark = match row.get_ref(0)?.as_str()? {
            "ack" => Mark::Ack(row.get(4)?),
            "failed" => Mark::Failed(row.get(4)?),
            "edited" => Mark::Edited(row.get(4)?),
            "revoked" => Mark::Revoked,
            _ => Mark::Reaction {
                by: row.get(5)?,
                text: row.get(4)?,
            },
        };
        let key = MessageKey {
            direction: match row.get_ref(1)?.as_str()? {
                "inbound" => "inbound",
                _ => "outbound",
            },
            message_id: row.get(2)?,
        };
        marks.push((key, row.get(3)?, mark));
    }
    Ok(marks)
}

/// The row of a message.
fn row_of(
    db: &Connection,
    session: &SessionName,
    chat: &ChatId,
    direction: &str,
    message_id: &MessageId,
) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT id FROM message WHERE session = ?1 AND direction = ?2 AND stanza = ?3 AND chat = ?4",
    )?
    .query_row(params![session, direction, message_id, chat], |row| row.get(0))
    .optional()
}
