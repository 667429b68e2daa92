//! Turns: one of several processes does a piece of work, once per interval.

use std::time::Duration;

use crate::store::error::StoreError;
use crate::store::store::Store;

impl Store {
    /// Whether the turn under `key` was free. If so, it is this process' turn, and nobody else's for `interval`.
    pub(crate) async fn turn(&self, key: String, interval: Duration) -> Result<bool, StoreError> {
        let taken = self.set_value(key, 1, Some(interval), true).await?;
        Ok(taken.is_none())
    }

    /// Makes it this process' turn for `interval`, even if another process has it.
    pub(crate) async fn take_turn(
        &self,
        key: String,
        interval: Duration,
    ) -> Result<(), StoreError> {
        self.set_value(key, 1, Some(interval), false)
            .await
            .map(drop)
    }
}
