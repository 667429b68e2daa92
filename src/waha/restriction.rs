//! WhatsApp's temporary restrictions on an account, as WAHA reports them with a session's status (WAHA 2026.8).

use super::one_line::line;
use super::wire::{Capping, Timelock, millis};
use crate::clock::Millis;

/// WAHA's words for the state of a quota have at most 14 letters.
const LEVEL_MAX: usize = 32;

/// A restriction that is in force. We may still answer customers who write to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restriction {
    /// No new chats may be started.
    Timelock {
        /// Until when, if WAHA says so.
        until: Option<Millis>,
    },
    /// The month's quota of new chats is used up or nearly used up.
    Capping {
        /// WAHA's word: `FIRST_WARNING`, `SECOND_WARNING`, `CAPPED`.
        level: String,
        /// When the quota is renewed, if WAHA says so.
        until: Option<Millis>,
    },
}

/// The restrictions that are in force.
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
