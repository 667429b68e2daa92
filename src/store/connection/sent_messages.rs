//! The messages that this process sent, remembered outside Redis. Redis may come back without its last second, or a replica or a backup may
//! replace it; even then, the bot's messages must not be taken for the owner's, and should not be sent again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::clock::Millis;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::store::lanes::lane::Settlement;

/// About 1 MB. Older messages are found in Redis.
const KEPT_MAX: usize = 10_000;

/// How long we remember that a reply was sent: longer than a replica is behind.
const SETTLED_FOR: Duration = Duration::from_secs(60);

/// And how many of these replies, each about 2 KB.
const SETTLED_MAX: usize = 1_000;

/// The messages that this process sent. Cheap to clone; all clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentMessages(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// In which chat.
    known: HashMap<(SessionName, MessageId), ChatId>,
    /// The same messages, oldest first.
    order: VecDeque<(SessionName, MessageId)>,
    /// The replies that were sent last, oldest first.
    settled: VecDeque<(Instant, SessionName, Arc<Settlement>, Millis)>,
}

impl SentMessages {
    /// Notes that a reply in `chat` became the message `message`, or will.
    pub(crate) fn note(&self, session: &SessionName, chat: &ChatId, message: &MessageId) {
        // The lock is poisoned only if a thread panicked while it held the lock, and no line here can panic.
        if let Ok(mut kept) = self.0.lock()
            && kept
                .known
                .insert(key(session, message), chat.clone())
                .is_none()
        {
            kept.order.push_back(key(session, message));
            if kept.order.len() > KEPT_MAX
                && let Some(oldest) = kept.order.pop_front()
            {
                kept.known.remove(&oldest);
            }
        }
    }

    /// Notes that a reply was sent.
    pub(crate) fn note_settled(
        &self,
        session: &SessionName,
        settlement: &Arc<Settlement>,
        now: Millis,
    ) {
        if let Ok(mut kept) = self.0.lock() {
            let at = Instant::now();
            kept.settled
                .push_back((at, session.clone(), settlement.clone(), now));
            let is_over = |kept: &Kept| {
                let oldest = kept.settled.front();
                kept.settled.len() > SETTLED_MAX
                    || oldest.is_some_and(|(at, ..)| at.elapsed() > SETTLED_FOR)
            };
            while is_over(&kept) {
                kept.settled.pop_front();
            }
        }
    }

    /// Whether we sent it in this chat, or in one that may be the same person's.
    pub(crate) fn knows(&self, session: &SessionName, chat: &ChatId, message: &MessageId) -> bool {
        self.0.lock().is_ok_and(|kept| {
            let sent_in = kept.known.get(&key(session, message));
            sent_in.is_some_and(|sent_in| sent_in.may_be_the_person_of(chat))
        })
    }

    /// The messages of a session, and in which chats.
    pub(crate) fn messages(&self, session: &SessionName) -> Vec<(MessageId, ChatId)> {
        let Ok(kept) = self.0.lock() else {
            return Vec::new();
        };
        let known = kept.known.iter();
        known
            .filter(|((of, _), _)| of == session)
            .map(|((_, message), chat)| (message.clone(), chat.clone()))
            .collect()
    }

    /// The replies of a session that were sent last, and when, oldest first.
    pub(crate) fn settled(&self, session: &SessionName) -> Vec<(Settlement, Millis)> {
        let Ok(kept) = self.0.lock() else {
            return Vec::new();
        };
        let settled = kept.settled.iter();
        settled
            .filter(|(_, of, ..)| of == session)
            .map(|(_, _, settlement, at)| (Settlement::clone(settlement), *at))
            .collect()
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
        let chat = ChatId::stored("551@c.us");
        let message = |number: usize| MessageId::stored(number.to_string());
        for number in 0..=KEPT_MAX {
            sent.note(&one, &chat, &message(number));
            sent.note(&one, &chat, &message(number));
        }
        assert!(!sent.knows(&one, &chat, &message(0)));
        assert!(sent.knows(&one, &chat, &message(1)) && !sent.knows(&two, &chat, &message(1)));
        assert!(sent.clone().knows(&one, &chat, &message(KEPT_MAX)));
        // An id is of a message only within its chat. The other kind of id may be the same person's.
        assert!(!sent.knows(&one, &ChatId::stored("552@c.us"), &message(1)));
        assert!(sent.knows(&one, &ChatId::stored("9@lid"), &message(1)));
        assert_eq!(sent.messages(&one).len(), KEPT_MAX);
        assert_eq!(sent.messages(&two), []);
    }
}
