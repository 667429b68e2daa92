//! Erases a person: all that was said and done in their chats, under every id of theirs.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use serde_json::json;

use super::chat_names::ChatNames;
use super::entry::EventRow;
use super::error::{HistoryError, failed};
use super::event::EventKind;
use super::query::History;
use super::{clean, erasures, events};
use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};

/// A shorter number could be part of another one.
const DIGITS_MIN: usize = 8;

/// In order: what looks for rows of another table comes before these are gone. `?1` is the session, `?2` the chats as a JSON array.
const STATEMENTS: [&str; 9] = [
    "DELETE FROM conversation_event WHERE (session, conversation) IN (SELECT k.session, k.id FROM conversation k
        WHERE k.chat IN (SELECT value FROM json_each(?2)) AND k.session = ?1)",
    "DELETE FROM conversation WHERE chat IN (SELECT value FROM json_each(?2)) AND session = ?1",
    "DELETE FROM message WHERE chat IN (SELECT value FROM json_each(?2)) AND session = ?1",
    "DELETE FROM echo WHERE chat IN (SELECT value FROM json_each(?2)) AND session = ?1",
    "DELETE FROM ack WHERE chat IN (SELECT value FROM json_each(?2)) AND session = ?1",
    "DELETE FROM edit WHERE chat IN (SELECT value FROM json_each(?2)) AND session = ?1",
    "DELETE FROM revocation WHERE chat IN (SELECT value FROM json_each(?2)) AND session = ?1",
    "DELETE FROM reaction WHERE chat IN (SELECT value FROM json_each(?2)) AND session = ?1",
    "DELETE FROM customer_name WHERE chat IN (SELECT value FROM json_each(?2)) AND session = ?1",
];

/// All ids of the persons with the ids `?1` (a JSON array): hidden ids, and what they turned out to be.
const ALL_IDS: &str = "WITH given AS (SELECT value AS id FROM json_each(?1)),
    kept AS (SELECT id FROM given UNION SELECT a.chat FROM alias a WHERE a.lid IN (SELECT id FROM given))
    SELECT id FROM kept UNION SELECT a.lid FROM alias a WHERE a.chat IN (SELECT id FROM kept)";

/// Erases a person in a session, and notes that `by` did so `at` this time. An entry that comes after this one may make them known again.
pub(super) fn person(
    db: &Connection,
    session: &SessionName,
    chats: &[ChatId],
    at: Millis,
    by: &str,
) -> rusqlite::Result<()> {
    let chats = all_ids(db, &json!(chats).to_string())?;
    let hash = erasures::store(db, &chats, at, by)?;
    // The version before wrote the line itself.
    if !by.is_empty() {
        let line = EventRow {
            conversation: None,
            at,
            kind: EventKind::Erased,
            by: by.to_owned(),
            team: String::new(),
            what: hash,
            text: String::new(),
        };
        events::store(db, &SessionName::none(), &line)?;
    }
    clean::note(db, at)?;
    let list = json!(chats).to_string();
    for sql in STATEMENTS {
        db.prepare_cached(sql)?.execute(params![session, list])?;
    }
    db.prepare_cached(
        "DELETE FROM alias WHERE session = ?1
         AND (lid IN (SELECT value FROM json_each(?2)) OR chat IN (SELECT value FROM json_each(?2)))",
    )?
    .execute(params![session, list])?;
    for chat in &chats {
        notices(db, chat)?;
        unreadable(db, session, chat)?;
    }
    Ok(())
}

/// Whether a text names this number or id. Another number may begin or end with it.
fn names(text: &str, name: &str) -> bool {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    text.match_indices(name).any(|(at, found)| {
        let (before, after) = (text.get(..at), text.get(at + found.len()..));
        !is_digit(before.unwrap_or_default().chars().next_back())
            && !is_digit(after.unwrap_or_default().chars().next())
    })
}

