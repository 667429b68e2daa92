//! When a customer last wrote to a session: whether customers still reach it.

use rusqlite::{OptionalExtension, params};

use super::error::{HistoryError, failed};
use super::query::History;
use crate::clock::Millis;
use crate::ids::SessionName;

impl History {
    /// When the last message of a customer came in this session, if that was at `since` or later. Nothing before it is
    /// looked at.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn last_heard(
        &self,
        session: &SessionName,
        since: Millis,
    ) -> Result<Option<Millis>, HistoryError> {
        let read = || {
            self.db
                .prepare_cached(
                    "SELECT at FROM message WHERE session = ?1 AND direction = 'inbound' AND at >= ?2 ORDER BY at DESC LIMIT 1",
                )?
                .query_row(params![session, since], |row| row.get(0))
                .optional()
        };
        read().map_err(failed(&self.path, "reading the last message"))
    }
}
