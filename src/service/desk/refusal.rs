//! Why an action is not done, in words that a person at the desk understands.

use crate::ids::AgentName;
use crate::store::StoreError;

/// Why an action is not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such agent.
    #[error("there is no agent {0}; add one with `waha-sm agent add {0}`")]
    NoAgent(AgentName),
    /// The agent was switched off.
    #[error("{0} was switched off; `waha-sm agent add {0}` lets them work again")]
    Off(AgentName),
    /// The colleague is not at work.
    #[error("{0} is not at work now: see `waha-sm agent list`")]
    Gone(AgentName),
    /// Only owners may do that.
    #[error("{0} is an attendant, and only an owner may {1}")]
    NotAnOwner(AgentName, &'static str),
    /// The agent does not serve this session.
    #[error(
        "{0} does not serve the session {1}; change that with `waha-sm agent add {0} --session {1}`"
    )]
    OtherSession(AgentName, String),
    /// The flow has no such step or team.
    #[error("the flow has no {0} `{1}`")]
    Unknown(&'static str, String),
    /// The customer would read nothing.
    #[error("there are no words to send")]
    NoWords,
    /// Redis failed.
    #[error(transparent)]
    Redis(#[from] StoreError),
}
