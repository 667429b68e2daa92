//! The account of one agent: the hash of the password, the link that sets a password, and what belongs to the agent.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::Millis;
use crate::ids::AgentName;
use crate::secret::Secret;
use crate::store::error::StoreError;
use crate::store::store::Store;

const SWAP_FIELD: &str = include_str!("../lua/accounts/swap_field.lua");

const UNREADABLE: StoreError =
    StoreError::UnexpectedAnswer("accounts that this version of waha-sm can read");

/// What an agent needs for the console. An agent without one has the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleAccount {
    /// The hash of the password, as a PHC string; `None`: no password was set.
    pub password: Option<Secret>,
    /// Grows when all logins of the agent end: a login counts only if it has the same number.
    pub generation: u64,
    /// The link that sets a password, if one was made and not used yet.
    pub invitation: Option<Invitation>,
    /// The language of the pages.
    pub language: Option<String>,
}

/// A link that sets a password once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The hash of its token.
    pub hash: String,
    /// Until when it counts.
    pub until: Millis,
}

/// An account as it was read, to replace it only if nobody has changed it since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadAccount {
    /// The account.
    pub account: ConsoleAccount,
    /// As Redis has it; empty: it has none.
    stored: Secret,
}

/// An account as Redis stores it, under the agent's name. New fields need a default.
#[derive(Serialize, Deserialize)]
struct StoredAccount {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default)]
    generation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invitation: Option<Invitation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

impl ConsoleAccount {
    fn to_json(&self) -> String {
        let stored = StoredAccount {
            password: self.password.as_ref().map(|hash| hash.reveal().to_owned()),
            generation: self.generation,
            invitation: self.invitation.clone(),
            language: self.language.clone(),
        };
        // It has only texts and numbers, which JSON can always hold.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// `None` if this version can't read it.
    fn from_json(json: &str) -> Option<Self> {
        let stored: StoredAccount = serde_json::from_str(json).ok()?;
        Some(Self {
            password: stored.password.map(Secret::new),
            generation: stored.generation,
            invitation: stored.invitation,
            language: stored.language,
        })
    }
}

/// Reads a name that was checked before it was stored.
pub(super) fn stored_name<'de, D: Deserializer<'de>>(json: D) -> Result<AgentName, D::Error> {
    String::deserialize(json).map(AgentName::stored)
}

impl Store {
    /// The account of an agent.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn account(&self, name: &AgentName) -> Result<ReadAccount, StoreError> {
        let key = self.inner.keys.accounts();
        let stored: Option<String> = self.inner.client.hget(key, name.as_str()).await?;
        let Some(stored) = stored else {
            return Ok(ReadAccount::default());
        };
        Ok(ReadAccount {
            account: ConsoleAccount::from_json(&stored).ok_or(UNREADABLE)?,
            stored: Secret::new(stored),
        })
    }

    /// The accounts of all agents who have one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn accounts(&self) -> Result<HashMap<AgentName, ConsoleAccount>, StoreError> {
        let key = self.inner.keys.accounts();
        let stored: HashMap<String, String> = self.inner.client.hgetall(key).await?;
        stored
            .into_iter()
            .map(|(name, json)| Some((AgentName::stored(name), ConsoleAccount::from_json(&json)?)))
            .collect::<Option<_>>()
            .ok_or(UNREADABLE)
    }

    /// Replaces an account, unless it was changed after it was read. Returns whether it was replaced.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn swap_account(
        &self,
        name: &AgentName,
        before: &ReadAccount,
        after: &ConsoleAccount,
    ) -> Result<bool, StoreError> {
        let key = self.inner.keys.accounts();
        let arguments = vec![
            name.as_str().to_owned(),
            before.stored.reveal().to_owned(),
            after.to_json(),
        ];
        let client = &self.inner.client;
        let swapped: Result<i64, _> = client.eval(SWAP_FIELD, key, arguments).await;
        swapped.map(|swapped| swapped == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is stored only grows: every form that was ever written must be read.
    #[test]
    fn an_account_is_stored_in_this_form_and_older_and_newer_ones_are_read() {
        let ana = ConsoleAccount {
            password: Some(Secret::new(
                "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into(),
            )),
            generation: 3,
            invitation: Some(Invitation {
                hash: "2bb8".into(),
                until: Millis::new(1_700_000_000_000),
            }),
            language: Some("pt-BR".into()),
        };
        let golden = r#"{"password":"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA","generation":3,"invitation":{"hash":"2bb8","until":1700000000000},"language":"pt-BR"}"#;
        assert_eq!(ana.to_json(), golden);
        assert_eq!(ConsoleAccount::from_json(golden), Some(ana));
        assert_eq!(ConsoleAccount::default().to_json(), r#"{"generation":0}"#);
        assert_eq!(
            ConsoleAccount::from_json(r#"{"later":[1]}"#),
            Some(ConsoleAccount::default())
        );
        assert_eq!(ConsoleAccount::from_json("1"), None);
    }

    #[test]
    fn the_hash_of_a_password_is_not_shown() {
        let json = r#"{"password":"$argon2id$c4n4ry"}"#;
        let read = ReadAccount {
            account: ConsoleAccount::from_json(json).unwrap(),
            stored: Secret::new(json.into()),
        };
        assert!(!format!("{read:?}").contains("c4n4ry"));
    }
}
