//! Removes what is older than the history shall keep: whole conversations by when they closed, and messages without one by their own time. Open
//! conversations stay. It does so in small batches, so that the entries that come meanwhile are stored in between.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::json;

use super::clean;
use super::error::{HistoryError, failed};
use super::query::History;
use super::rows::MARK_TABLES;
use crate::clock::Millis;

/// How many conversations one transaction removes, and how many messages without one.
const CONVERSATIONS_MAX: usize = 100;
const MESSAGES_MAX: usize = 2_000;

/// A conversation that is over since before `?1`.
const IS_OLD: &str = "coalesce(c.opened_at, c.claimed_at, c.closed_at) < ?1 AND c.closed_at < ?1";

/// An old message that belongs to no conversation, or to one that is gone.
const IS_ALONE: &str = "m.at < ?1 AND NOT EXISTS (SELECT 1 FROM conversation c WHERE c.session = m.session AND c.id = m.conversation)";

/// What one batch removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Conversations.
    pub conversations: usize,
    /// Messages, of these conversations and others.
    pub messages: usize,
    /// There is no more to remove.
    pub is_done: bool,
}

/// What is older than a moment, and would be removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Prunable {
    /// Conversations that closed before.
    pub conversations: i64,
    /// Messages of these conversations, and older ones without a conversation.
    pub messages: i64,
    /// When the first of the messages was said.
    pub first_at: Option<Millis>,
    /// When the last one was.
    pub last_at: Option<Millis>,
}

/// From now on, what is older than `before` shall go.
pub(super) fn begin(db: &Connection, before: Millis) -> rusqlite::Result<()> {
    let later = db
        .prepare_cached("UPDATE pruning SET before = max(before, ?1)")?
        .execute(params![before])?;
    if later == 0 {
        db.prepare_cached("INSERT INTO pruning VALUES (?1)")?
            .execute(params![before])?;
    }
    Ok(())
}

/// Removes one batch of what shall go, at `now`. `None`: nothing shall.
pub(super) fn batch(db: &mut Connection, now: Millis) -> rusqlite::Result<Option<Pruned>> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let before: Option<Millis> = tx
        .prepare_cached("SELECT max(before) FROM pruning")?
        .query_row([], |row| row.get(0))?;
    let Some(before) = before else {
        return Ok(None);
    };
    let mut pruned = conversations(&tx, before)?;
    if pruned.conversations == 0 {
        pruned.messages = messages(&tx, before)?;
        if pruned.messages == 0 {
            let rest = what_is_left(&tx, before)?;
            tx.execute("DELETE FROM pruning", [])?;
            pruned.is_done = true;
            if rest > 0 {
                clean::note(&tx, now)?;
            }
        }
    }
    if pruned.conversations + pruned.messages > 0 {
        clean::note(&tx, now)?;
    }
    tx.commit()?;
    Ok(Some(pruned))
}

