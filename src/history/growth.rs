//! How large the file is, and how fast it grows.

use std::time::Duration;

use rusqlite::params;

use super::error::{HistoryError, failed};
use super::query::History;
use crate::clock::Millis;

/// What of the past counts.
const WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);
/// With fewer messages, the tables themselves are most of the file.
const MESSAGES_MIN: i64 = 1_000;
/// With less time, one busy hour would count as the rule.
const TIME_MIN: Duration = Duration::from_secs(24 * 3600);

/// The size of the file, and how fast it grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryGrowth {
    /// How many bytes the file has.
    pub bytes: u64,
    /// How many bytes more each day; `None` if there is too little to tell.
    pub bytes_a_day: Option<u64>,
}

impl History {
    /// How large the file is, and how fast it has grown in the last days.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn growth(&self, now: Millis) -> Result<HistoryGrowth, HistoryError> {
        let read = || {
            let pages = self
                .db
                .pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))?;
            let page = self
                .db
                .pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))?;
            let messages: i64 = self
                .db
                // Old ones may be gone, and their pages are used again.
                .query_row("SELECT count(*) FROM message", [], |row| row.get(0))?;
            let (recent, first): (i64, Option<Millis>) = self.db.query_row(
                "SELECT count(*), min(at) FROM message WHERE at >= ?1",
                params![now - WINDOW],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            Ok((
                pages.saturating_mul(page).unsigned_abs(),
                messages,
                recent,
                first,
            ))
        };
        let (bytes, messages, recent, first) =
            read().map_err(failed(&self.path, "reading its size"))?;
        let time = first.map_or(Duration::ZERO, |first| now.since(first));
        let is_known = messages >= MESSAGES_MIN && time >= TIME_MIN;
        Ok(HistoryGrowth {
            bytes,
            bytes_a_day: is_known.then(|| {
                let of_one = bytes as f64 / messages as f64;
                let days = time.as_secs_f64() / (24.0 * 3600.0);
                (of_one * recent as f64 / days) as u64
            }),
        })
    }
}
