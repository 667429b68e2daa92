//! Counts panics per conversation. After a few, the conversation is closed, so that it doesn't block a worker forever.

use std::collections::HashMap;

use crate::ids::{ChatId, ConversationId, SessionName};

/// A task that has panicked this often will probably panic every time, so its conversation is closed.
pub(crate) const PANICS_MAX: u32 = 3;

/// A chat, with its session.
pub(crate) type SessionChat = (SessionName, ChatId);

/// How often a conversation's task has panicked since it last ended normally. There is one entry per chat, so that the map
/// stays small.
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
