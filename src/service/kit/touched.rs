//! What changed in the history: the archiver writes it here after each commit, and the console's screens read it.
//!
//! Nothing is kept while nobody watches, and never more than a bounded number of chats.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::ids::{ChatId, SessionName};

/// If more chats of a session changed since the last look, all of its chats count as changed.
const CHATS_MAX: usize = 10_000;

/// See the module. It has one reader.
#[derive(Debug, Default)]
pub struct Touched {
    changes: Mutex<HashMap<SessionName, TouchedChats>>,
    news: Notify,
    watchers: AtomicUsize,
    in_trouble: AtomicBool,
}

/// Which chats of a session changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TouchedChats {
    /// These. None of them, if something happened that is about no chat, such as the pause of a line.
    These(HashSet<ChatId>),
    /// Any of them.
    All,
}

impl Touched {
    /// Something about this session and these chats was stored.
    pub fn note(&self, session: &SessionName, chats: impl IntoIterator<Item = ChatId>) {
        if !self.is_watched() {
            return;
        }
        let mut changes = self.changes();
        let touched = changes
            .entry(session.clone())
            .or_insert_with(|| TouchedChats::These(HashSet::new()));
        if let TouchedChats::These(known) = touched {
            known.extend(chats);
            if known.len() > CHATS_MAX {
                *touched = TouchedChats::All;
            }
        }
        drop(changes);
        self.news.notify_one();
    }

    /// Waits until something changed, and takes all that changed since the last call.
    pub async fn changed(&self) -> Vec<(SessionName, TouchedChats)> {
        loop {
            let taken = std::mem::take(&mut *self.changes());
            if !taken.is_empty() {
                return taken.into_iter().collect();
            }
            self.news.notified().await;
        }
    }

    /// From now on, until the result is dropped, changes are noted, and the archiver looks more often.
    #[must_use]
    pub fn watch(&self) -> Watching<'_> {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        Watching(self)
    }

    /// Whether a screen is open.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Whether the history can't be written now. Changes are then noted only when it can be written again.
    #[must_use]
    pub fn is_in_trouble(&self) -> bool {
        self.in_trouble.load(Ordering::Relaxed)
    }

    pub(crate) fn set_in_trouble(&self, in_trouble: bool) {
        self.in_trouble.store(in_trouble, Ordering::Relaxed);
    }

    fn changes(&self) -> MutexGuard<'_, HashMap<SessionName, TouchedChats>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody watches until this is dropped.
#[derive(Debug)]
pub struct Watching<'t>(&'t Touched);

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        if self.0.watchers.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.changes().clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(n: usize) -> ChatId {
        ChatId::stored(format!("{n}@c.us"))
    }

    #[tokio::test]
    async fn all_that_changed_since_the_last_look_is_taken_once() {
        let (shop, bar) = (SessionName::stored("shop"), SessionName::stored("bar"));
        let touched = Touched::default();
        touched.note(&shop, [chat(9)]);
        let watching = touched.watch();
        touched.note(&shop, [chat(1), chat(2)]);
        touched.note(&shop, [chat(2), chat(3)]);
        touched.note(&bar, []);
        let mut all = touched.changed().await;
        all.sort_by_key(|(session, _)| session.clone());
        let expected = TouchedChats::These([1, 2, 3].map(chat).into());
        assert_eq!(
            all,
            [
                (bar, TouchedChats::These(HashSet::new())),
                (shop.clone(), expected)
            ]
        );
        // The next call waits for the next change.
        let (next, ()) = tokio::join!(touched.changed(), async { touched.note(&shop, [chat(4)]) });
        assert_eq!(
            next,
            [(shop.clone(), TouchedChats::These([chat(4)].into()))]
        );
        touched.note(&shop, [chat(5)]);
        drop(watching);
        assert!(touched.changes().is_empty() && !touched.is_watched());
    }

    #[tokio::test]
    async fn too_many_chats_are_all_chats() {
        let shop = SessionName::stored("shop");
        let touched = Touched::default();
        let _watching = touched.watch();
        touched.note(&shop, (0..=CHATS_MAX).map(chat));
        touched.note(&shop, [chat(1)]);
        assert_eq!(touched.changed().await, [(shop, TouchedChats::All)]);
    }
}
