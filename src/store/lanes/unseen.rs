//! The customer's messages that are not marked as seen yet. Ingest notes them, and the sender marks them before it answers.

use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::store::Store;

impl Store {
    /// The serialised ids of the messages in a chat that are not marked as seen yet, oldest first: the newest 30 of the last
    /// day.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unseen_messages(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<Vec<String>, StoreError> {
        let key = self.inner.keys.unseen(session, chat);
        let client = &self.inner.client;
        client.zrange(key, -30, -1).await
    }

    /// Notes that these messages are marked as seen.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn note_seen(
        &self,
        session: &SessionName,
        chat: &ChatId,
        messages: Vec<String>,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.unseen(session, chat);
        self.inner.client.zrem(key, messages).await.map(drop)
    }
}
