//! The API tokens of agents, under their hashes.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::ids::AgentName;
use crate::store::accounts::account::stored_name;
use crate::store::error::StoreError;
use crate::store::store::Store;

const UNREADABLE: StoreError =
    StoreError::UnexpectedAnswer("API tokens that this version of waha-sm can read");

/// What we keep of an API token, as Redis stores it under its hash. New fields need a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredToken {
    /// Who acts with it.
    #[serde(deserialize_with = "stored_name")]
    pub agent: AgentName,
    /// What it is for, in the owner's words.
    pub label: String,
    /// When it was made.
    pub created_at: Millis,
    /// Its last characters, to recognise it.
    pub ending: String,
}

impl Store {
    /// Adds an API token.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn save_token(&self, hash: &str, token: &StoredToken) -> Result<(), StoreError> {
        let key = self.inner.keys.api_tokens();
        let field = (hash, serde_json::to_string(token).unwrap_or_default());
        self.inner.client.hset(key, field).await
    }

    /// The API token with this hash.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn token(&self, hash: &str) -> Result<Option<StoredToken>, StoreError> {
        let key = self.inner.keys.api_tokens();
        let stored: Option<String> = self.inner.client.hget(key, hash).await?;
        stored
            .map(|json| serde_json::from_str(&json).map_err(|_| UNREADABLE))
            .transpose()
    }

    /// All API tokens, by their hashes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn tokens(&self) -> Result<HashMap<String, StoredToken>, StoreError> {
        let key = self.inner.keys.api_tokens();
        let stored: HashMap<String, String> = self.inner.client.hgetall(key).await?;
        stored
            .into_iter()
            .map(|(hash, json)| Some((hash, serde_json::from_str(&json).ok()?)))
            .collect::<Option<_>>()
            .ok_or(UNREADABLE)
    }

    /// Deletes API tokens. Returns how many there were.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delete_tokens(&self, hashes: Vec<String>) -> Result<u64, StoreError> {
        if hashes.is_empty() {
            return Ok(0);
        }
        let key = self.inner.keys.api_tokens();

        self.inner.client.hdel(key, hashes).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is stored only grows: every form that was ever written must be read.
    #[test]
    fn a_token_is_stored_in_this_form_and_newer_ones_are_read() {
        let token = StoredToken {
            agent: AgentName::stored("ana"),
            label: "the till".to_owned(),
            created_at: Millis::new(1_700_000_000_000),
            ending: "x9_Q".to_owned(),
        };
        let golden =
            r#"{"agent":"ana","label":"the till","created_at":1700000000000,"ending":"x9_Q"}"#;
        assert_eq!(serde_json::to_string(&token).unwrap(), golden);
        let newer = golden.replace('}', r#","later":1}"#);
        for json in [golden, &newer] {
            assert_eq!(serde_json::from_str::<StoredToken>(json).unwrap(), token);
        }
    }
}
