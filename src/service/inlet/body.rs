//! Reads whole request bodies, within limits of size, time and memory. If a body is refused, the sender still gets our
//! answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HeaderMap};
use tokio::time::{Instant, sleep_until, timeout};

use super::peer::Peer;
use super::refusal_log::RefusalLog;
use super::shares::{Held, Shares};

/// Far larger than any event: WAHA's events carry quoted messages and thumbnails, but no media.
const BODY_MAX: usize = 2 << 20;
/// Enough for two megabytes over any network between WAHA and us. Slower senders only block a connection.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// In a crowd, a body must bring this much in this time, again and again until it is complete. A slow line
/// gets through, and holding thousands of connections takes a lot of traffic.
const CROWDED_PIECE: usize = 128 << 10;
const CROWDED_TIMEOUT: Duration = Duration::from_secs(2);
/// How soon a body that is already being read notices that there is a crowd.
const CROWD_INTERVAL: Duration = Duration::from_millis(500);
/// This much of each body is always read, even if the shared memory is used up. Nearly all events fit, so a flood of large
/// bodies can't block customers' messages.
const FREE: usize = 16 << 10;
/// The memory for the rest of all bodies. A signature can be checked only after the body is read, so this is the most that
/// strangers can make us hold.
pub(crate) const MEMORY_MAX: usize = 64 << 20;
/// How much of a refused body we still read and discard, and for how long.
const DISCARD_MAX: usize = 8 << 20;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// Larger than any event.
    TooLarge,
    /// Other bodies hold all the memory for bodies.
    Crowded,
    /// The connection ended before the body did.
    BrokeOff,
    /// It did not arrive in time.
    TooSlow,
}

/// A body, and its share of the memory.
#[derive(Debug, Default)]
pub(crate) struct WebhookBody {
    pub(crate) bytes: Vec<u8>,
    /// One for each byte; given back when the body is dropped.
    share: Option<Held>,
}

impl WebhookBody {
    /// It was authentic, and is being stored. It does not have to make room any more.
    pub(crate) fn prove(&self) {
        if let Some(share) = &self.share {
            share.prove();
        }
    }

    /// Waits until it has to make room for another body.
    async fn closing(&self) {
        match &self.share {
            Some(share) => share.closing().await,
            None => std::future::pending().await,
        }
    }
}

/// Reads bodies. All connections share it.
pub(crate) struct Bodies {
    pub(crate) memory: Arc<Shares>,
    /// A crowd of connections leaves each body less time.
    pub(crate) connections: Arc<Shares>,
    pub(crate) log: Arc<RefusalLog>,
}

impl Bodies {
    /// Reads the whole body.
    ///
    /// # Errors
    /// As [`BodyError`] says. The rest of a refused body is read and discarded for a short time.
    pub(crate) async fn read(
        &self,
        peer: Peer,
        headers: &HeaderMap,
        mut incoming: Incoming,
    ) -> Result<WebhookBody, BodyError> {
        let announced = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let read = if announced.is_some_and(|length| length > BODY_MAX) {
            Err(BodyError::TooLarge)
        } else {
            self.collect(peer, &mut incoming).await
        };
        if matches!(read, Err(BodyError::TooLarge | BodyError::Crowded)) {
            throw_away(incoming);
        }
        read
    }

    async fn collect(&self, peer: Peer, incoming: &mut Incoming) -> Result<WebhookBody, BodyError> {
        let mut body = WebhookBody::default();
        let mut pace = Pace::new(Instant::now());
        loop {
            let now = Instant::now();
            let due = pace.due(self.is_crowded());
            if due <= now {
                return Err(BodyError::TooSlow);
            }
            let frame = tokio::select! {
                biased;
                frame = incoming.frame() => frame,
                () = body.closing() => {
                    self.log.body_refused(peer);
                    return Err(BodyError::Crowded);
                }
                () = sleep_until(due.min(now + CROWD_INTERVAL)) => continue,
            };
            let Some(frame) = frame else {
                return Ok(body);
            };
            let frame = frame.map_err(|_| BodyError::BrokeOff)?;
            if let Ok(data) = frame.into_data() {
                self.append(peer, &mut body, &data)?;
                pace.came(data.len(), now);
            }
        }
    }

    fn is_crowded(&self) -> bool {
        self.connections.is_crowded() || self.memory.is_crowded()
    }

    /// Copies the data, so that the connection's buffer is free again. Memory is taken for data that has arrived, not for a
    /// `Content-Length`.
    fn append(&self, peer: Peer, body: &mut WebhookBody, data: &Bytes) -> Result<(), BodyError> {
        let length = body.bytes.len() + data.len();
        if length > BODY_MAX {
            return Err(BodyError::TooLarge);
        }
        if length > body.bytes.capacity() {
            let capacity = length.max(2 * body.bytes.capacity()).min(BODY_MAX);
            self.take_share(peer, body, capacity)?;
            body.bytes.reserve_exact(capacity - body.bytes.len());
        }
        body.bytes.extend_from_slice(data);
        Ok(())
    }

