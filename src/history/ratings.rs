//! How customers rated their conversations.

use std::io::{self, Write};
use std::ops::ControlFlow;

use rusqlite::Row;
use serde::Serialize;

use super::error::{HistoryError, failed};
use super::query::{Filter, History, Query};
use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, SessionName};
use crate::terminal::jsonl;

/// The rating of a conversation. Times are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredRating {
    /// The WhatsApp account.
    pub session: SessionName,
    /// The customer's chat id.
    pub chat: ChatId,
    /// The customer's WhatsApp name, as they last wrote under it.
    pub name: Option<String>,
    /// The conversation.
    pub conversation: ConversationId,
    /// When that was closed.
    pub closed_at: Option<Millis>,
    /// When the customer rated it.
    pub rated_at: Millis,
    /// 1 to 5.
    pub rating: i64,
    /// The last agent who had it.
    pub holder: Option<String>,
    /// The last team whose line it was in.
    pub team: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
}

impl StoredRating {
    /// Writes the rating as one line of JSON with all its fields; ends with a newline.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        jsonl(self, out)
    }
}

impl History {
    /// Calls `each` with every rating that `query` asks for, first given first, until it breaks. The period is that of the ratings.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn ratings(
        &self,
        query: &Query,
        each: impl FnMut(StoredRating) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        let mut filter = Filter::conversations(query);
        filter.all("c.rated_at IS NOT NULL", []);
        if let Some(since) = query.since {
            filter.all("c.rated_at >= ?", [since.as_i64().into()]);
        }
        if let Some(until) = query.until {
            filter.all("c.rated_at < ?", [until.as_i64().into()]);
        }
        let order = ["c.rated_at", "c.id"];
        let select = include_str!("sql/ratings.sql");
        self.read(select, filter, &order, query.last, rating, each)
            .map_err(failed(&self.path, "reading ratings"))
    }
}

fn rating(row: &Row<'_>) -> rusqlite::Result<StoredRating> {
    Ok(StoredRating {
        session: row.get(0)?,
        chat: row.get(1)?,
        name: row.get(2)?,
        conversation: row.get(3)?,
        closed_at: row.get(4)?,
        rated_at: row.get(5)?,
        rating: row.get(6)?,
        holder: row.get(7)?,
        team: row.get(8)?,
        outcome: row.get(9)?,
    })
}
