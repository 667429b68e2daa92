//! Shares out what all clients need: connections, and memory for bodies. When there is none left, the client that has been
//! longest without an authentic webhook makes room for the new one.
//!
//! WAHA's webhooks need milliseconds, so they never have to make room, even if WAHA and an attacker seem to have one
//! address: behind a reverse proxy, or Docker's port mapping. If the addresses differ, one that has signed nothing lately
//! gets no more than a share, and all of these together leave a reserve for those that signed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::peer::{Peer, Signers};

/// The limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShareLimits {
    /// For everybody together.
    all: usize,
    /// For all addresses together from which no authentic webhook came lately.
    strangers: usize,
    /// For each of these.
    stranger: usize,
}

impl ShareLimits {
    /// A quarter is for each stranger, and a quarter is kept for those who signed.
    pub(crate) const fn new(all: usize) -> Self {
        Self {
            all,
            strangers: all - all / 4,
            stranger: all / 4,
        }
    }
}

/// What is shared out.
#[derive(Debug)]
pub(crate) struct Shares {
    limits: ShareLimits,
    signers: Arc<Signers>,
    state: Mutex<SharesState>,
}

#[derive(Debug, Default)]
struct SharesState {
    /// In order of age: of the time since the last authentic webhook, or since the first take.
    holders: BTreeMap<u64, Holder>,
    /// What each address holds.
    by_peer: HashMap<Peer, usize>,
    all: usize,
    next: u64,
}

#[derive(Debug)]
struct Holder {
    peer: Peer,
    amount: usize,
    /// Its last request was authentic. It does not have to make room while this is so.
    is_proven: bool,
    closing: Arc<Notify>,
}

/// Why somebody had to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Its address has signed nothing lately, and holds a whole share.
    Share,
    /// All such addresses together leave no more.
    StrangersShare,
    /// There is no more.
    All,
}

/// Who had to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) peer: Peer,
    /// What this address held then.
    pub(crate) held: usize,
    pub(crate) reached: Reached,
}

/// There is nothing left, and nobody who has to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NothingLeft;

/// What a client holds. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Held {
    shares: Arc<Shares>,
    peer: Peer,
    /// Its place in the order of age.
    key: Mutex<u64>,
    closing: Arc<Notify>,
}

impl Shares {
    pub(crate) fn new(limits: ShareLimits, signers: Arc<Signers>) -> Self {
        Self {
            limits,
            signers,
            state: Mutex::default(),
        }
    }

    /// Takes `amount` for a client, and tells `on_closed` who had to make room.
    ///
    /// # Errors
    /// [`NothingLeft`].
    pub(crate) fn take(
        self: &Arc<Self>,
        peer: Peer,
        amount: usize,
        on_closed: impl FnMut(&Closed),
    ) -> Result<Held, NothingLeft> {
        let mut state = self.lock();
        let closing = Arc::new(Notify::new());
        let key = state.add(Holder {
            peer,
            amount: 0,
            is_proven: false,
            closing: closing.clone(),
        });
        let grown = self.grow(&mut state, key, amount, on_closed);
        drop(state);
        // Built before the `?`, so that it is given back.
        let held = Held {
            shares: self.clone(),
            peer,
            key: Mutex::new(key),
            closing,
        };
        grown.map(|()| held)
    }

    /// Whether half of it is taken: then everybody has less time.
    pub(crate) fn is_crowded(&self) -> bool {
        self.lock().all >= self.limits.all / 2
    }

    fn grow(
        &self,
        state: &mut SharesState,
        key: u64,
        more: usize,
        mut on_closed: impl FnMut(&Closed),
    ) -> Result<(), NothingLeft> {
        let peer = match state.holders.get(&key) {
            Some(holder) => holder.peer,
            // It had to make room.
            None => return Err(NothingLeft),
        };
        while let Some(reached) = self.reached(state, peer, more) {
            let signers = match reached {
                Reached::StrangersShare => self.signers.all(),
                Reached::Share | Reached::All => Vec::new(),
            };
            let oldest = state.holders.iter().find(|(_, holder)| {
                !holder.is_proven
                    && match reached {
                        Reached::Share => holder.peer == peer,
                        Reached::StrangersShare => !signers.contains(&holder.peer),
                        Reached::All => true,
                    }
            });
            let Some((&oldest, _)) = oldest else {
                return Err(NothingLeft);
            };
            let Some(holder) = state.remove(oldest) else {
                return Err(NothingLeft);
            };
            holder.closing.notify_one();
            let held = state.by_peer.get(&holder.peer).copied().unwrap_or(0) + holder.amount;
            on_closed(&Closed {
                peer: holder.peer,
                held,
                reached,
            });
            if oldest == key {
                return Err(NothingLeft);
            }
        }
        if let Some(holder) = state.holders.get_mut(&key) {
            holder.amount += more;
            *state.by_peer.entry(peer).or_default() += more;
            state.all += more;
        }
        Ok(())
    }

