//! Refused webhooks in the log: the first ones each, a flood of them in sums.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tracing::warn;

use crate::waha::signature::Refused;

/// So many are told one by one; a wrong secret shows at the first.
const TOLD_AT_ONCE: u32 = 20;
/// After those, one more in each interval. A stranger must not fill the disk, nor bury what else is in the log.
const TELL_INTERVAL: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(crate) struct Refusals(Mutex<RefusalCounts>);

#[derive(Debug)]
struct RefusalCounts {
    /// How many may be told now; one more with each interval.
    to_tell: u32,
    since: Instant,
    untold: u64,
}

impl Default for Refusals {
    fn default() -> Self {
        Self(Mutex::new(RefusalCounts {
            to_tell: TOLD_AT_ONCE,
            since: Instant::now(),
            untold: 0,
        }))
    }
}

impl Refusals {
    /// Tells of a webhook that was not authentic, or counts it for later.
    pub(crate) fn log(&self, peer: SocketAddr, reason: Refused) {
        if let Some(untold) = self.due(Instant::now()) {
            let more = (untold > 0).then_some(untold);
            warn!(
                %peer, %reason, more,
                "security: refused a webhook that is not signed with WEBHOOK_HMAC_SECRET; if it is your WAHA, \
                 set its WHATSAPP_HOOK_HMAC_KEY to the same secret"
            );
        }
    }

    /// Tells how many were not told, if any: for when a flood is over.
    pub(crate) fn log_the_rest(&self) {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let more = self
            .0
            .lock()
            .map_or(0, |mut state| std::mem::take(&mut state.untold));
        if more > 0 {
            warn!(
                more,
                "security: refused more webhooks that are not signed with WEBHOOK_HMAC_SECRET"
            );
        }
    }

    /// How many were not told before this one, if this one is to be told.
    fn due(&self, now: Instant) -> Option<u64> {
        let Ok(mut state) = self.0.lock() else {
            return None;
        };
        let intervals =
            now.saturating_duration_since(state.since).as_millis() / TELL_INTERVAL.as_millis();
        let intervals = u32::try_from(intervals).unwrap_or(u32::MAX);
        if intervals > 0 {
            state.to_tell = state.to_tell.saturating_add(intervals).min(TOLD_AT_ONCE);
            state.since = now;
        }
        if state.to_tell == 0 {
            state.untold += 1;
            return None;
        }
        state.to_tell -= 1;
        Some(std::mem::take(&mut state.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_told_each_then_one_a_second_with_the_number_of_the_others() {
        let refusals = Refusals::default();
        let start = Instant::now();
        let told = (0..1_000).filter(|_| refusals.due(start).is_some()).count();
        assert_eq!(told, TOLD_AT_ONCE as usize);
        let later = start + TELL_INTERVAL * 2;
        assert_eq!(refusals.due(later), Some(980));
        assert_eq!(refusals.due(later), Some(0));
        assert_eq!(refusals.due(later), None);
        assert_eq!(refusals.due(start + TELL_INTERVAL * 3600), Some(1));
    }
}