fn conversations(db: &Connection, before: Millis) -> rusqlite::Result<Pruned> {
    let sql = format!(
        "SELECT c.session, c.id, c.chat FROM conversation c WHERE {IS_OLD} LIMIT {CONVERSATIONS_MAX}"
    );
    let old: Vec<(String, String, String)> = db
        .prepare_cached(&sql)?
        .query_map([before], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut messages = Vec::new();
    for (session, id, chat) in &old {
        let theirs = db
            .prepare_cached(
                "SELECT id FROM message WHERE chat = ?3 AND session = ?1 AND conversation = ?2",
            )?
            .query_map(params![session, id, chat], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        messages.extend(theirs);
    }
    remove_messages(db, &messages)?;
    for (session, id, _) in &old {
        for sql in [
            "DELETE FROM conversation_event WHERE session = ?1 AND conversation = ?2",
            "DELETE FROM conversation WHERE session = ?1 AND id = ?2",
        ] {
            db.prepare_cached(sql)?.execute(params![session, id])?;
        }
    }
    Ok(Pruned {
        conversations: old.len(),
        messages: messages.len(),
        is_done: false,
    })
}

fn messages(db: &Connection, before: Millis) -> rusqlite::Result<usize> {
    let sql = format!("SELECT m.id FROM message m WHERE {IS_ALONE} LIMIT {MESSAGES_MAX}");
    let old: Vec<i64> = db
        .prepare_cached(&sql)?
        .query_map([before], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    remove_messages(db, &old)?;
    Ok(old.len())
}

/// Removes messages with what happened to them.
fn remove_messages(db: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    let ids = json!(ids).to_string();
    for table in MARK_TABLES {
        let sql = format!(
            "DELETE FROM {table} WHERE (session, chat, direction, stanza) IN (
                SELECT session, chat, direction, stanza FROM message WHERE id IN (SELECT value FROM json_each(?1)))"
        );
        db.prepare_cached(&sql)?.execute([&ids])?;
    }
    for sql in [
        "DELETE FROM echo WHERE reply IN (SELECT value FROM json_each(?1))",
        "DELETE FROM message WHERE id IN (SELECT value FROM json_each(?1))",
    ] {
        db.prepare_cached(sql)?.execute([&ids])?;
    }
    Ok(())
}

/// Removes what belongs to nothing that is kept: what happened to messages that never came, names and ids of customers of whom there is nothing,
/// entries that could not be read, and what people did to lines. It stays written that somebody was erased.
fn what_is_left(db: &Connection, before: Millis) -> rusqlite::Result<usize> {
    let mut rest = 0;
    for table in MARK_TABLES {
        let at = if table == "ack" {
            "coalesce(x.at, x.failed_at)"
        } else {
            "x.at"
        };
        let sql = format!(
            "DELETE FROM {table} AS x WHERE {at} < ?1 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.session = x.session
                AND m.direction = x.direction AND m.stanza = x.stanza AND m.chat = x.chat)"
        );
        rest += db.prepare_cached(&sql)?.execute([before])?;
    }
    for sql in [
        "DELETE FROM customer_name AS x WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.chat = x.chat AND m.session = x.session)
            AND NOT EXISTS (SELECT 1 FROM conversation c WHERE c.chat = x.chat AND c.session = x.session)",
        "DELETE FROM alias AS x WHERE x.at < ?1
            AND NOT EXISTS (SELECT 1 FROM message m WHERE m.chat IN (x.chat, x.lid) AND m.session = x.session)
            AND NOT EXISTS (SELECT 1 FROM conversation c WHERE c.chat IN (x.chat, x.lid) AND c.session = x.session)",
        "DELETE FROM unreadable WHERE CAST(substr(stream_id, 1, instr(stream_id, '-') - 1) AS INTEGER) < ?1",
        "DELETE FROM conversation_event WHERE at < ?1 AND conversation = '' AND kind <> 'erased'",
    ] {
        let mut statement = db.prepare_cached(sql)?;
        rest += match statement.parameter_count() {
            0 => statement.execute([])?,
            _ => statement.execute([before])?,
        };
    }
    Ok(rest)
}

/// When the oldest message that is kept was said.
pub(super) fn oldest(db: &Connection) -> rusqlite::Result<Option<Millis>> {
    db.prepare_cached("SELECT at FROM message ORDER BY at LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()
}

impl History {
    /// What is older than `before`.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn prunable(&self, before: Millis) -> Result<Prunable, HistoryError> {
        let of_conversations = format!(
            "SELECT (SELECT count(*) FROM conversation c WHERE {IS_OLD}), count(*), min(m.at), max(m.at)
             FROM conversation c JOIN message m ON m.chat = c.chat AND m.session = c.session AND m.conversation = c.id WHERE {IS_OLD}"
        );
        let alone =
            format!("SELECT 0, count(*), min(m.at), max(m.at) FROM message m WHERE {IS_ALONE}");
        let count = |sql: &str| {
            self.db.query_row(sql, [before], |row| {
                Ok(Prunable {
                    conversations: row.get(0)?,
                    messages: row.get(1)?,
                    first_at: row.get(2)?,
                    last_at: row.get(3)?,
                })
            })
        };
        let both = self.at_one_moment(|| {
            let counted = count(&of_conversations).and_then(|one| Ok((one, count(&alone)?)));
            counted.map_err(failed(&self.path, "counting what is old"))
        });
        let (theirs, alone) = both?;
        let times = |one: Option<Millis>, other| one.into_iter().chain(other);
        Ok(Prunable {
            conversations: theirs.conversations,
            messages: theirs.messages + alone.messages,
            first_at: times(theirs.first_at, alone.first_at).min(),
            last_at: times(theirs.last_at, alone.last_at).max(),
        })
    }
}
