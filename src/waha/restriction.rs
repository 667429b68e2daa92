//! What WhatsApp forbids an account for a while, as WAHA reports it with a session's status (WAHA 2026.8).

use super::wire::{Capping, Timelock, line, millis};

/// WAHA's words for a quota have at most 14 letters.
const LEVEL_MAX: usize = 32;

/// A restriction that is in force. Answering customers who write stays allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restriction {
    /// No new chats may be started.
    Timelock {
        /// Until when, in ms since 1970, if WAHA says so.
        until: Option<i64>,
    },
    /// The month's quota of new chats is used up, or nearly.
    Capping {
        /// WAHA's word: `FIRST_WARNING`, `SECOND_WARNING`, `CAPPED`.
        level: String,
        /// When the quota is renewed, in ms since 1970, if WAHA says so.
        until: Option<i64>,
    },
}

/// Those of these restrictions that are in force.
pub(super) fn in_force(timelock: &Timelock<'_>, capping: &Capping<'_>) -> Vec<Restriction> {
    let mut restrictions = Vec::new();
    if timelock.is_active.flag() == Some(true) {
        restrictions.push(Restriction::Timelock {
            until: millis(timelock.ends),
        });
    }
    let level = capping.status.text();
    if let Some(level) = level.and_then(|level| line(&level, LEVEL_MAX))
        && level != "NONE"
    {
        restrictions.push(Restriction::Capping {
            level,
            until: millis(capping.cycle_end),
        });
    }
    restrictions
}
