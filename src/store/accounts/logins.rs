//! Logins to the console, and the browsers from which an agent has logged in before. Both expire in Redis.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::ids::AgentName;
use crate::store::accounts::account::stored_name;
use crate::store::error::StoreError;
use crate::store::store::Store;

const UNREADABLE: StoreError =
    StoreError::UnexpectedAnswer("logins that this version of waha-sm can read");

/// A login, as Redis stores it under the hash of its token. New fields need a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Who logged in.
    #[serde(deserialize_with = "stored_name")]
    pub agent: AgentName,
    /// The generation of the account at that time.
    pub generation: u64,
    /// When it began.
    pub began_at: Millis,
    /// When it was last used, to about a minute.
    pub used_at: Millis,
}

impl Store {
    /// Stores a login, for as long as it counts if it is not used again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn save_login(
        &self,
        hash: &str,
        login: &Login,
        expires_after: Duration,
    ) -> Result<(), StoreError> {
        self.set_login(hash, login, expires_after, None).await
    }

    /// As [`Store::save_login`], but a login that is gone stays gone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn prolong_login(
        &self,
        hash: &str,
        login: &Login,
        expires_after: Duration,
    ) -> Result<(), StoreError> {
        let if_there = Some("XX");
        self.set_login(hash, login, expires_after, if_there).await
    }

    async fn set_login(
        &self,
        hash: &str,
        login: &Login,
        expires_after: Duration,
        only_if: Option<&'static str>,
    ) -> Result<(), StoreError> {
        let json = serde_json::to_string(login).unwrap_or_default();
        let key = self.inner.keys.login(hash);
        self.inner
            .client
            .set_for(key, json, expires_after, only_if)
            .await
    }

    /// The login whose token has this hash.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn login(&self, hash: &str) -> Result<Option<Login>, StoreError> {
        let key = self.inner.keys.login(hash);
        let stored: Option<String> = self.inner.client.get(key).await?;
        stored
            .map(|json| serde_json::from_str(&json).map_err(|_| UNREADABLE))
            .transpose()
    }

    /// Ends a login.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delete_login(&self, hash: &str) -> Result<(), StoreError> {
        let key = self.inner.keys.login(hash);
        let deleted = self.inner.client.del(key).await;
        deleted.map(drop)
    }

    /// Notes that an agent has logged in from a browser.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn note_browser(
        &self,
        hash: &str,
        agent: &AgentName,
        expires_after: Duration,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.known_browser(hash, agent);
        self.inner.client.set_for(key, 1, expires_after, None).await
    }

    /// Whether an agent has logged in from a browser before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn knows_browser(&self, hash: &str, agent: &AgentName) -> Result<bool, StoreError> {
        let key = self.inner.keys.known_browser(hash, agent);
        self.inner.client.exists(key).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other versions that share a Redis read this.
    #[test]
    fn a_login_is_stored_in_this_form_and_newer_ones_are_read() {
        let login = Login {
            agent: AgentName::stored("ana"),
            generation: 2,
            began_at: Millis::new(1_700_000_000_000),
            used_at: Millis::new(1_700_000_060_000),
        };
        let golden =
            r#"{"agent":"ana","generation":2,"began_at":1700000000000,"used_at":1700000060000}"#;
        assert_eq!(serde_json::to_string(&login).unwrap(), golden);
        let newer = golden.replace('}', r#","later":1}"#);
        for json in [golden, &newer] {
            assert_eq!(serde_json::from_str::<Login>(json).unwrap(), login);
        }
    }
}
