//! Logins to the console: how long they last, and what ends them.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::AgentName;
use crate::service::accounts::accounts::{Accounts, Proven};
use crate::service::accounts::random_token::{hash_of, new_token};
use crate::store::{Agent, Login, StoreError};

/// A login ends if it is not used for so long.
pub const LOGIN_IDLE_MAX: Duration = Duration::from_secs(12 * 3600);
/// A login ends after this time, however much it is used.
pub const LOGIN_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Its use is noted at most so often, because each note is a write.
const NOTED_EVERY: Duration = Duration::from_secs(60);
/// How long we remember that an agent has logged in from a browser.
pub const BROWSER_KNOWN_FOR: Duration = Duration::from_secs(180 * 24 * 3600);
/// How many characters of a hash name a login in logs. They are too few to find the token, or the login.
const NAME_LENGTH: usize = 12;

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// Who it is, as the agent is now.
    pub agent: Agent,
    /// The name of this login. It is no secret.
    pub login: String,
    /// The hash of the token.
    hash: String,
}

impl Accounts {
    /// Begins a login. Returns its token, for the cookie; only its hash is kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn log_in(&self, proven: &Proven, now: Millis) -> Result<String, StoreError> {
        let token = new_token()?;
        let login = Login {
            agent: proven.agent.name.clone(),
            generation: proven.generation,
            began_at: now,
            used_at: now,
        };
        let hash = hash_of(&token).unwrap_or_default();
        self.store.save_login(&hash, &login, LOGIN_IDLE_MAX).await?;
        Ok(token)
    }

    /// Who is logged in with this token. That counts as using it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn logged_in(
        &self,
        token: &str,
        now: Millis,
    ) -> Result<Option<LoggedIn>, StoreError> {
        let Some(hash) = hash_of(token) else {
            return Ok(None);
        };
        let Some((agent, login)) = self.find(&hash, now).await? else {
            return Ok(None);
        };
        if now.since(login.used_at) >= NOTED_EVERY {
            let rest = now.until(login.began_at + LOGIN_MAX).min(LOGIN_IDLE_MAX);
            let used = Login {
                used_at: now,
                ..login
            };
            match self.store.prolong_login(&hash, &used, rest).await {
                // A full Redis must not lock out the people who could make space. It is noted next time.
                Ok(()) | Err(StoreError::Full) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(LoggedIn {
            agent,
            login: hash.chars().take(NAME_LENGTH).collect(),
            hash,
        }))
    }

    /// Whether somebody is still logged in. For pages that stay open: it does not count as using the login.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_still_logged_in(
        &self,
        who: &LoggedIn,
        now: Millis,
    ) -> Result<bool, StoreError> {
        Ok(self.find(&who.hash, now).await?.is_some())
    }

    /// Ends the login with this token.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn log_out(&self, token: &str) -> Result<(), StoreError> {
        match hash_of(token) {
            Some(hash) => self.store.delete_login(&hash).await,
            None => Ok(()),
        }
    }

    /// Ends all logins of an agent, and the link that sets a password.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn end_logins(&self, name: &AgentName) -> Result<(), StoreError> {
        let ended = self.change(name, |account| {
            account.generation += 1;
            account.invitation = None;
        });
        ended.await.map(drop)
    }

    /// Whether an agent has logged in before from the browser with this cookie.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn knows_browser(&self, cookie: &str, name: &AgentName) -> Result<bool, StoreError> {
        match hash_of(cookie) {
            Some(hash) => self.store.knows_browser(&hash, name).await,
            None => Ok(false),
        }
    }

    /// Notes that an agent has logged in from the browser with this cookie. Make the cookie with
    /// [`new_token`](crate::service::accounts::random_token::new_token).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn remember_browser(&self, cookie: &str, name: &AgentName) -> Result<(), StoreError> {
        match hash_of(cookie) {
            Some(hash) => {
                let known_for = BROWSER_KNOWN_FOR;
                self.store.note_browser(&hash, name, known_for).await
            }
            None => Ok(()),
        }
    }

    /// The login with this hash and its agent, if it counts now.
    async fn find(&self, hash: &str, now: Millis) -> Result<Option<(Agent, Login)>, StoreError> {
        let Some(login) = self.store.login(hash).await? else {
            return Ok(None);
        };
        let name = &login.agent;
        let (agent, read) = tokio::try_join!(self.store.agent(name), self.store.account(name))?;
        let counts = is_in_time(&login, now) && login.generation == read.account.generation;
        Ok(agent
            .filter(|agent| counts && !agent.off)
            .map(|agent| (agent, login)))
    }
}

/// Redis deletes old logins by its own clock; this goes by ours.
fn is_in_time(login: &Login, now: Millis) -> bool {
    // The note may be a minute older than the use.
    now.since(login.used_at) < LOGIN_IDLE_MAX + NOTED_EVERY && now.since(login.began_at) < LOGIN_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_ends_when_it_is_not_used_and_after_a_month() {
        let login = |began: Duration, used: Duration| Login {
            agent: AgentName::stored("ana"),
            generation: 0,
            began_at: Millis::new(0) + began,
            used_at: Millis::new(0) + used,
        };
        let hour = Duration::from_secs(3600);
        let at = |after: Duration| Millis::new(0) + after;
        let fresh = login(Duration::ZERO, Duration::ZERO);
        assert!(is_in_time(&fresh, at(LOGIN_IDLE_MAX)));
        assert!(!is_in_time(&fresh, at(LOGIN_IDLE_MAX + NOTED_EVERY)));
        let busy = login(hour, LOGIN_MAX);
        assert!(is_in_time(&busy, at(LOGIN_MAX)));
        assert!(!is_in_time(&busy, at(LOGIN_MAX + hour)));
    }
}
