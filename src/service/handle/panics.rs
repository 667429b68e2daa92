//! Conversations whose task panicked: after a few times they are closed, so that they don't cost a worker for ever.

use std::collections::HashMap;

use crate::ids::{ChatId, ConversationId, SessionName};

/// A task that panicked so often will panic every time: the conversation is closed.
pub(crate) const PANICS_MAX: u32 = 3;

/// Session and chat.
pub(crate) type SessionChat = (SessionName, ChatId);

/// How often the tasks of conversations panicked that have not ended since. One for a chat, so that they stay few.
#[derive(Debug, Default)]
pub(crate) struct Panics(HashMap<SessionChat, (ConversationId, u32)>);

impl Panics {
    /// One more; how many it makes.
    pub(crate) fn note(&mut self, chat: &SessionChat, conversation: &ConversationId) -> u32 {
        let panics = self.of(chat, conversation).saturating_add(1);
        self.0.insert(chat.clone(), (conversation.clone(), panics));
        panics
    }

    pub(crate) fn of(&self, chat: &SessionChat, conversation: &ConversationId) -> u32 {
        let noted = self.0.get(chat).filter(|(id, _)| id == conversation);
        noted.map_or(0, |(_, panics)| *panics)
    }

    pub(crate) fn forget(&mut self, chat: &SessionChat) {
        self.0.remove(chat);
    }
}
