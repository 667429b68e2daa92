//! The bell of one conversation: why it has rung since its task last looked.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::store::Heard;

/// Copies of messages kept for a conversation that is behind; beyond that they wait in Redis alone.
const HEARD_MAX: usize = 2;

/// The bell of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Doorbell {
    bell: Notify,
    rung: Mutex<Rung>,
    /// The owner took it over, on their own phone.
    phone: AtomicBool,
}

/// What a bell says that rings because the owner answers from their own phone, as the scripts write it.
const BY_PHONE: &str = "phone";

/// What a bell has rung for since it was last listened to.
#[derive(Debug, Default)]
pub(crate) struct Rung {
    /// Something may be in the inbox.
    pub(crate) look: bool,
    /// The conversation may no longer be ours.
    pub(crate) in_doubt: bool,
    /// Copies of what came in, in order.
    pub(crate) heard: Vec<Heard>,
}

impl Doorbell {
    /// Waits until it rings.
    pub(crate) async fn rings(&self) {
        self.bell.notified().await;
    }

    /// Look into the inbox.
    pub(crate) fn ring(&self) {
        self.with(|rung| rung.look = true);
    }

    /// Look whether the conversation is still ours.
    pub(crate) fn ring_in_doubt(&self) {
        self.with(|rung| rung.in_doubt = true);
    }

    /// This came in.
    pub(crate) fn hear(&self, heard: Heard) {
        if heard.number == 0 && heard.message == BY_PHONE {
            self.phone.store(true, Ordering::Relaxed);
        }
        self.with(|rung| {
            if rung.heard.len() < HEARD_MAX {
                rung.heard.push(heard);
            } else {
                rung.heard.clear();
                rung.look = true;
            }
        });
    }

    /// Whether it rang because the owner took the conversation over.
    pub(crate) fn rang_for_phone(&self) -> bool {
        self.phone.load(Ordering::Relaxed)
    }

    fn with(&self, change: impl FnOnce(&mut Rung)) {
        // Held for a moment, never over an await. Poisoned only if a thread panicked while it held the lock.
        if let Ok(mut rung) = self.rung.lock() {
            change(&mut rung);
        }
        self.bell.notify_one();
    }

    /// All that it rang for since this was last asked.
    pub(crate) fn take(&self) -> Rung {
        self.rung
            .lock()
            .map(|mut rung| std::mem::take(&mut *rung))
            .unwrap_or_default()
    }
}
