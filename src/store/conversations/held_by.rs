//! Who has a conversation.

use crate::ids::AgentName;

/// Who has a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// It waits in a line.
    Nobody,
    /// A worker.
    Bot,
    /// The owner, on their phone.
    Phone,
    /// This agent.
    Agent(AgentName),
}

impl HeldBy {
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "" => Self::Nobody,
            "bot" => Self::Bot,
            "phone" => Self::Phone,
            agent => Self::Agent(AgentName::stored(agent)),
        }
    }

    /// As the scripts write it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Nobody => "",
            Self::Bot => "bot",
            Self::Phone => "phone",
            Self::Agent(agent) => agent.as_str(),
        }
    }
}
