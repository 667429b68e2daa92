//! Removes the bytes of rows that were deleted: SQLite leaves them in free parts of its pages, the index of words in its older segments, and the
//! log (`-wal`) has the pages as they were. The file remembers that it must be cleaned until it is.

use rusqlite::{Connection, params};

use super::error::{HistoryError, failed};
use super::query::History;
use super::schema;
use crate::clock::Millis;

/// The indexes of words. Each deletion is written into a new segment of an index, with its words; only a merge of all segments drops both.
const WORDS: [&str; 2] = ["message_text", "note_text"];

/// Rows were deleted at `at`: the file must be cleaned.
pub(super) fn note(db: &Connection, at: Millis) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO remains (since) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM remains)",
    )?
    .execute(params![at])?;
    db.prepare_cached("UPDATE remains SET vacuumed = 0 WHERE vacuumed = 1")?
        .execute([])?;
    Ok(())
}

/// Whether the file must be cleaned.
pub(super) fn is_due(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM remains")?.exists([])
}

/// Cleans the file. Returns false if somebody reads an old state of the file, so that its log could not be emptied: try again.
///
/// It may be killed at any moment. What is done stays, and the next call does the rest.
pub(super) fn clean(db: &Connection) -> rusqlite::Result<bool> {
    let is_vacuumed: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM remains WHERE vacuumed = 1)")?
        .query_row([], |row| row.get(0))?;
    if !is_vacuumed {
        for words in WORDS {
            db.execute_batch(&format!(
                "INSERT INTO {words} ({words}) VALUES ('optimize')"
            ))?;
        }
        // `secure_delete` clears what is deleted, but a page that was filled again may still have older bytes between its cells.
        schema::keep_temporary_data(db, "FILE")?;
        let vacuumed = db.execute_batch("VACUUM; UPDATE remains SET vacuumed = 1");
        schema::keep_temporary_data(db, "MEMORY")?;
        vacuumed?;
    }
    let is_busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy {
        return Ok(false);
    }
    db.execute_batch("DELETE FROM remains")?;
    Ok(true)
}

impl History {
    /// Whether no bytes of deleted rows are in the file any more.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn is_clean(&self) -> Result<bool, HistoryError> {
        let due = is_due(&self.db);
        Ok(!due.map_err(failed(&self.path, "looking whether it is clean"))?)
    }
}
