//! The two ids of one person: which `@lid` belongs to which `@c.us`.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// If WAHA does not know the number of an `@lid`, we ask again after this time, as long as its conversation is there.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3600);

impl Store {
    /// The `@lid` chats of a session to ask WAHA about now, at most `count`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn lids_to_ask(
        &self,
        session: &SessionName,
        count: i64,
        now: Millis,
    ) -> Result<Vec<ChatId>, StoreError> {
        let key = self.inner.keys.lids_to_ask(session);
        let due: Vec<(ChatId, f64)> = self
            .inner
            .client
            .zrange_up_to(key, now.as_i64() as f64, count)
            .await?;
        Ok(due.into_iter().map(|(lid, _)| lid).collect())
    }

    /// Postpones the question about a `@lid`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn postpone_lid_lookup(
        &self,
        session: &SessionName,
        lid: &ChatId,
        at: Millis,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.lids_to_ask(session);
        let mark = (at.as_i64() as f64, lid.as_str());
        self.inner.client.zadd(key, mark).await
    }

    /// Stores the `@c.us` of a `@lid`, or that WAHA does not know it. Open conversations under both ids become one, with
    /// the better place in line. Returns whether both ids are one chat now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn link_ids(
        &self,
        session: &SessionName,
        lid: &ChatId,
        chat: Option<&ChatId>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let arguments = Arguments::new()
            .length(ASK_AGAIN_AFTER)
            .text(lid)
            .text(chat.map_or("", ChatId::as_str));
        let linked = self
            .inner
            .scripts
            .link_ids
            .run(session, now, arguments)
            .await?;
        Ok(linked
            .as_u64()
            .ok_or(StoreError::UnexpectedAnswer("a number"))?
            > 0)
    }
}
