//! Who asks: an agent with a cookie from the login page, or a script with a token.

use super::console::ConsoleState;
use super::request::Request;
use super::texts::accepted_locale;
use crate::clock::Millis;
use crate::flow::Locale;
use crate::ids::SessionName;
use crate::service::accounts::logins::LoggedIn;
use crate::store::{Agent, StoreError};

/// Holds the login. On https its name makes browsers refuse one that was set by another path or host.
pub(super) const LOGIN_COOKIE: &str = "waha-sm-login";
pub(super) const SECURE_LOGIN_COOKIE: &str = "__Host-waha-sm-login";
/// Says that somebody has logged in with this browser before.
pub(super) const BROWSER_COOKIE: &str = "waha-sm-browser";

/// An agent who asks.
#[derive(Clone)]
pub(super) struct Who {
    pub(super) agent: Agent,
    pub(super) language: Locale,
    /// The login, to see whether it has ended; `None` for a script.
    pub(super) login: Option<LoggedIn>,
}

impl Who {
    /// Whether they may do what only owners do.
    pub(super) fn is_owner(&self) -> bool {
        self.agent.may_steer()
    }

    pub(super) fn serves(&self, session: &SessionName) -> bool {
        self.agent.serves(session)
    }
}

impl ConsoleState {
    /// Who asks; `None` if nobody is logged in.
    ///
    /// # Errors
    /// If Redis fails.
    pub(super) async fn who(
        &self,
        request: &Request,
        now: Millis,
    ) -> Result<Option<Who>, StoreError> {
        let accounts = &self.accounts;
        let (agent, login) = match request.bearer() {
            Some(token) => (accounts.of_token(token).await?, None),
            None => match self.login_of(request) {
                Some(cookie) => {
                    let found = accounts.logged_in(cookie, now).await?;
                    (found.as_ref().map(|found| found.agent.clone()), found)
                }
                None => (None, None),
            },
        };
        let Some(agent) = agent else {
            return Ok(None);
        };
        let chosen = accounts.preferences(&agent.name).await?.language;
        let language = chosen.unwrap_or_else(|| accepted_locale(request));
        Ok(Some(Who {
            agent,
            language,
            login,
        }))
    }

    /// The cookie of the login.
    pub(super) fn login_of<'r>(&self, request: &'r Request) -> Option<&'r str> {
        request.cookie(match self.origin.is_https() {
            true => SECURE_LOGIN_COOKIE,
            false => LOGIN_COOKIE,
        })
    }
}
