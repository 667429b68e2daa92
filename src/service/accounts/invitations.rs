//! The one-use links that set a password. The token of a link is the agent's name and a random text: `ana.k3J...`.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::AgentName;
use crate::service::accounts::accounts::{Accounts, Proven, replace_password};
use crate::service::accounts::passwords::{self, WeakPassword};
use crate::service::accounts::random_token::{are_same, hash_of, new_token};
use crate::store::{Agent, ConsoleAccount, Invitation, StoreError};

/// How long a link counts.
pub const INVITATION_TTL: Duration = Duration::from_secs(24 * 3600);

/// What became of a link and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The password is set, and the link is used up.
    Welcome(Proven),
    /// The link can still be used, with a better password.
    Weak(WeakPassword),
    /// The link does not count: it was used, replaced, is too old or never was, or the agent is off.
    NoLink,
}

/// The path of the page on which an agent sets a password, behind the address of the console.
#[must_use]
pub fn welcome_path(token: &str) -> String {
    format!("/welcome/{token}")
}

impl Accounts {
    /// A new link for an agent. It replaces the one before. Returns the token that stands at the end of the link; only its
    /// hash is kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn invite(&self, name: &AgentName, now: Millis) -> Result<String, StoreError> {
        let (token, invitation) = new_link(name, now)?;
        self.change(name, |account| {
            account.invitation = Some(invitation.clone());
        })
        .await?;
        Ok(token)
    }

    /// As [`Accounts::invite`], and takes the old password and all logins away.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reset(&self, name: &AgentName, now: Millis) -> Result<String, StoreError> {
        let (token, invitation) = new_link(name, now)?;
        self.change(name, |account| {
            account.password = None;
            account.generation += 1;
            account.invitation = Some(invitation.clone());
        })
        .await?;
        Ok(token)
    }

    /// The agent whom a link is for, if it still counts. It is not used up.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn invited(&self, token: &str, now: Millis) -> Result<Option<Agent>, StoreError> {
        let Some(name) = named_in(token) else {
            return Ok(None);
        };
        let (agent, read) = tokio::try_join!(self.store.agent(&name), self.store.account(&name))?;
        Ok(agent.filter(|agent| !agent.off && is_open(&read.account, token, now)))
    }

    /// Sets the password of the agent whom a link is for, and uses the link up. Of two who use it at once, one sets their
    /// password, and for the other there is no link any more. All logins before end.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn accept_invite(
        &self,
        token: &str,
        password: &str,
        now: Millis,
    ) -> Result<Accepted, StoreError> {
        let Some(agent) = self.invited(token, now).await? else {
            return Ok(Accepted::NoLink);
        };
        if let Err(weak) = passwords::check(&agent.name, password) {
            return Ok(Accepted::Weak(weak));
        }
        let hash = self.hash(password).await?;
        // Each time somebody else changes the account, the link must still be there.
        loop {
            let before = self.store.account(&agent.name).await?;
            if !is_open(&before.account, token, now) {
                return Ok(Accepted::NoLink);
            }
            let mut after = before.account.clone();
            replace_password(&mut after, &hash);
            if self
                .store
                .swap_account(&agent.name, &before, &after)
                .await?
            {
                let generation = after.generation;
                return Ok(Accepted::Welcome(Proven { agent, generation }));
            }
        }
    }
}

/// The token of a new link, and what is kept of it.
fn new_link(name: &AgentName, now: Millis) -> Result<(String, Invitation), StoreError> {
    let token = format!("{name}.{}", new_token()?);
    let invitation = Invitation {
        hash: hash_of(&token).unwrap_or_default(),
        until: now + INVITATION_TTL,
    };
    Ok((token, invitation))
}

/// The name in a token. It may have dots itself; the random text has none.
fn named_in(token: &str) -> Option<AgentName> {
    let (name, _) = token.rsplit_once('.')?;
    name.parse().ok()
}

/// Whether this token opens an account now.
fn is_open(account: &ConsoleAccount, token: &str, now: Millis) -> bool {
    let (Some(invitation), Some(hash)) = (&account.invitation, hash_of(token)) else {
        return false;
    };
    now < invitation.until && are_same(&invitation.hash, &hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_agent_also_if_the_name_has_dots() {
        let named = |token: &str| named_in(token).map(|name| name.to_string());
        assert_eq!(named("ana.k3J"), Some("ana".to_owned()));
        assert_eq!(named("maria.silva.k3J"), Some("maria.silva".to_owned()));
        for token in ["", "k3J", ".k3J", "Ana.k3J", "a/b.k3J"] {
            assert_eq!(named(token), None, "{token}");
        }
    }

    #[test]
    fn only_the_token_itself_opens_the_account_and_only_in_time() {
        let (token, now) = ("ana.k3J", Millis::new(1_000));
        let mut account = ConsoleAccount {
            invitation: Some(Invitation {
                hash: hash_of(token).unwrap(),
                until: now + INVITATION_TTL,
            }),
            ..ConsoleAccount::default()
        };
        assert!(is_open(&account, token, now));
        assert!(is_open(
            &account,
            token,
            now + INVITATION_TTL - Duration::from_millis(1)
        ));
        assert!(!is_open(&account, token, now + INVITATION_TTL));
        assert!(!is_open(&account, "ana.k3j", now));
        assert!(!is_open(&account, &hash_of(token).unwrap(), now));
        account.invitation = None;
        assert!(!is_open(&account, token, now));
    }
}
