//! When this process lost a connection to Redis, and when it made one. After that the server of a session may be another one, and
//! may lack the last writes of the one before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::clock::Millis;
use crate::ids::SessionName;

/// For each session: how many connections had been made or lost when this process last wrote back what it sent.
pub(crate) type WrittenBack = Mutex<HashMap<SessionName, u64>>;

/// Of all connections of a process. Cheap to clone; all clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Contact(Arc<watch::Sender<ContactState>>);

/// See [`Contact`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContactState {
    /// How many connections were made or lost so far.
    pub(crate) changes: u64,
    /// When the last one was made.
    pub(crate) made_at: Millis,
    /// When one was lost last; 0: never.
    pub(crate) lost_at: Millis,
}

impl Default for Contact {
    fn default() -> Self {
        Self(Arc::new(watch::channel(ContactState::default()).0))
    }
}

impl Contact {
    /// A connection was lost.
    pub(crate) fn lost(&self, now: Millis) {
        self.0.send_modify(|state| {
            state.changes += 1;
            state.lost_at = now;
        });
    }

    /// A connection was made.
    pub(crate) fn made(&self, now: Millis) {
        self.0.send_modify(|state| {
            state.changes += 1;
            state.made_at = now;
        });
    }

    pub(crate) fn state(&self) -> ContactState {
        *self.0.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<ContactState> {
        self.0.subscribe()
    }
}
