//! Who asks: an agent with a cookie from the login page, or a script with a token.

use crate::flow::Locale;
use crate::ids::SessionName;
use crate::service::accounts::logins::LoggedIn;
use crate::store::Agent;

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
