//! Notifications to the owner: each of them once, even if several processes notice the reason, and notice it often.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// How long we remember a notification. WAHA reports a restriction again and again, and a restriction usually lasts less
/// than this.
const NOTIFIED_TTL: Duration = Duration::from_secs(7 * 24 * 3600);

impl Store {
    /// Puts a reply into the lane of the owner's chat, `to`, unless the owner was notified of `cause` before through this
    /// session. Without `to` it is only noted. Returns whether it is the first time.
    ///
    /// # Errors
    /// See [`StoreError`]. The owner may or may not have been notified; trying again is safe.
    pub async fn notify_owner(
        &self,
        session: &SessionName,
        cause: &str,
        to: Option<(&ChatId, &Reply)>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let arguments = Arguments::new()
            .length(NOTIFIED_TTL)
            .text(cause)
            .text(to.map_or("", |(chat, _)| chat.as_str()))
            .text(to.map(|(_, reply)| reply.element()).unwrap_or_default());
        let script = &self.inner.scripts.notify_owner;
        let notified = Box::pin(script.run(session, now, arguments));
        let first = self.change_session(session, now, notified).await?;
        Ok(first.as_i64() == Some(1))
    }

    /// Whether the owner was notified of `cause` through this session.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn owner_was_notified(
        &self,
        session: &SessionName,
        cause: &str,
    ) -> Result<bool, StoreError> {
        let key = self.inner.keys.notified(session, cause);
        self.inner.client.exists(key).await
    }

    /// Sends the replies to `chat` to `id`, which belongs to the same person.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_address(
        &self,
        session: &SessionName,
        chat: &ChatId,
        id: &ChatId,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.address(session);
        let address = (chat.as_str(), id.as_str());
        self.inner.client.hset(key, address).await
    }

    /// The `@c.us` of the person with this `@lid`, if known.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn alias(
        &self,
        session: &SessionName,
        lid: &ChatId,
    ) -> Result<Option<ChatId>, StoreError> {
        let key = self.inner.keys.phone_id_of(session);
        self.inner.client.hget(key, lid.as_str()).await
    }
}
