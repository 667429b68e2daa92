//! The browsers that show a page, and the last changes that were sent to them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

/// A browser that is behind by more than this loads the page again, which is shorter.
const BEHIND_MAX: usize = 64 << 10;
/// How many changes are kept for a browser that comes back.
const KEPT: usize = 2_048;
/// And how many bytes of them.
const KEPT_BYTES: usize = 256 << 10;

/// How many bytes wait in a stream.
#[derive(Clone, Debug, Default)]
pub(in crate::console) struct Queued(Arc<AtomicUsize>);

impl Queued {
    pub(super) fn sent(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn add(&self, bytes: usize) -> bool {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        // A single change may be larger than that.
        before == 0 || before + bytes <= BEHIND_MAX
    }
}

/// A browser that shows the page.
pub(super) struct Subscriber {
    pub(super) number: u64,
    pub(super) sender: mpsc::UnboundedSender<Bytes>,
    pub(super) queued: Queued,
}

impl Subscriber {
    /// Sends a change. Returns whether the browser is still there and keeps up.
    pub(super) fn send(&self, change: &Bytes) -> bool {
        self.queued.add(change.len()) && self.sender.send(change.clone()).is_ok()
    }
}

/// The changes of a page, newest last.
#[derive(Default)]
pub(super) struct Changes {
    /// The number of the newest one.
    newest: u64,
    kept: VecDeque<(u64, Bytes)>,
    bytes: usize,
}

impl Changes {
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn next(&self) -> u64 {
        self.newest + 1
    }

    /// Adds the change with the number [`Changes::next`].
    pub(super) fn add(&mut self, change: Bytes) {
        self.newest += 1;
        self.bytes += change.len();
        self.kept.push_back((self.newest, change));
        while self.kept.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some((_, oldest)) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
        }
    }

    /// The changes after this number; `None` if some of them are not kept any more, or it was never given.
    pub(super) fn after(&self, number: u64) -> Option<impl Iterator<Item = &Bytes>> {
        let first = self
            .kept
            .front()
            .map_or(self.newest + 1, |(first, _)| *first);
        let known = number <= self.newest && number + 1 >= first;
        known.then(|| {
            let later = self.kept.iter().filter(move |(at, _)| *at > number);
            later.map(|(_, change)| change)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(changes: &Changes, number: u64) -> Option<Vec<Bytes>> {
        changes.after(number).map(|them| them.cloned().collect())
    }

    #[test]
    fn a_browser_that_comes_back_gets_what_it_missed_or_nothing() {
        let mut changes = Changes::default();
        assert_eq!(after(&changes, 0), Some(vec![]));
        assert_eq!(after(&changes, 1), None);
        for number in 1..=3 {
            assert_eq!(changes.next(), number);
            changes.add(Bytes::from(vec![number as u8]));
        }
        assert_eq!(after(&changes, 3), Some(vec![]));
        assert_eq!(
            after(&changes, 1),
            Some(vec![vec![2].into(), vec![3].into()])
        );
        assert_eq!(after(&changes, 4), None);
        for _ in 0..KEPT {
            changes.add(Bytes::from_static(b"x"));
        }
        assert_eq!(after(&changes, 2), None);
        assert_eq!(after(&changes, 3).map(|them| them.len()), Some(KEPT));
        changes.add(vec![0; KEPT_BYTES + 1].into());
        assert_eq!(after(&changes, changes.newest() - 1), None);
        assert_eq!(after(&changes, changes.newest()), Some(vec![]));
    }

    #[test]
    fn a_browser_that_does_not_keep_up_is_let_go() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let subscriber = Subscriber {
            number: 1,
            sender,
            queued: Queued::default(),
        };
        let large = Bytes::from(vec![0; BEHIND_MAX + 1]);
        let small = Bytes::from_static(b"x");
        assert!(subscriber.send(&large), "the first one, however large");
        assert!(!subscriber.send(&small));
        let read = receiver.try_recv().unwrap();
        subscriber.queued.sent(read.len() + small.len());
        assert!(subscriber.send(&small));
    }
}