    /// The limit that forbids this address to take `more`.
    fn reached(&self, state: &SharesState, peer: Peer, more: usize) -> Option<Reached> {
        if !self.signers.signed_lately(peer) {
            let held = state.by_peer.get(&peer).copied().unwrap_or(0);
            if held + more > self.limits.stranger {
                return Some(Reached::Share);
            }
            // Counted only if it can matter.
            if state.all + more > self.limits.strangers {
                let signers = self.signers.all();
                let held: usize = signers
                    .iter()
                    .filter_map(|peer| state.by_peer.get(peer))
                    .sum();
                if state.all - held + more > self.limits.strangers {
                    return Some(Reached::StrangersShare);
                }
            }
        }
        (state.all + more > self.limits.all).then_some(Reached::All)
    }

    fn lock(&self) -> MutexGuard<'_, SharesState> {
        // No line that holds it can panic. If one did, the numbers would still be right enough.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharesState {
    /// Adds the youngest holder.
    fn add(&mut self, holder: Holder) -> u64 {
        let key = self.next;
        self.next += 1;
        self.all += holder.amount;
        *self.by_peer.entry(holder.peer).or_default() += holder.amount;
        self.holders.insert(key, holder);
        key
    }

    fn remove(&mut self, key: u64) -> Option<Holder> {
        let holder = self.holders.remove(&key)?;
        self.all -= holder.amount;
        if let Some(held) = self.by_peer.get_mut(&holder.peer) {
            *held -= holder.amount;
            if *held == 0 {
                self.by_peer.remove(&holder.peer);
            }
        }
        Some(holder)
    }
}

impl Held {
    /// Takes `more`. The client keeps its age, so it may be the one that has to make room.
    ///
    /// # Errors
    /// [`NothingLeft`], also if it had to make room before.
    pub(crate) fn grow(&self, more: usize) -> Result<(), NothingLeft> {
        let key = self.key();
        let mut state = self.shares.lock();
        self.shares.grow(&mut state, key, more, |_| {})
    }

    /// Its request was authentic: it does not have to make room until the next one begins.
    pub(crate) fn prove(&self) {
        self.renew(true);
    }

    /// A request begins. If the last one was authentic, it is as young as a new client; otherwise it keeps its age, so that
    /// nobody stays young by asking for something else.
    pub(crate) fn begin(&self) {
        let is_proven = {
            let key = self.key();
            let state = self.shares.lock();
            state
                .holders
                .get(&key)
                .is_some_and(|holder| holder.is_proven)
        };
        if is_proven {
            self.renew(false);
        }
    }

    /// Waits until it has to make room.
    pub(crate) async fn closing(&self) {
        self.closing.notified().await;
    }

    pub(crate) fn peer(&self) -> Peer {
        self.peer
    }

    fn renew(&self, is_proven: bool) {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.shares.lock();
        if let Some(holder) = state.remove(*key) {
            *key = state.add(Holder {
                is_proven,
                ..holder
            });
        }
    }

