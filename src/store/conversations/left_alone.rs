//! The chats that the bot leaves alone because they reached a limit, for the agent that notifies the owner.

use serde::Deserialize;

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::store::Store;

/// How many are read at once.
const AT_ONCE: u32 = 100;

/// A chat that the bot leaves alone.
#[derive(Clone, Debug)]
pub struct LeftAlone {
    /// The chat.
    pub chat: ChatId,
    /// Unique for each time that a chat is left alone.
    pub id: String,
    /// The customer's WhatsApp name, or empty.
    pub name: String,
    /// The limit that it reached, as `[limits]` in a flow names it.
    pub limit: String,
    /// That limit.
    pub count: u64,
    /// Until when.
    pub until: Millis,
}

/// What the script stores. A later version may add to it.
#[derive(Deserialize)]
struct StoredPause {
    id: String,
    #[serde(default)]
    name: String,
    limit: String,
    count: u64,
    ends: String,
}

impl Store {
    /// The chats that the bot leaves alone and that have not been reported to the owner yet; some of them if they are very many.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unnotified_left_alone(
        &self,
        session: &SessionName,
    ) -> Result<Vec<LeftAlone>, StoreError> {
        let key = self.inner.keys.left_alone_unnotified(session);
        let chats: Vec<(ChatId, String)> = self.inner.client.some_fields(key, AT_ONCE).await?;
        let read = |(chat, stored): (ChatId, String)| {
            let stored: StoredPause = serde_json::from_str(&stored)
                .map_err(|_| StoreError::UnexpectedAnswer("why a chat is left alone"))?;
            let ends = stored.ends.parse().map(Millis::new);
            Ok(LeftAlone {
                chat,
                id: stored.id,
                name: stored.name,
                limit: stored.limit,
                count: stored.count,
                until: ends.map_err(|_| StoreError::UnexpectedAnswer("a time"))?,
            })
        };
        chats.into_iter().map(read).collect()
    }

    /// Notes that the owner was notified of a chat that the bot leaves alone.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe.
    pub async fn mark_left_alone_notified(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.left_alone_unnotified(session);
        self.inner.client.hdel(key, [chat.as_str()]).await.map(drop)
    }

    /// Whether the bot leaves a chat alone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_left_alone(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<bool, StoreError> {
        let key = self.inner.keys.left_alone(session, chat);
        self.inner.client.exists(key).await
    }
}
