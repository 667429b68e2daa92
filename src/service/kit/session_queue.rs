//! Sessions that an agent looks at one after the other, each at most once in the line.

use std::collections::{HashSet, VecDeque};

use crate::ids::SessionName;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SessionQueue {
    order: VecDeque<SessionName>,
    members: HashSet<SessionName>,
}

impl SessionQueue {
    /// Adds a session at the end, unless it is there already.
    pub(crate) fn push(&mut self, session: SessionName) {
        if self.members.insert(session.clone()) {
            self.order.push_back(session);
        }
    }

    /// Takes the first session.
    pub(crate) fn pop(&mut self) -> Option<SessionName> {
        let session = self.order.pop_front()?;
        self.members.remove(&session);
        Some(session)
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }
}
