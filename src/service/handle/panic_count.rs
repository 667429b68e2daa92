//! Counts panics per conversation: after a few the conversation is closed, so that it does not block a worker forever.

use std::collections::HashMap;

use crate::ids::{ChatId, ConversationId, SessionName};

/// A task that panicked this often will panic every time, so its conversation is closed.
pub(crate) const PANICS_MAX: u32 = 3;

/// Session and chat.
pub(crate) type SessionChat = (SessionName, ChatId);

/// How often the task of a conversation panicked without ending normally since. One entry per chat, so that there are
/// few.
#[derive(Debug, Default)]
pub(crate) struct Panics(HashMap<SessionChat, (ConversationId, u32)>);

impl Panics {
    /// Counts one more panic and returns the count.
    pub(crate) fn count(&mut self, chat: &SessionChat, conversation: &ConversationId) -> u32 {
        let panics = self.of(chat, conversation).saturating_add(1);
        self.0.insert(chat.clone(), (conversation.clone(), panics));
        panics
    }

    pub(crate) fn of(&self, chat: &SessionChat, conversation: &ConversationId) -> u32 {
        let counted = self.0.get(chat).filter(|(id, _)| id == conversation);
        counted.map_or(0, |(_, panics)| *panics)
    }

    pub(crate) fn forget(&mut self, chat: &SessionChat) {
        self.0.remove(chat);
    }
}
