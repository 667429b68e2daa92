//! Who a connection comes from: one machine, as far as its address tells. And which of them signed a webhook lately.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// An address from which an authentic webhook came counts as WAHA's for this long. WAHA may be quiet for a night, but then
/// it is a stranger among few.
const SIGNED_LATELY: Duration = Duration::from_secs(3_600);
/// Far more than there are WAHAs behind one daemon. Only addresses with an authentic webhook come in.
const SIGNERS_MAX: usize = 256;
/// The bits of an IPv6 address that name a network. One machine has the rest for itself.
const IPV6_NETWORK: u128 = !(u64::MAX as u128);

/// An IPv4 address, or the network (/64) of an IPv6 address: a machine can take any address of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    V4(Ipv4Addr),
    V6Network(Ipv6Addr),
}

impl Peer {
    pub(crate) fn of(address: SocketAddr) -> Self {
        match address.ip().to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                Self::V6Network(Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK))
            }
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => write!(f, "{address}"),
            Self::V6Network(network) => write!(f, "{network}/64"),
        }
    }
}

/// The addresses from which authentic webhooks came lately.
#[derive(Debug, Default)]
pub(crate) struct Signers(Mutex<HashMap<Peer, Instant>>);

impl Signers {
    /// An authentic webhook came from there.
    pub(crate) fn signed(&self, peer: Peer) {
        self.signed_at(peer, Instant::now());
    }

    pub(crate) fn signed_lately(&self, peer: Peer) -> bool {
        self.signed_lately_at(peer, Instant::now())
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Peer> {
        let now = Instant::now();
        let signers = self.0.lock();
        signers.map_or_else(
            |_| Vec::new(),
            |signers| {
                let lately = signers.iter().filter(|(_, at)| is_lately(**at, now));
                lately.map(|(peer, _)| *peer).collect()
            },
        )
    }

    fn signed_at(&self, peer: Peer, now: Instant) {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let Ok(mut signers) = self.0.lock() else {
            return;
        };
        if signers.len() >= SIGNERS_MAX
            && !signers.contains_key(&peer)
            && let Some(oldest) = signers.iter().min_by_key(|(_, at)| **at)
        {
            let oldest = *oldest.0;
            signers.remove(&oldest);
        }
        signers.insert(peer, now);
    }

    fn signed_lately_at(&self, peer: Peer, now: Instant) -> bool {
        self.0
            .lock()
            .is_ok_and(|signers| signers.get(&peer).is_some_and(|at| is_lately(*at, now)))
    }
}

fn is_lately(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < SIGNED_LATELY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(ip: &str) -> Peer {
        Peer::of(SocketAddr::new(ip.parse().unwrap(), 1))
    }

    #[test]
    fn a_machine_is_one_peer_whatever_address_of_its_network_it_takes() {
        assert_eq!(peer("192.0.2.1"), peer("::ffff:192.0.2.1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
        assert_eq!(peer("::ffff:192.0.2.1").to_string(), "192.0.2.1");
        assert_eq!(peer("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    }

    #[test]
    fn a_signer_is_remembered_for_an_hour_and_the_oldest_makes_room() {
        let (signers, start) = (Signers::default(), Instant::now());
        let nth = |n: u32| Peer::V4(Ipv4Addr::from_bits(n));
        signers.signed_at(nth(0), start);
        assert!(signers.signed_lately_at(nth(0), start + SIGNED_LATELY / 2));
        assert!(!signers.signed_lately_at(nth(0), start + SIGNED_LATELY));
        for n in 1..=SIGNERS_MAX as u32 {
            signers.signed_at(nth(n), start + Duration::from_secs(1));
        }
        assert!(!signers.signed_lately_at(nth(0), start));
        assert!((1..=SIGNERS_MAX as u32).all(|n| signers.signed_lately_at(nth(n), start)));
    }
}
