//! Whether the replies of a conversation have reached WAHA: the silence of a customer counts only after that.

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::store::Store;

/// What happened to the replies of the conversation in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// At least one still waits.
    Waiting,
    /// WAHA took the last one then.
    Delivered(Millis),
    /// We gave up on the last one then.
    GivenUp(Millis),
    /// None waits. When the last one was delivered is not known: it is from an earlier version or conversation.
    NoneWaiting,
}

impl Store {
    /// What happened to the replies of the conversation in a chat.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delivery_state(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<DeliveryState, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        if client.exists(keys.lane(session, chat)).await? {
            return Ok(DeliveryState::Waiting);
        }
        // Second, because a settlement removes the reply and stores its result at once.
        let stored: Vec<Option<String>> =
            client.hmget(keys.chat(session, chat), ["delivery"]).await?;
        let stored = stored.into_iter().next().flatten().unwrap_or_default();
        Ok(read(&stored).unwrap_or(DeliveryState::NoneWaiting))
    }
}

fn read(stored: &str) -> Option<DeliveryState> {
    let (result, at) = stored.split_once(' ')?;
    let at = Millis::new(at.parse().ok()?);
    match result {
        "delivered" => Some(DeliveryState::Delivered(at)),
        "given_up" => Some(DeliveryState::GivenUp(at)),
        _ => None,
    }
}
