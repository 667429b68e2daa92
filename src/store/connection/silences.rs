//! When servers were silent, as all connections of a process noticed it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// How often each server was silent. A connection with few commands may notice no silence itself. A Sentinel group counts as one server.
#[derive(Clone, Debug, Default)]
pub(super) struct Silences {
    of_servers: Arc<Mutex<HashMap<String, Arc<AtomicU64>>>>,
    is_listening: Arc<AtomicBool>,
}

impl Silences {
    pub(super) fn of(&self, server: &str) -> Arc<AtomicU64> {
        match self.of_servers.lock() {
            Ok(mut silences) => silences.entry(server.to_owned()).or_default().clone(),
            // Only a panic while the lock is held could poison it, and no line here can panic.
            Err(_) => Arc::default(),
        }
    }

    /// Whether nobody listens to the Sentinels yet: one does for the whole process.
    pub(super) fn is_first_to_listen(&self) -> bool {
        !self.is_listening.swap(true, Ordering::Relaxed)
    }
}
