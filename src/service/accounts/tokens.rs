//! API tokens: with one, a script acts as an agent until the token is revoked or the agent is off.

use crate::clock::Millis;
use crate::ids::AgentName;
use crate::service::accounts::accounts::Accounts;
use crate::service::accounts::random_token::{hash_of, new_token};
use crate::store::{Agent, StoreError, StoredToken};

/// What every API token begins with, so that people and scanners of secrets recognise one.
pub const TOKEN_PREFIX: &str = "wsm_";
/// How many tokens one agent may have.
const TOKENS_MAX: usize = 50;
/// The longest label, in characters.
const LABEL_MAX: usize = 60;
/// How many characters of the hash name a token.
const ID_LENGTH: usize = 8;
/// How many of its last characters we keep to recognise it. The others are still 230 random bits.
const ENDING_LENGTH: usize = 4;

/// An API token, without the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its name, with which it can be revoked. It is no secret.
    pub id: String,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created_at: Millis,
    /// Its last characters.
    pub ending: String,
}

/// Why an agent gets no API token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// The label is empty, too long, or has characters that nobody sees.
    #[error("a label has 1 to {LABEL_MAX} characters in one line")]
    Label,
    /// They have many already.
    #[error("an agent has at most {TOKENS_MAX} API tokens: revoke some first")]
    TooMany,
}

impl Accounts {
    /// A new API token for an agent. It is returned here and never again; only its hash is kept.
    ///
    /// # Errors
    /// See [`StoreError`]. The inner error says why there is none.
    pub async fn new_token(
        &self,
        name: &AgentName,
        label: &str,
        now: Millis,
    ) -> Result<Result<String, NoToken>, StoreError> {
        let label = label.trim();
        let length = label.chars().count();
        if !(1..=LABEL_MAX).contains(&length) || label.chars().any(char::is_control) {
            return Ok(Err(NoToken::Label));
        }
        if self.tokens(name).await?.len() >= TOKENS_MAX {
            return Ok(Err(NoToken::TooMany));
        }
        let token = format!("{TOKEN_PREFIX}{}", new_token()?);
        let stored = StoredToken {
            agent: name.clone(),
            label: label.to_owned(),
            created_at: now,
            ending: token[token.len() - ENDING_LENGTH..].to_owned(),
        };
        let hash = hash_of(&token).unwrap_or_default();
        self.store.save_token(&hash, &stored).await?;
        Ok(Ok(token))
    }

    /// The agent who acts with this API token.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn of_token(&self, token: &str) -> Result<Option<Agent>, StoreError> {
        let Some(hash) = hash_of(token).filter(|_| token.starts_with(TOKEN_PREFIX)) else {
            return Ok(None);
        };
        let Some(stored) = self.store.token(&hash).await? else {
            return Ok(None);
        };
        let agent = self.store.agent(&stored.agent).await?;
        Ok(agent.filter(|agent| !agent.off))
    }

    /// The API tokens of an agent, the oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn tokens(&self, name: &AgentName) -> Result<Vec<ApiToken>, StoreError> {
        let all = self.store.tokens().await?;
        let of_agent = all.into_iter().filter(|(_, token)| token.agent == *name);
        let mut tokens: Vec<ApiToken> = of_agent
            .map(|(hash, token)| ApiToken {
                id: id_of(&hash),
                label: token.label,
                created_at: token.created_at,
                ending: token.ending,
            })
            .collect();
        tokens.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(tokens)
    }

    /// Revokes the API token of an agent with this id. Returns whether there was one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revoke_token(&self, name: &AgentName, id: &str) -> Result<bool, StoreError> {
        let revoked = self.revoke(name, |hash| id_of(hash) == id).await?;
        Ok(revoked > 0)
    }

    /// Revokes all API tokens of an agent. Returns how many there were.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revoke_tokens(&self, name: &AgentName) -> Result<u64, StoreError> {
        self.revoke(name, |_| true).await
    }

    async fn revoke(
        &self,
        name: &AgentName,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<u64, StoreError> {
        let all = self.store.tokens().await?;
        let meant = all
            .into_iter()
            .filter(|(hash, token)| token.agent == *name && is_meant(hash));
        self.store
            .delete_tokens(meant.map(|(hash, _)| hash).collect())
            .await
    }
}

fn id_of(hash: &str) -> String {
    hash.chars().take(ID_LENGTH).collect()
}
