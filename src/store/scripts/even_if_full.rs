//! Small writes that a full Redis would refuse, and without which the work that makes space would stop: which process lives,
//! whose turn it is, and which sessions are busy.

use std::time::Duration;

use crate::clock;
use crate::store::error::StoreError;
use crate::store::store::Store;

const ADD: &str = include_str!("../lua/even_if_full/add.lua");
const SET: &str = include_str!("../lua/even_if_full/set.lua");

impl Store {
    /// Adds a member to a set, even if Redis is full.
    pub(crate) async fn add_to_set(&self, key: String, member: &str) -> Result<(), StoreError> {
        let arguments = ["SREM", "SADD", member].map(str::to_owned);
        self.add(key, arguments.to_vec()).await
    }

    /// Adds members with their scores to a sorted set, even if Redis is full. `keep` says which of the scores that are there
    /// stay: `NX` all, `GT` the greater ones.
    pub(crate) async fn add_to_sorted_set(
        &self,
        key: String,
        keep: &str,
        members: impl IntoIterator<Item = (f64, &str)>,
    ) -> Result<(), StoreError> {
        let mut arguments = ["ZREM", "ZADD", keep].map(str::to_owned).to_vec();
        for (score, member) in members {
            arguments.extend([score.to_string(), member.to_owned()]);
        }
        self.add(key, arguments).await
    }

    async fn add(&self, key: String, arguments: Vec<String>) -> Result<(), StoreError> {
        let client = &self.inner.client;
        let _: i64 = client.eval(ADD, key, arguments).await?;
        Ok(())
    }

    /// Sets a key, even if Redis is full. Returns the value before.
    pub(crate) async fn set_value(
        &self,
        key: String,
        value: i64,
        expires_after: Option<Duration>,
        if_absent: bool,
    ) -> Result<Option<String>, StoreError> {
        // Redis refuses an expiry of 0.
        let expiry = expires_after.map(|after| clock::millis(after).max(1).to_string());
        let if_absent = if if_absent { "1" } else { "" };
        let arguments = vec![
            value.to_string(),
            expiry.unwrap_or_default(),
            if_absent.to_owned(),
        ];

        self.inner.client.eval(SET, key, arguments).await
    }
}
