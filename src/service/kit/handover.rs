//! Lanes that came to this process together with a commit, on their way from the conversations to the sender: so that it need not ask
//! Redis for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::mpsc;

use super::waha_access::WahaAccess;
use crate::ids::SessionName;
use crate::store::{Bell, Lane};

/// How many lanes a process may hold at once: more than a busy process has conversations, because most lanes are typing.
pub(crate) const LANES_MAX: usize = 16_384;

/// A lane for the sender.
#[derive(Debug)]
pub struct GivenLane {
    /// Its session.
    pub session: SessionName,
    /// `None`: the answer of Redis was lost, so there may be one.
    pub lane: Option<Lane>,
    /// When Redis was asked for it.
    pub asked: Instant,
}

/// The conversations' end.
pub struct Handover {
    lanes: mpsc::UnboundedSender<GivenLane>,
    bells: mpsc::UnboundedSender<Bell>,
    access: Arc<WahaAccess>,
    in_hand: Arc<LanesInHand>,
}

/// The sender's end.
pub struct GivenLanes {
    /// The lanes.
    pub lanes: mpsc::UnboundedReceiver<GivenLane>,
    /// How many lanes the sender has.
    pub(crate) in_hand: Arc<LanesInHand>,
}

/// How many lanes the sender of this process has.
#[derive(Debug, Default)]
pub(crate) struct LanesInHand(AtomicUsize);

impl LanesInHand {
    pub(crate) fn set(&self, count: usize) {
        self.0.store(count, Ordering::Relaxed);
    }
}

impl Handover {
    /// To the sender that hears these bells, as long as WAHA can be used.
    pub fn new(
        bells: mpsc::UnboundedSender<Bell>,
        access: Arc<WahaAccess>,
    ) -> (Handover, GivenLanes) {
        let (to_sender, lanes) = mpsc::unbounded_channel();
        let in_hand = Arc::<LanesInHand>::default();
        let handover = Handover {
            lanes: to_sender,
            bells,
            access,
            in_hand: in_hand.clone(),
        };
        (handover, GivenLanes { lanes, in_hand })
    }

    /// Whether the sender can take a lane of this session now.
    pub(crate) fn may_take(&self, session: &SessionName) -> bool {
        self.in_hand.0.load(Ordering::Relaxed) < LANES_MAX && self.access.may_send(session)
    }

    /// Gives the sender a lane, or has it look whether there is one. This fails only while we stop; then the next process sends the
    /// replies.
    pub(crate) fn give(&self, session: &SessionName, lane: Option<Lane>, asked: Instant) {
        let _ = self.lanes.send(GivenLane {
            session: session.clone(),
            lane,
            asked,
        });
    }

    /// Tells the sender that a lane of this session is due.
    pub(crate) fn ring(&self, session: &SessionName) {
        let _ = self.bells.send(Bell::Lanes(session.clone()));
    }
}
