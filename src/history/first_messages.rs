//! Where a conversation begins in its chat.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};

use super::error::{HistoryError, failed};
use super::message::Conversation;
use super::query::History;
use crate::ids::ConversationId;

impl History {
    /// The row of the first message of each of these conversations. Those without a message are left out.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn first_messages(
        &self,
        conversations: &[Conversation],
    ) -> Result<HashMap<ConversationId, i64>, HistoryError> {
        let read = || {
            let mut statement = self.db.prepare_cached(
                "SELECT id FROM message INDEXED BY message_chat
                 WHERE chat = ?1 AND session = ?2 AND conversation = ?3 ORDER BY at, id LIMIT 1",
            )?;
            let mut found = HashMap::new();
            for one in conversations {
                let row = statement
                    .query_row(params![one.chat, one.session, one.id], |row| row.get(0))
                    .optional()?;
                found.extend(row.map(|row| (one.id.clone(), row)));
            }
            Ok(found)
        };
        read().map_err(failed(&self.path, "looking for messages"))
    }
}
