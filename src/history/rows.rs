//! Rows of the table `message`: finds, adds, completes and removes them. Triggers keep the index of their words; those of new rows are added at
//! the end of the batch (`archive`).

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::entry::Row;
use crate::clock::Millis;
use crate::ids::{ChatId, MessageId, SessionName};

/// The tables of what happened to messages.
pub(super) const MARK_TABLES: [&str; 4] = ["ack", "edit", "revocation", "reaction"];

/// A row that is already there: what we need to decide about it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: i64,
    pub(super) message_id: Option<MessageId>,
    /// Of a reply; `None` for a message that WAHA reported.
    pub(super) state: Option<String>,
    /// A reply whose message id the sender never learned (column `loose`). If it has one, an echo lends it.
    pub(super) without_id: bool,
    pub(super) chat: ChatId,
    pub(super) text: String,
    pub(super) at: Millis,
}

/// Adds a row; `None` if the message is already here.
pub(super) fn insert(db: &Connection, row: &Row) -> rusqlite::Result<Option<i64>> {
    let added = db
        .prepare_cached(include_str!("sql/message_insert.sql"))?
        .execute(&params(row)[..])?;
    if added == 0 {
        return Ok(None);
    }
    let id = db.last_insert_rowid();
    if row.message_id.is_some() {
        take_those_without_chat(db, id, row)?;
    }
    Ok(Some(id))
}

/// A message came: what the version before stored about it before, without its chat, is about this one.
fn take_those_without_chat(db: &Connection, id: i64, row: &Row) -> rusqlite::Result<()> {
    // Only a history of that version has any. One look is all that other messages pay for them.
    let has_any: bool = db
        .prepare_cached(&HAS_MARKS_WITHOUT_CHAT)?
        .query_row([&row.session], |found| found.get(0))?;
    if !has_any {
        return Ok(());
    }
    for table in MARK_TABLES {
        let sql = format!(
            "UPDATE OR IGNORE {table} SET chat = ?2 WHERE session = ?1 AND chat = '' AND direction = ?3 AND stanza = ?4"
        );
        db.prepare_cached(&sql)?.execute(params![
            row.session,
            row.chat,
            row.direction,
            row.message_id
        ])?;
    }
    find_edit(db, id)
}

static HAS_MARKS_WITHOUT_CHAT: LazyLock<String> = LazyLock::new(|| {
    let has_any =
        |table| format!("EXISTS (SELECT 1 FROM {table} WHERE session = ?1 AND chat = '')");
    format!("SELECT {}", MARK_TABLES.map(has_any).join(" OR "))
});

/// Looks again which edit is the last one of a message, after its message id, chat or edits changed.
pub(super) fn find_edit(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached(include_str!("sql/message_edited.sql"))?
        .execute([id])?;
    Ok(())
}

/// Fills what row `id` lacks from another report of the same message; what it has stays.
pub(super) fn fill(db: &Connection, id: i64, row: &Row) -> rusqlite::Result<()> {
    complete(db, include_str!("sql/message_fill.sql"), id, row)
}

/// Overwrites row `id` with a reply's report; what the report lacks stays.
pub(super) fn overlay(db: &Connection, id: i64, row: &Row) -> rusqlite::Result<()> {
    complete(db, include_str!("sql/message_overlay.sql"), id, row)
}

fn complete(db: &Connection, sql: &str, id: i64, row: &Row) -> rusqlite::Result<()> {
    let mut all = params(row).to_vec();
    all.push(&id);
    db.prepare_cached(sql)?.execute(&all[..])?;
    Ok(())
}

/// Gives row `id` a message id, or takes it away.
pub(super) fn set_message_id(
    db: &Connection,
    id: i64,
    message_id: Option<&MessageId>,
) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE message SET stanza = ?1 WHERE id = ?2")?
        .execute(params![message_id, id])?;
    // The edits belong to the message id.
    find_edit(db, id)
}

/// Removes row `id` and returns it.
pub(super) fn take(db: &Connection, id: i64) -> rusqlite::Result<Row> {
    let row = db
        .prepare_cached(include_str!("sql/message_row.sql"))?
        .query_row([id], |row| {
            Ok(Row {
                session: row.get(0)?,
                direction: row.get(1)?,
                message_id: row.get(2)?,
                chat: row.get(3)?,
                conversation: row.get(4)?,
                author: row.get(5)?,
                kind: row.get(6)?,
                text: row.get(7)?,
                media: row.get(8)?,
                location: row.get(9)?,
                contacts: row.get(10)?,
                quoted: row.get(11)?,
                name: row.get(12)?,
                sent_at: row.get(13)?,
                received_at: row.get(14)?,
                at: row.get(15)?,
                reply_id: row.get(16)?,
                state: row.get(17)?,
                reason: row.get(18)?,
                by: row.get(19)?,
            })
        })?;
    db.prepare_cached("DELETE FROM message WHERE id = ?1")?
        .execute([id])?;
    Ok(row)
}

/// The row of the message of a chat with this id.
pub(super) fn by_message_id(
    db: &Connection,
    session: &SessionName,
    chat: &ChatId,
    direction: &str,
    message_id: &MessageId,
) -> rusqlite::Result<Option<Found>> {
    db.prepare_cached(
        "SELECT id, stanza, state, loose, chat, text, at FROM message
         WHERE session = ?1 AND direction = ?2 AND stanza = ?3 AND chat = ?4",
    )?
    .query_row(params![session, direction, message_id, chat], found)
    .optional()
}

/// The row of a reply.
pub(super) fn by_reply(
    db: &Connection,
    session: &SessionName,
    reply_id: &str,
) -> rusqlite::Result<Option<Found>> {
    db.prepare_cached(
        "SELECT id, stanza, state, loose, chat, text, at FROM message WHERE session = ?1 AND reply_id = ?2",
    )?
    .query_row(params![session, reply_id], found)
    .optional()
}

fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        id: row.get(0)?,
        message_id: row.get(1)?,
        state: row.get(2)?,
        without_id: row.get(3)?,
        chat: row.get(4)?,
        text: row.get(5)?,
        at: row.get(6)?,
    })
}

/// Parameters 1 to 20 of the statements that write a row.
fn params(row: &Row) -> [&dyn ToSql; 20] {
    [
        &row.session,
        &row.direction,
        &row.message_id,
        &row.chat,
        &row.conversation,
        &row.author,
        &row.kind,
        &row.text,
        &row.media,
        &row.location,
        &row.contacts,
        &row.quoted,
        &row.name,
        &row.sent_at,
        &row.received_at,
        &row.at,
        &row.reply_id,
        &row.state,
        &row.reason,
        &row.by,
    ]
}
