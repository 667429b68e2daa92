//! Which sessions this process looks after. What is due by time in a session (notices, retries, the ends of takeovers and waits,
//! catching up, notifications to the owner) is the duty of one process at a time, and the sessions spread over the living ones.
//!
//! Each process works this out for itself from the heartbeats: of all living processes, the one with the highest weight for a
//! session looks after it. If a process comes or goes, only its own share moves. Nobody takes a lease for this: each thing that is
//! done is one script, so two processes that disagree for a moment do no harm.

use std::collections::{BTreeSet, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::ids::{ProcessId, SessionName};

/// See the module.
#[derive(Debug)]
pub struct Duties {
    process: ProcessId,
    /// The processes that share the duties now. This one is always among them.
    sharing: watch::Sender<BTreeSet<ProcessId>>,
    /// This process is about to stop, so others look after its sessions.
    leaving: AtomicBool,
    /// Of the sessions of this process: those where customers are with a worker or wait for one.
    attended: Mutex<HashSet<SessionName>>,
}

impl Duties {
    /// All duties are those of `process`, until it knows of others.
    pub fn new(process: ProcessId) -> Self {
        Self {
            sharing: watch::Sender::new(BTreeSet::from([process.clone()])),
            process,
            leaving: AtomicBool::new(false),
            attended: Mutex::default(),
        }
    }

    /// Notes which processes share the duties.
    pub(crate) fn share(&self, living: impl IntoIterator<Item = ProcessId>) {
        let mut sharing: BTreeSet<ProcessId> = living.into_iter().collect();
        sharing.insert(self.process.clone());
        self.sharing.send_if_modified(|before| {
            let changes = *before != sharing;
            *before = sharing;
            changes
        });
    }

    /// Changes when other processes share the duties than before.
    pub(crate) fn changes(&self) -> watch::Receiver<BTreeSet<ProcessId>> {
        self.sharing.subscribe()
    }

    /// Whether this process looks after a session.
    pub(crate) fn is_ours(&self, session: &SessionName) -> bool {
        let sharing = self.sharing.borrow();
        let ours = (weight(&self.process, session), &self.process);
        let mut others = sharing.iter();
        sharing.len() < 2 || others.all(|other| (weight(other, session), other) <= ours)
    }

    /// From now on, others look after the sessions of this process.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Notes whether customers of a session are with a worker, or wait for one.
    pub(crate) fn note_attended(&self, session: &SessionName, attended: bool) {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        if let Ok(mut sessions) = self.attended.lock() {
            match attended {
                true => drop(sessions.insert(session.clone())),
                false => drop(sessions.remove(session)),
            }
        }
    }

    /// The sessions of this process where customers are with a worker or wait for one.
    pub(crate) fn attended(&self) -> Vec<SessionName> {
        let sessions = self.attended.lock();
        sessions.map_or_else(
            |_| Vec::new(),
            |sessions| sessions.iter().cloned().collect(),
        )
    }
}

/// The weight of a process for a session: a number by chance, but the same in every process and every version. (FNV-1a, and the end
/// of `SplitMix64`, because the last bytes must change all bits.)
fn weight(process: &ProcessId, session: &SessionName) -> u64 {
    let bytes = process
        .as_str()
        .bytes()
        .chain([b' '])
        .chain(session.as_str().bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processes(count: u8) -> Vec<Duties> {
        let names = (0..count).map(|number| ProcessId::from_random([number; 8]));
        names.map(Duties::new).collect()
    }

    fn share(all: &[Duties]) {
        for one in all {
            one.share(all.iter().map(|other| other.process.clone()));
        }
    }

    fn owners(all: &[Duties], sessions: &[SessionName]) -> Vec<ProcessId> {
        let owner = |session: &SessionName| {
            let mut owners = all.iter().filter(|one| one.is_ours(session));
            let owner = owners.next().unwrap().process.clone();
            assert!(owners.next().is_none(), "two look after {session}");
            owner
        };
        sessions.iter().map(owner).collect()
    }

    #[test]
    fn each_session_has_one_process_and_only_the_share_of_one_that_comes_or_goes_moves() {
        let sessions: Vec<SessionName> = (0..1_000)
            .map(|number| SessionName::stored(format!("shop{number}")))
            .collect();
        let mut all = processes(4);
        let fourth = all.pop().unwrap();
        share(&all);
        let before = owners(&all, &sessions);
        for one in &all {
            let share = before.iter().filter(|owner| **owner == one.process).count();
            assert!(
                (250..420).contains(&share),
                "{share} of 1,000 for one of three"
            );
        }
        all.push(fourth);
        share(&all);
        let after = owners(&all, &sessions);
        let moved = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| before != after);
        let moved: Vec<_> = moved.map(|(_, after)| after).collect();
        assert!((170..330).contains(&moved.len()), "{} moved", moved.len());
        assert!(moved.iter().all(|owner| **owner == all[3].process));
    }

    #[test]
    fn a_process_that_knows_of_no_other_looks_after_all_sessions_and_hears_only_of_changes() {
        let all = processes(2);
        let session = SessionName::stored("shop");
        assert!(all[0].is_ours(&session) && all[1].is_ours(&session));
        let mut changes = all[0].changes();
        all[0].share([]);
        assert!(!changes.has_changed().unwrap());
        share(&all);
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        share(&all);
        assert!(!changes.has_changed().unwrap());
    }
}
