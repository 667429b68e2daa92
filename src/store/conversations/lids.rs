//! People: which `@lid` and which `@c.us` are one person.

use std::time::Duration;

use fred::interfaces::SortedSetsInterface;

use crate::clock;
use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::scripts::answer::Millis;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// Somebody whom WhatsApp itself does not know by number is asked about again after this, while we talk to them.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3600);

impl Store {
    /// The `@lid` chats of a session of which it is time to ask WAHA whose they are, `count` at most.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unmapped(
        &self,
        session: &SessionName,
        count: i64,
        now: Millis,
    ) -> Result<Vec<ChatId>, StoreError> {
        self.connected()?;
        let key = self.inner.keys.unmapped(session);
        Ok(self
            .inner
            .client
            .zrangebyscore(key, "-inf", now as f64, false, Some((0, count)))
            .await?)
    }

    /// Puts off asking about a `@lid`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn ask_later(
        &self,
        session: &SessionName,
        lid: &ChatId,
        at: Millis,
    ) -> Result<(), StoreError> {
        self.connected()?;
        let key = self.inner.keys.unmapped(session);
        let _: i64 = self
            .inner
            .client
            .zadd(key, None, None, false, false, (at as f64, lid.as_str()))
            .await?;
        Ok(())
    }

    /// Learns the `@c.us` of a `@lid`, or that WAHA does not know it: whatever is open under both becomes one conversation
    /// under the better place in line. Returns whether both are one chat from now on.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn learn(
        &self,
        session: &SessionName,
        lid: &ChatId,
        chat: Option<&ChatId>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let arguments = Arguments::new()
            .number(clock::millis(ASK_AGAIN_AFTER))
            .text(lid)
            .text(chat.map_or("", ChatId::as_str));
        let learnt = self
            .inner
            .scripts
            .learn
            .run(session, now, arguments)
            .await?;
        Ok(learnt.as_u64().ok_or(StoreError::Garbled("a number"))? > 0)
    }
}
