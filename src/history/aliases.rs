//! One person, two chat ids: messages under a hidden id (`@lid`) are stored under the chat it belongs to.
//!
//! An alias may become known long after the first message under the hidden id. Then those messages move with all that
//! happened to them, and replies find their echoes across the two ids.

use rusqlite::{Connection, OptionalExtension, params};

use super::{message_changes, names, pairing};
use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};

/// Stores that `lid` is `chat`, known since `at`, and moves what is stored under `lid`.
pub(super) fn store(
    db: &Connection,
    session: &SessionName,
    lid: &ChatId,
    chat: &ChatId,
    at: Millis,
) -> rusqlite::Result<()> {
    // The latest alias counts, in any order of arrival; what was moved before stays where it is.
    db.prepare_cached(
        "INSERT INTO alias (session, lid, chat, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET chat = excluded.chat, at = excluded.at
         WHERE (excluded.at, excluded.chat) > (at, chat)",
    )?
    .execute(params![session, lid, chat, at])?;
    let chat = kept_under(db, session, lid.clone())?;
    if chat == *lid {
        return Ok(());
    }
    let doubles = pairing::take_doubles(db, session, lid, &chat)?;
    let mut moved = doubles.len();
    for statement in [
        "UPDATE message SET chat = ?3 WHERE chat = ?2 AND session = ?1",
        "UPDATE echo SET chat = ?3, row = json_set(row, '$.chat', ?3) WHERE chat = ?2 AND session = ?1",
    ] {
        moved += db
            .prepare_cached(statement)?
            .execute(params![session, lid, chat])?;
    }
    db.prepare_cached("UPDATE conversation SET chat = ?3 WHERE chat = ?2 AND session = ?1")?
        .execute(params![session, lid, chat])?;
    names::move_all(db, session, lid, &chat)?;
    pairing::store_again(db, &chat, doubles)?;
    message_changes::move_all(db, session, lid, &chat)?;
    if moved > 0 {
        pairing::rematch_all(db, session, &chat)?;
    }
    Ok(())
}

/// The chat under which `chat` is stored: itself, unless it is known as the hidden id of another one.
pub(super) fn kept_under(
    db: &Connection,
    session: &SessionName,
    chat: ChatId,
) -> rusqlite::Result<ChatId> {
    if !chat.is_lid() {
        return Ok(chat);
    }
    let known = db
        .prepare_cached("SELECT chat FROM alias WHERE session = ?1 AND lid = ?2")?
        .query_row(params![session, chat], |row| row.get(0))
        .optional()?;
    Ok(known.unwrap_or(chat))
}
