//! What a screen shows of many chats at once: who spoke last, and the customer's last words. And the media of one message.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::{HistoryError, failed};
use super::query::History;
use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};

/// The end of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastWords {
    /// The customer's last message.
    pub said: Option<LastSaid>,
    /// The author of the last message: `customer`, `bot`, `agent` or `phone`.
    pub last_author: String,
    /// When that was said.
    pub last_at: Millis,
}

/// A customer's last message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastSaid {
    /// The latest text that is known.
    pub text: String,
    /// `text`, `image`, `voice`, `location` ...
    pub kind: String,
    /// When.
    pub at: Millis,
    /// The customer's WhatsApp name, if the message had it.
    pub name: Option<String>,
    /// Whether it was withdrawn.
    pub is_revoked: bool,
}

/// The file of a message, as WAHA reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMedia {
    /// The session of the message.
    pub session: SessionName,
    /// Where WAHA has the file.
    pub url: Option<String>,
    /// Its media type. The sender chose it.
    pub mimetype: Option<String>,
    /// Its name. The sender chose it.
    pub filename: Option<String>,
}

impl History {
    /// The last words in each of these chats, by the id that was asked for. A chat in which nothing was said is left out.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn last_words(
        &self,
        session: &SessionName,
        chats: &[ChatId],
    ) -> Result<HashMap<ChatId, LastWords>, HistoryError> {
        let read = || {
            self.db
                .prepare_cached(include_str!("sql/last_words.sql"))?
                .query_map(params![session, json!(chats).to_string()], |row| {
                    let text: Option<String> = row.get(3)?;
                    let said = match text {
                        None => None,
                        Some(text) => Some(LastSaid {
                            text,
                            kind: row.get(4)?,
                            at: row.get(5)?,
                            name: row.get(6)?,
                            is_revoked: row.get(7)?,
                        }),
                    };
                    let words = LastWords {
                        said,
                        last_author: row.get(1)?,
                        last_at: row.get(2)?,
                    };
                    Ok((row.get(0)?, words))
                })?
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(failed(&self.path, "reading last words"))
    }

    /// The file of the message in this row; `None` if there is no such message, or it has none.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn message_media(&self, row: i64) -> Result<Option<StoredMedia>, HistoryError> {
        let read = || {
            self.db
                .prepare_cached(
                    "SELECT session, media FROM message WHERE id = ?1 AND media IS NOT NULL",
                )?
                .query_row([row], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        };
        let found: Option<(SessionName, String)> =
            read().map_err(failed(&self.path, "reading a message"))?;
        Ok(found.map(|(session, media)| {
            let media: Value = serde_json::from_str(&media).unwrap_or_default();
            let text = |name: &str| media.get(name).and_then(Value::as_str).map(str::to_owned);
            StoredMedia {
                session,
                url: text("url"),
                mimetype: text("mimetype"),
                filename: text("filename"),
            }
        }))
    }
}
