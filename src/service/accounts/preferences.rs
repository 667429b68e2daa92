//! What an agent chooses for themselves: the language of the pages.

use crate::flow::Locale;
use crate::ids::AgentName;
use crate::service::accounts::accounts::Accounts;
use crate::store::StoreError;

/// What an agent has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `None`: the language that the browser asks for.
    pub language: Option<Locale>,
}

impl Accounts {
    /// What an agent has chosen.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn preferences(&self, name: &AgentName) -> Result<Preferences, StoreError> {
        let account = self.store.account(name).await?.account;
        // A later version may have one more.
        let language = account.language.and_then(|code| code.parse().ok());
        Ok(Preferences { language })
    }

    /// Chooses the language of an agent's pages; `None`: as the browser asks for.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_language(
        &self,
        name: &AgentName,
        language: Option<Locale>,
    ) -> Result<(), StoreError> {
        let set = self.change(name, |account| {
            account.language = language.map(|language| language.as_str().to_owned());
        });
        set.await.map(drop)
    }
}
