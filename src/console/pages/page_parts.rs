//! What a page is put together from.

use maud::Markup;

use crate::ids::AgentName;

/// The sections of a page, without its head.
pub(in crate::console) struct PageParts {
    /// The agent's own chats, beside a chat.
    pub(super) own: Markup,
    pub(super) main: Markup,
}

/// Who else is at a chat.
#[derive(Clone, Debug, Default)]
pub(in crate::console) struct PeopleAt {
    pub(in crate::console) looking: Vec<AgentName>,
    pub(in crate::console) typing: Vec<AgentName>,
}
