//! What WhatsApp forbids an account for a while, as WAHA tells it with the status of a session (WAHA 2026.8).

use super::wire::{Capping, Timelock, line, millis};

/// WAHA's words for a quota have at most 14 letters.
const LEVEL_MAX: usize = 32;

/// A restriction that is in force. To answer who writes stays allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restriction {
    /// No new chats may be begun.
    Timelock {
        /// Until when, in ms since 1970, where that is told.
        until: Option<i64>,
    },
    /// The month's quota of new chats is nearly used up, or is.
    Capping {
        /// WAHA's word: `FIRST_WARNING`, `SECOND_WARNING`, `CAPPED`.
        level: String,
        /// When the quota begins anew, in ms since 1970, where that is told.
        until: Option<i64>,
    },
}

/// What is in force of these.
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
