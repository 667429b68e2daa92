//! Catching up with WAHA: until when each session is caught up, and whose turn it is.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{MessageId, SessionName};
use crate::store::error::StoreError;
use crate::store::store::Store;

/// Catching up starts this long before the time that it reached last: WAHA may have received a message late, and its clock
/// may differ from ours.
pub const CATCH_UP_OVERLAP: Duration = Duration::from_secs(300);

/// The counter of messages that catching up found.
pub(crate) const CAUGHT_UP_COUNTER: &str = "caught-up";

impl Store {
    /// Sets the starting time of a session that is seen for the first time: we don't catch up with older messages. The
    /// overlap is added, because catching up subtracts it.
    pub(crate) async fn begin_catching_up(
        &self,
        session: &SessionName,
        now: Millis,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.caught_up(session);
        let until = now + CATCH_UP_OVERLAP;
        self.set_value(key, until.as_i64(), None, true).await?;
        Ok(())
    }

    /// Until when a session is caught up; `None` if it was never seen.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn caught_up_until(
        &self,
        session: &SessionName,
    ) -> Result<Option<Millis>, StoreError> {
        self.inner
            .client
            .get(self.inner.keys.caught_up(session))
            .await
    }

    /// Whether we have a message of a customer: whether it had its turn, or is recorded. Redis forgets that after
    /// [`SEEN_TTL`](crate::store::SEEN_TTL).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_message(
        &self,
        session: &SessionName,
        id: &MessageId,
    ) -> Result<bool, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        for key in keys.seen_inbound(session, id) {
            if client.exists(key).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes until when a session is caught up, and how many messages that found.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn caught_up(
        &self,
        session: &SessionName,
        until: Millis,
        messages: u64,
    ) -> Result<(), StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        if messages > 0 {
            let _: i64 = client
                .hincrby(
                    keys.counters(session),
                    CAUGHT_UP_COUNTER,
                    messages.cast_signed(),
                )
                .await?;
        }
        client.set(keys.caught_up(session), until).await
    }

    /// Whether it is this process' turn to catch up with a session. If so, it is no other process' turn for `period`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn turn_to_catch_up(
        &self,
        session: &SessionName,
        period: Duration,
    ) -> Result<bool, StoreError> {
        let key = self.inner.keys.catching_up(session);
        self.turn(key, period).await
    }

    /// Makes it this process' turn, even if another process has it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn take_turn_to_catch_up(
        &self,
        session: &SessionName,
        period: Duration,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.catching_up(session);
        self.take_turn(key, period).await
    }

    /// Says that a session works, perhaps again, so that a process catches up with it now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn ring_session_works(&self, session: &SessionName) -> Result<(), StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let _: i64 = client.del(keys.catching_up(session)).await?;
        client
            .publish(keys.bell() + "works", session.as_str())
            .await?;
        Ok(())
    }
}