    fn take_share(
        &self,
        peer: Peer,
        body: &mut WebhookBody,
        capacity: usize,
    ) -> Result<(), BodyError> {
        let held = body.bytes.capacity().saturating_sub(FREE);
        let more = capacity.saturating_sub(FREE) - held;
        if more == 0 {
            return Ok(());
        }
        // Who has to make room logs it, so nothing is to be done here.
        let taken = match &body.share {
            Some(share) => share.grow(more),
            None => self
                .memory
                .take(peer, more, |_| {})
                .map(|share| body.share = Some(share)),
        };
        taken.map_err(|_| {
            self.log.body_refused(peer);
            BodyError::Crowded
        })
    }
}

/// Whether a body comes fast enough.
struct Pace {
    began: Instant,
    /// When the current piece began.
    piece_began: Instant,
    /// What came of it.
    piece: usize,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self {
            began: now,
            piece_began: now,
            piece: 0,
        }
    }

    fn came(&mut self, bytes: usize, now: Instant) {
        self.piece += bytes;
        if self.piece >= CROWDED_PIECE {
            self.piece_began = now;
            self.piece = 0;
        }
    }

    /// When it is too late for more.
    fn due(&self, is_crowded: bool) -> Instant {
        let due = self.began + BODY_TIMEOUT;
        if is_crowded {
            due.min(self.piece_began + CROWDED_TIMEOUT)
        } else {
            due
        }
    }
}

/// Reads and discards a part of a refused body: if we close a connection while the sender still writes, our answer is
/// lost.
pub(crate) fn throw_away(incoming: Incoming) {
    tokio::spawn(timeout(DISCARD_TIMEOUT, async move {
        let mut rest = Limited::new(incoming, DISCARD_MAX);
        while let Some(Ok(_)) = rest.frame().await {}
    }));
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::service::inlet::peer::Signers;
    use crate::service::inlet::shares::ShareLimits;

    const WAHA: Peer = Peer::V4(Ipv4Addr::new(192, 0, 2, 1));
    const STRANGER: Peer = Peer::V4(Ipv4Addr::new(198, 51, 100, 1));

    fn bodies() -> (Bodies, Arc<Signers>) {
        let signers = Arc::new(Signers::default());
        let shares = |all| Arc::new(Shares::new(ShareLimits::new(all), signers.clone()));
        let bodies = Bodies {
            memory: shares(MEMORY_MAX),
            connections: shares(4_096),
            log: Arc::default(),
        };
        (bodies, signers)
    }

    /// A body of two megabytes, as far as it may be read.
    fn large(bodies: &Bodies, peer: Peer) -> (WebhookBody, Result<(), BodyError>) {
        let (mut body, piece) = (WebhookBody::default(), Bytes::from(vec![0; 64 << 10]));
        for _ in 0..BODY_MAX / piece.len() {
            if let Err(refused) = bodies.append(peer, &mut body, &piece) {
                return (body, Err(refused));
            }
        }
        (body, Ok(()))
    }

    #[test]
    fn large_bodies_share_the_memory_small_ones_are_always_read_and_all_of_it_is_given_back() {
        let (bodies, signers) = bodies();
        signers.signed(WAHA);
        let small = Bytes::from(vec![0; FREE]);
        // A stranger's share: the oldest makes room when it is used up.
        let strangers: Vec<_> = (0..10).map(|_| large(&bodies, STRANGER)).collect();
        assert!(strangers.iter().all(|(_, read)| read.is_ok()));
        let alive = |bodies: &[(WebhookBody, _)]| {
            let share = |body: &WebhookBody| body.share.as_ref().unwrap().grow(0);
            bodies
                .iter()
                .filter(|(body, _)| share(body).is_ok())
                .count()
        };
        assert_eq!(alive(&strangers), 8);
        let held: Vec<_> = (0..24).map(|_| large(&bodies, WAHA)).collect();
        assert_eq!((alive(&held), alive(&strangers)), (24, 8));
        // Authentic ones are kept until they are stored; then there is no room for another.
        held.iter().for_each(|(body, _)| body.prove());
        drop(strangers);
        let others: Vec<_> = (0..8).map(|_| large(&bodies, WAHA)).collect();
        others.iter().for_each(|(body, _)| body.prove());
        assert_eq!(large(&bodies, WAHA).1, Err(BodyError::Crowded));
        assert!(bodies.is_crowded());
        let mut body = WebhookBody::default();
        assert_eq!(bodies.append(WAHA, &mut body, &small), Ok(()));
        drop((held, others));
        assert!(!bodies.is_crowded());
        assert_eq!(large(&bodies, WAHA).1, Ok(()));
        let mut whole = large(&bodies, WAHA).0;
        assert_eq!(
            bodies.append(WAHA, &mut whole, &small),
            Err(BodyError::TooLarge)
        );
    }

    #[test]
    fn in_a_crowd_a_body_has_two_seconds_for_each_piece_and_never_more_than_ten() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut pace = Pace::new(start);
        assert_eq!(
            (pace.due(false), pace.due(true)),
            (after(10_000), after(2_000))
        );
        pace.came(CROWDED_PIECE - 1, after(1_000));
        assert_eq!(pace.due(true), after(2_000));
        pace.came(1, after(1_900));
        assert_eq!(pace.due(true), after(3_900));
        pace.came(CROWDED_PIECE, after(9_000));
        assert_eq!(pace.due(true), after(10_000));
    }
}
