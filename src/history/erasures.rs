//! That persons were erased, when and by whom. Their ids are only there as hashes with a key of the file: so the owner can answer whether a number was
//! erased, and the file does not say which numbers were.

use std::collections::BTreeSet;

use ring::hmac;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::chat_names::ChatNames;
use super::error::{HistoryError, failed};
use super::query::History;
use crate::clock::Millis;
use crate::ids::ChatId;

/// A person was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredErasure {
    /// When it was asked for.
    pub at: Millis,
    /// The agent.
    pub by: String,
    /// HMAC-SHA256 of an id of the person, in hexadecimal.
    pub hash: String,
}

/// Stores that the person with these ids was erased. Again at the same moment is the same. Returns the hash of their first number.
pub(super) fn store(
    db: &Connection,
    chats: &BTreeSet<String>,
    at: Millis,
    by: &str,
) -> rusqlite::Result<String> {
    let key = key(db)?;
    for chat in chats {
        db.prepare_cached("INSERT OR IGNORE INTO erasure (hash, at, by) VALUES (?1, ?2, ?3)")?
            .execute(params![hash(&key, chat), at, by])?;
    }
    let number = chats.iter().find(|chat| chat.ends_with("@c.us"));
    Ok(number
        .or(chats.first())
        .map(|chat| hash(&key, chat))
        .unwrap_or_default())
}

fn key(db: &Connection) -> rusqlite::Result<hmac::Key> {
    let bytes: Vec<u8> = db
        .prepare_cached("SELECT key FROM erasure_key")?
        .query_row([], |row| row.get(0))?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn hash(key: &hmac::Key, id: &str) -> String {
    let tag = hmac::sign(key, id.as_bytes());
    tag.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl History {
    /// Whether a person with one of these ids was erased when that was asked for at this moment.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn has_erasure(&self, chats: &[ChatId], at: Millis) -> Result<bool, HistoryError> {
        let read = || {
            let key = key(&self.db)?;
            let mut found = self
                .db
                .prepare_cached("SELECT 1 FROM erasure WHERE hash = ?1 AND at = ?2")?;
            for chat in chats {
                if found.exists(params![hash(&key, chat.as_str()), at])? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        read().map_err(failed(&self.path, "reading who was erased"))
    }

    /// The erasures of the person with one of these names, or all of them (one line for each id that a person had), oldest first.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn erasures(&self, of: Option<&ChatNames>) -> Result<Vec<StoredErasure>, HistoryError> {
        let read = || {
            let key = key(&self.db)?;
            let wanted: Option<Vec<String>> =
                of.map(|ChatNames(names)| names.iter().map(|id| hash(&key, id)).collect());
            self.db
                .prepare_cached("SELECT at, by, hash FROM erasure ORDER BY at, hash")?
                .query_map([], |row| {
                    Ok(StoredErasure {
                        at: row.get(0)?,
                        by: row.get(1)?,
                        hash: row.get(2)?,
                    })
                })?
                .filter(|one| match (one, &wanted) {
                    (Ok(one), Some(wanted)) => wanted.contains(&one.hash),
                    _ => true,
                })
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(failed(&self.path, "reading who was erased"))
    }
}
