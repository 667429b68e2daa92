//! Messages that a process has sent, known beside Redis: where a Redis comes back without its last second, or a replica or a
//! backup takes its place, what the bot said must not pass for words of the owner's.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

/// About 1 MB; what is told later than after so many more is found in Redis.
const KEPT_MAX: usize = 10_000;

/// See the module. Cheap to clone: all know the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    known: HashSet<String>,
    /// The same, the latest last.
    order: VecDeque<String>,
}

impl Sent {
    /// A reply became the message with this stanza.
    pub(super) fn note(&self, session: &str, stanza: &str) {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        if let Ok(mut kept) = self.0.lock()
            && kept.known.insert(key(session, stanza))
        {
            kept.order.push_back(key(session, stanza));
            if kept.order.len() > KEPT_MAX
                && let Some(oldest) = kept.order.pop_front()
            {
                kept.known.remove(&oldest);
            }
        }
    }

    pub(super) fn knows(&self, session: &str, stanza: &str) -> bool {
        let kept = self.0.lock();
        kept.is_ok_and(|kept| kept.known.contains(&key(session, stanza)))
    }
}

/// A session's name has no space.
fn key(session: &str, stanza: &str) -> String {
    format!("{session} {stanza}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_of_each_session_are_known() {
        let sent = Sent::default();
        for number in 0..=KEPT_MAX {
            sent.note("one", &number.to_string());
            sent.note("one", &number.to_string());
        }
        assert!(!sent.knows("one", "0"));
        assert!(sent.knows("one", "1") && !sent.knows("two", "1"));
        assert!(sent.clone().knows("one", &KEPT_MAX.to_string()));
    }
}
