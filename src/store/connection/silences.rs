//! When servers were silent, as all connections of a process noticed it.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

/// How often each server was silent. A connection with few commands may notice no silence itself. A Sentinel group counts as one server.
#[derive(Clone, Debug, Default)]
pub(super) struct Silences(Arc<Mutex<HashMap<String, Arc<AtomicU64>>>>);

impl Silences {
    pub(super) fn of(&self, server: &str) -> Arc<AtomicU64> {
        match self.0.lock() {
            Ok(mut silences) => silences.entry(server.to_owned()).or_default().clone(),
            // Only a panic while the lock is held could poison it, and no line here can panic.
            Err(_) => Arc::default(),
        }
    }
}
