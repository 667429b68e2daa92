//! Logs what strangers can cause in any number: the first ones one by one, and only their number in a flood.

use std::net::SocketAddr;
use std::time::Duration;

use tracing::warn;

use super::peer::Peer;
use super::shares::{Closed, Reached};
use crate::throttle::{CountingThrottle, Due};
use crate::waha::event::NotAnEvent;
use crate::waha::signature::Refused;

/// How many refused webhooks are logged one by one. The first of them show a wrong secret.
const LOGGED_ONE_BY_ONE: u32 = 20;
/// After those, one line per interval.
const LOG_INTERVAL: Duration = Duration::from_secs(1);
/// A crowd closes thousands of connections in a second, all of them for one reason.
const CROWD_INTERVAL: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug)]
pub(crate) struct RefusalLog {
    forged: CountingThrottle,
    not_events: CountingThrottle,
    share_reached: CountingThrottle,
    all_taken: CountingThrottle,
    large_bodies: CountingThrottle,
}

impl Default for RefusalLog {
    fn default() -> Self {
        let refused = || CountingThrottle::new(LOGGED_ONE_BY_ONE, LOG_INTERVAL);
        let crowd = || CountingThrottle::new(1, CROWD_INTERVAL);
        Self {
            forged: refused(),
            not_events: refused(),
            share_reached: crowd(),
            all_taken: crowd(),
            large_bodies: crowd(),
        }
    }
}

impl RefusalLog {
    /// A webhook that was not authentic.
    pub(crate) fn forged(&self, peer: SocketAddr, reason: Refused) {
        if let Some(Due { more }) = self.forged.due() {
            warn!(
                %peer, %reason, more,
                "security: refused a webhook that is not signed with WEBHOOK_HMAC_SECRET; if it is your WAHA, \
                 set its WHATSAPP_HOOK_HMAC_KEY to the same secret"
            );
        }
    }

    /// A webhook that was authentic, and is no event.
    pub(crate) fn not_an_event(&self, peer: SocketAddr, reason: &NotAnEvent) {
        if let Some(Due { more }) = self.not_events.due() {
            warn!(
                %peer, %reason, more,
                "refused a signed webhook that is not a WAHA event; is something else using WEBHOOK_HMAC_SECRET, or is \
                 WAHA much newer or older than this version supports?"
            );
        }
    }

    /// A connection was closed to make room for a new one.
    pub(crate) fn connection_closed(&self, closed: &Closed) {
        let Closed {
            peer: address,
            held,
            reached,
        } = closed;
        match reached {
            Reached::Share => {
                if let Some(Due { more }) = self.share_reached.due() {
                    warn!(
                        %address, connections = held, more,
                        "security: an address from which no signed webhook came lately has its whole share of the \
                         connections; for each new one, its connection that has been longest without a signed webhook is \
                         closed; only WAHA needs to reach this port: close it to others"
                    );
                }
            }
            Reached::StrangersShare | Reached::All => {
                if let Some(Due { more }) = self.all_taken.due() {
                    warn!(
                        %address, connections = held, more,
                        "security: all connections are taken (some are kept for addresses that sign webhooks); for each new one, \
                         the connection that has been longest without a signed webhook is closed, the last time one of \
                         `address`; only WAHA needs to reach this port: close it to others"
                    );
                }
            }
        }
    }

    /// A body was refused because of the memory that others hold, or that its own address holds.
    pub(crate) fn body_refused(&self, address: Peer) {
        if let Some(Due { more }) = self.large_bodies.due() {
            warn!(
                %address, more,
                "too many large webhooks at once; some got a 503 and must be sent again, which WAHA does. If this \
                 continues and WAHA is quiet, somebody else can reach the port (see `address`): close it"
            );
        }
    }

    /// At the end of a flood, logs how many were counted but not logged.
    pub(crate) fn log_the_rest(&self) {
        if let Some(more) = self.forged.rest() {
            warn!(
                more,
                "security: refused more webhooks that are not signed with WEBHOOK_HMAC_SECRET"
            );
        }
        if let Some(more) = self.not_events.rest() {
            warn!(more, "refused more signed webhooks, each not a WAHA event");
        }
        if let Some(more) = self.share_reached.rest() {
            warn!(
                more,
                "security: closed more connections of addresses that have their whole share of the connections"
            );
        }
        if let Some(more) = self.all_taken.rest() {
            warn!(
                more,
                "security: closed more connections to make room for new ones"
            );
        }
        if let Some(more) = self.large_bodies.rest() {
            warn!(
                more,
                "refused more large webhooks, because too many came at once"
            );
        }
    }
}
