//! The id of a conversation, made by the script that opens it.

use std::sync::Arc;

use crate::ids::text::shared_text;

/// The id of a conversation, unique within its session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(Arc<str>);

shared_text!(ConversationId, deserialize);

impl ConversationId {
    /// For a reply that belongs to no conversation, such as a message to the owner. Stored as an empty text.
    #[must_use]
    pub fn none() -> Self {
        Self::stored("")
    }
}
