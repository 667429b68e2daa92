//! The bell of one conversation: it wakes the task and remembers why.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::store::NewMessage;

/// How many messages are kept until the task takes them. If there are more, it reads the inbox.
const MESSAGES_MAX: usize = 8;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Doorbell {
    bell: Notify,
    inbox: AtomicBool,
    messages: Mutex<Vec<NewMessage>>,
    check_ownership: AtomicBool,
    taken_over: AtomicBool,
    at_desk: AtomicBool,
    left_alone: AtomicBool,
}

/// Why the bell has rung since the last [`Doorbell::take`].
#[derive(Debug, Default)]
pub(crate) struct Rung {
    /// Something may be in the inbox.
    pub(crate) inbox: bool,
    /// What came into the inbox.
    pub(crate) messages: Vec<NewMessage>,
    /// The conversation may no longer be ours.
    pub(crate) check_ownership: bool,
}

impl Doorbell {
    /// Waits until it rings.
    pub(crate) async fn rings(&self) {
        self.bell.notified().await;
    }

    /// Rings because something may be in the inbox.
    pub(crate) fn ring(&self) {
        self.inbox.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    /// Rings because of a new message.
    pub(crate) fn ring_with(&self, message: NewMessage) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() < MESSAGES_MAX {
            messages.push(message);
            drop(messages);
            self.bell.notify_one();
        } else {
            drop(messages);
            self.ring();
        }
    }

    /// Rings because the conversation may no longer be ours.
    pub(crate) fn ring_to_check_ownership(&self) {
        self.check_ownership.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    /// Rings because the owner took over the conversation from their own phone.
    pub(crate) fn ring_taken_over(&self) {
        self.taken_over.store(true, Ordering::Release);
        self.ring();
    }

    /// Whether the owner took over the conversation.
    pub(crate) fn was_taken_over(&self) -> bool {
        self.taken_over.load(Ordering::Acquire)
    }

    /// Rings because a person at the desk took or closed the conversation.
    pub(crate) fn ring_at_desk(&self) {
        self.at_desk.store(true, Ordering::Release);
        self.ring();
    }

    /// Whether a person at the desk took or closed the conversation.
    pub(crate) fn was_at_desk(&self) -> bool {
        self.at_desk.load(Ordering::Acquire)
    }

    /// Rings because the chat reached a limit, and its conversation was closed.
    pub(crate) fn ring_left_alone(&self) {
        self.left_alone.store(true, Ordering::Release);
        self.ring();
    }

    /// Whether the conversation was closed because the chat reached a limit.
    pub(crate) fn was_left_alone(&self) -> bool {
        self.left_alone.load(Ordering::Acquire)
    }

    /// Returns the reasons since the last call, and resets them.
    pub(crate) fn take(&self) -> Rung {
        Rung {
            inbox: self.inbox.swap(false, Ordering::AcqRel),
            messages: std::mem::take(
                &mut *self.messages.lock().unwrap_or_else(PoisonError::into_inner),
            ),
            check_ownership: self.check_ownership.swap(false, Ordering::AcqRel),
        }
    }
}
