//! Troubles that are logged once for each session, until they end.

use std::collections::HashSet;
use std::sync::Mutex;

use crate::ids::SessionName;

/// The sessions that have one kind of trouble now.
#[derive(Debug, Default)]
pub(crate) struct KnownTroubles {
    sessions: Mutex<HashSet<SessionName>>,
}

impl KnownTroubles {
    /// Notes that the session has this trouble. Returns whether it is new.
    pub(crate) fn begins(&self, session: &SessionName) -> bool {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let sessions = self.sessions.lock();
        sessions.is_ok_and(|mut sessions| sessions.insert(session.clone()))
    }

    /// Notes that the session does not have this trouble. Returns whether it had it.
    pub(crate) fn ends(&self, session: &SessionName) -> bool {
        let sessions = self.sessions.lock();
        sessions.is_ok_and(|mut sessions| sessions.remove(session))
    }
}
