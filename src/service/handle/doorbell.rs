//! The bell of one conversation: what it has rung for since its task last listened.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// The bell of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Doorbell {
    bell: Notify,
    look: AtomicBool,
    in_doubt: AtomicBool,
    taken_over: AtomicBool,
}

/// What a bell has rung for since it was last listened to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rung {
    /// Something may be in the inbox.
    pub(crate) look: bool,
    /// The conversation may no longer be ours.
    pub(crate) in_doubt: bool,
}

impl Doorbell {
    /// Waits until it rings.
    pub(crate) async fn rings(&self) {
        self.bell.notified().await;
    }

    /// Look into the inbox.
    pub(crate) fn ring(&self) {
        self.look.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    /// Look whether the conversation is still ours.
    pub(crate) fn ring_in_doubt(&self) {
        self.in_doubt.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    /// The owner took the conversation over, from their own phone.
    pub(crate) fn ring_taken_over(&self) {
        self.taken_over.store(true, Ordering::Release);
        self.ring();
    }

    /// Whether the owner took the conversation over.
    pub(crate) fn was_taken_over(&self) -> bool {
        self.taken_over.load(Ordering::Acquire)
    }

    /// All that it rang for since this was last asked.
    pub(crate) fn take(&self) -> Rung {
        Rung {
            look: self.look.swap(false, Ordering::AcqRel),
            in_doubt: self.in_doubt.swap(false, Ordering::AcqRel),
        }
    }
}
