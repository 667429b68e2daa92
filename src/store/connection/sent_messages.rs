//! The messages that this process sent, remembered outside Redis. Redis may come back without its last second, or a replica
//! or a backup may replace it; even then, the bot's messages must not be taken for the owner's.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use crate::ids::{MessageId, SessionName};

/// About 1 MB. Older messages are found in Redis.
const KEPT_MAX: usize = 10_000;

/// The messages that this process sent. Cheap to clone; all clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentMessages(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    known: HashSet<(SessionName, MessageId)>,
    /// The same messages, oldest first.
    order: VecDeque<(SessionName, MessageId)>,
}

impl SentMessages {
    /// Notes that a reply became the message `message`.
    pub(crate) fn note(&self, session: &SessionName, message: &MessageId) {
        // The lock is poisoned only if a thread panicked while it held the lock, and no line here can panic.
        if let Ok(mut kept) = self.0.lock()
            && kept.known.insert(key(session, message))
        {
            kept.order.push_back(key(session, message));
            if kept.order.len() > KEPT_MAX
                && let Some(oldest) = kept.order.pop_front()
            {
                kept.known.remove(&oldest);
            }
        }
    }

    pub(crate) fn knows(&self, session: &SessionName, message: &MessageId) -> bool {
        let kept = self.0.lock();
        kept.is_ok_and(|kept| kept.known.contains(&key(session, message)))
    }
}

/// Both are cheap to clone.
fn key(session: &SessionName, message: &MessageId) -> (SessionName, MessageId) {
    (session.clone(), message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_of_each_session_are_known() {
        let sent = SentMessages::default();
        let (one, two) = (SessionName::stored("one"), SessionName::stored("two"));
        let message = |number: usize| MessageId::stored(number.to_string());
        for number in 0..=KEPT_MAX {
            sent.note(&one, &message(number));
            sent.note(&one, &message(number));
        }
        assert!(!sent.knows(&one, &message(0)));
        assert!(sent.knows(&one, &message(1)) && !sent.knows(&two, &message(1)));
        assert!(sent.clone().knows(&one, &message(KEPT_MAX)));
    }
}