    fn key(&self) -> u64 {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let key = self.key();
        self.shares.lock().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const WAHA: Peer = Peer::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn stranger(n: u8) -> Peer {
        Peer::V4(Ipv4Addr::new(198, 51, 100, n))
    }

    /// Sixteen for all, twelve for strangers, four for each of them.
    fn sixteen() -> Arc<Shares> {
        Arc::new(Shares::new(ShareLimits::new(16), Arc::default()))
    }

    /// Takes one, and returns who had to make room.
    #[track_caller]
    fn take(shares: &Arc<Shares>, peer: Peer) -> (Held, Vec<Closed>) {
        let mut closed = Vec::new();
        let held = shares.take(peer, 1, |one| closed.push(*one)).unwrap();
        (held, closed)
    }

    fn must_close(held: &Held) -> bool {
        let key = held.key();
        !held.shares.lock().holders.contains_key(&key)
    }

    #[test]
    fn a_stranger_has_a_share_and_its_own_oldest_makes_room() {
        let shares = sixteen();
        let other = take(&shares, stranger(2)).0;
        let held: Vec<_> = (0..4).map(|_| take(&shares, stranger(1)).0).collect();
        let (fifth, closed) = take(&shares, stranger(1));
        let reached = Reached::Share;
        let (peer, held_then) = (stranger(1), 4);
        assert_eq!(
            closed,
            [Closed {
                peer,
                held: held_then,
                reached
            }]
        );
        assert!(must_close(&held[0]) && !must_close(&held[1]));
        assert!(!must_close(&other) && !must_close(&fifth));
    }

    #[test]
    fn strangers_leave_a_reserve_for_those_who_signed_lately() {
        let shares = sixteen();
        let held: Vec<_> = (0..12).map(|n| take(&shares, stranger(n)).0).collect();
        let (_new, closed) = take(&shares, stranger(100));
        assert_eq!(closed.len(), 1);
        assert_eq!(closed[0].reached, Reached::StrangersShare);
        assert!(must_close(&held[0]));
        shares.signers.signed(WAHA);
        let wahas: Vec<_> = (0..4).map(|_| take(&shares, WAHA)).collect();
        assert!(wahas.iter().all(|(_, closed)| closed.is_empty()));
        // The reserve is used up as well: the oldest of all makes room.
        let (_another, closed) = take(&shares, WAHA);
        assert_eq!(closed[0].reached, Reached::All);
        assert!(must_close(&held[1]) && !must_close(&wahas[0].0));
    }

    #[test]
    fn at_one_address_the_longest_without_a_signature_makes_room() {
        let shares = sixteen();
        shares.signers.signed(WAHA);
        let (proven, _) = take(&shares, WAHA);
        proven.prove();
        let held: Vec<_> = (0..15).map(|_| take(&shares, WAHA).0).collect();
        // A request that is not authentic does not make a client younger.
        held[0].begin();
        let (_new, closed) = take(&shares, WAHA);
        assert_eq!(closed.len(), 1);
        assert!(must_close(&held[0]) && !must_close(&proven));
        // The next request of the one that signed is as young as a new client.
        proven.begin();
        let newer: Vec<_> = (0..14).map(|_| take(&shares, WAHA).0).collect();
        assert!(!must_close(&proven));
        let (_one_more, _) = take(&shares, WAHA);
        let (_and_another, _) = take(&shares, WAHA);
        assert!(must_close(&proven) && !must_close(&newer[13]));
    }

    #[test]
    fn if_all_are_authentic_nobody_makes_room() {
        let shares = sixteen();
        shares.signers.signed(WAHA);
        let held: Vec<_> = (0..16).map(|_| take(&shares, WAHA).0).collect();
        held.iter().for_each(Held::prove);
        let refused = shares.take(WAHA, 1, |_| {}).map(drop);
        assert_eq!(refused, Err(NothingLeft));
        drop(held);
        assert_eq!(shares.lock().all, 0);
        assert!(shares.lock().by_peer.is_empty() && shares.lock().holders.is_empty());
    }

    #[test]
    fn one_that_grows_may_have_to_make_room_itself_and_everything_is_given_back() {
        let shares = sixteen();
        let one = shares.take(stranger(1), 1, |_| {}).unwrap();
        let two = shares.take(stranger(1), 2, |_| {}).unwrap();
        assert_eq!(two.grow(1), Ok(()));
        // The oldest wants more than the share.
        assert_eq!(one.grow(1), Err(NothingLeft));
        assert!(must_close(&one) && !must_close(&two));
        assert_eq!(one.grow(1), Err(NothingLeft));
        assert_eq!(two.grow(1), Ok(()));
        assert_eq!(two.grow(1), Err(NothingLeft));
        assert_eq!(
            shares.take(stranger(1), 5, |_| {}).map(drop),
            Err(NothingLeft)
        );
        drop((one, two));
        assert_eq!(shares.lock().all, 0);
        assert!(shares.lock().by_peer.is_empty() && shares.lock().holders.is_empty());
    }
}
