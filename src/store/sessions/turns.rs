//! Turns: one of several processes does a piece of work, once per interval.

use std::time::Duration;

use fred::interfaces::KeysInterface;
use fred::types::{Expiration, SetOptions};

use crate::clock;
use crate::store::error::StoreError;
use crate::store::store::Store;

impl Store {
    /// Whether the turn under `key` was free. If so, it is this process' turn, and nobody else's for `interval`.
    pub(crate) async fn turn(&self, key: String, interval: Duration) -> Result<bool, StoreError> {
        self.set_turn(key, interval, Some(SetOptions::NX)).await
    }

    /// Makes it this process' turn for `interval`, even if another process has it.
    pub(crate) async fn take_turn(
        &self,
        key: String,
        interval: Duration,
    ) -> Result<(), StoreError> {
        self.set_turn(key, interval, None).await.map(drop)
    }

    async fn set_turn(
        &self,
        key: String,
        interval: Duration,
        options: Option<SetOptions>,
    ) -> Result<bool, StoreError> {
        self.connected()?;
        // Redis refuses an expiry of 0.
        let expiry = Some(Expiration::PX(clock::millis(interval).max(1)));
        let set: Option<String> = self
            .inner
            .client
            .set(key, 1, expiry, options, false)
            .await?;
        Ok(set.is_some())
    }
}