/// Entries that could not be read: they are kept as they came.
fn unreadable(db: &Connection, session: &SessionName, chat: &str) -> rusqlite::Result<()> {
    let (number, _) = chat.split_once('@').unwrap_or((chat, ""));
    let rows: Vec<(String, String)> = db
        .prepare_cached(
            "SELECT stream_id, fields FROM unreadable WHERE session = ?1 AND instr(fields, ?2)",
        )?
        .query_map(params![session, number], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (entry, _) in rows.iter().filter(|(_, fields)| names(fields, number)) {
        db.prepare_cached("DELETE FROM unreadable WHERE session = ?1 AND stream_id = ?2")?
            .execute(params![session, entry])?;
    }
    Ok(())
}

/// What the owner was told about them, perhaps through another session: notices belong to no conversation, and name the number.
fn notices(db: &Connection, chat: &str) -> rusqlite::Result<()> {
    let number = match chat.split_once('@') {
        Some((number, "c.us")) => format!("+{number}"),
        _ => chat.to_owned(),
    };
    if number.len() <= DIGITS_MIN {
        return Ok(());
    }
    let rows: Vec<(i64, String)> = db
        .prepare_cached(
            "SELECT id, text FROM message WHERE conversation IS NULL AND author = 'bot' AND instr(text, ?1)",
        )?
        .query_map([&number], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (row, _) in rows.iter().filter(|(_, text)| names(text, &number)) {
        for sql in [
            "DELETE FROM echo WHERE reply = ?1",
            "DELETE FROM message WHERE id = ?1",
        ] {
            db.prepare_cached(sql)?.execute([row])?;
        }
    }
    Ok(())
}

fn all_ids(db: &Connection, given: &str) -> rusqlite::Result<BTreeSet<String>> {
    db.prepare_cached(ALL_IDS)?
        .query_map([given], |row| row.get(0))?
        .collect()
}

impl History {
    /// All ids of the person with these names.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn ids_of_person(&self, ChatNames(names): &ChatNames) -> Result<Vec<ChatId>, HistoryError> {
        let found = all_ids(&self.db, &json!(names).to_string());
        let found = found.map_err(failed(&self.path, "looking for a person"))?;
        Ok(found.into_iter().map(ChatId::stored).collect())
    }

    /// Whether there is something of a person with one of these ids from before this time.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn has_before(&self, chats: &[ChatId], at: Millis) -> Result<bool, HistoryError> {
        let read = || {
            self.db
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM message WHERE chat IN (SELECT value FROM json_each(?1)) AND at < ?2)
                     OR EXISTS (SELECT 1 FROM conversation WHERE chat IN (SELECT value FROM json_each(?1))
                        AND coalesce(opened_at, claimed_at, closed_at, 0) < ?2)",
                )?
                .query_row(params![json!(chats).to_string(), at], |row| row.get(0))
        };
        read().map_err(failed(&self.path, "looking for a person"))
    }

    /// The sessions in which there is something of a person with one of these ids.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn sessions_of_person(&self, chats: &[ChatId]) -> Result<Vec<SessionName>, HistoryError> {
        let read = || {
            self.db
                .prepare_cached(
                    "SELECT session FROM message WHERE chat IN (SELECT value FROM json_each(?1))
                     UNION SELECT session FROM conversation WHERE chat IN (SELECT value FROM json_each(?1))
                     UNION SELECT session FROM alias WHERE lid IN (SELECT value FROM json_each(?1))",
                )?
                .query_map([json!(chats).to_string()], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(failed(&self.path, "looking for a person"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_not_named_by_one_that_contains_it() {
        for (text, is_named) in [
            ("Ana (+5511999990000) waits", true),
            ("+5511999990000", true),
            ("+55119999900001 and +5511999990000.", true),
            ("Rui (+55119999900001) waits", false),
            ("", false),
        ] {
            assert_eq!(names(text, "+5511999990000"), is_named, "{text}");
        }
        assert!(names("[\"chat\",\"123@lid\"]", "123"));
        assert!(!names("[\"chat\",\"4123@lid\"]", "123"));
    }
}
