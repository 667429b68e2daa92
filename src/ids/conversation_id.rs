//! The id of a conversation. The script that opens the conversation creates it.

use std::sync::Arc;

use crate::ids::text::shared_text;

/// The id of a conversation, unique within its session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(Arc<str>);

shared_text!(ConversationId, deserialize);

impl ConversationId {
    /// For a reply without a conversation, such as a notice to the owner. It is stored as an empty text.
    #[must_use]
    pub fn none() -> Self {
        Self::stored("")
    }
}
