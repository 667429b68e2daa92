//! Logs refused webhooks: the first ones one by one, and only their number in a flood.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tracing::warn;

use crate::waha::signature::Refused;

/// How many are logged one by one. The first of them show a wrong secret.
const LOGGED_ONE_BY_ONE: u32 = 20;
/// After those, one line per interval. Strangers must not fill the disk or hide other log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(crate) struct Refusals(Mutex<RefusalCounts>);

#[derive(Debug)]
struct RefusalCounts {
    /// How many may be logged now. Each interval allows one more.
    may_log: u32,
    since: Instant,
    unlogged: u64,
}

impl Default for Refusals {
    fn default() -> Self {
        Self(Mutex::new(RefusalCounts {
            may_log: LOGGED_ONE_BY_ONE,
            since: Instant::now(),
            unlogged: 0,
        }))
    }
}

impl Refusals {
    /// Logs a webhook that was not authentic, or counts it for later.
    pub(crate) fn log(&self, peer: SocketAddr, reason: Refused) {
        if let Some(unlogged) = self.due(Instant::now()) {
            let more = (unlogged > 0).then_some(unlogged);
            warn!(
                %peer, %reason, more,
                "security: refused a webhook that is not signed with WEBHOOK_HMAC_SECRET; if it is your WAHA, \
                 set its WHATSAPP_HOOK_HMAC_KEY to the same secret"
            );
        }
    }

    /// At the end of a flood, logs how many were counted but not logged.
    pub(crate) fn log_the_rest(&self) {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let more = self
            .0
            .lock()
            .map_or(0, |mut state| std::mem::take(&mut state.unlogged));
        if more > 0 {
            warn!(
                more,
                "security: refused more webhooks that are not signed with WEBHOOK_HMAC_SECRET"
            );
        }
    }

    /// `None` if this refusal should not be logged; else the number of refusals before it that were not.
    fn due(&self, now: Instant) -> Option<u64> {
        let Ok(mut state) = self.0.lock() else {
            return None;
        };
        let intervals =
            now.saturating_duration_since(state.since).as_millis() / LOG_INTERVAL.as_millis();
        let intervals = u32::try_from(intervals).unwrap_or(u32::MAX);
        if intervals > 0 {
            state.may_log = state
                .may_log
                .saturating_add(intervals)
                .min(LOGGED_ONE_BY_ONE);
            state.since = now;
        }
        if state.may_log == 0 {
            state.unlogged += 1;
            return None;
        }
        state.may_log -= 1;
        Some(std::mem::take(&mut state.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_logged_one_by_one_then_one_a_second_with_the_number_of_the_others() {
        let refusals = Refusals::default();
        let start = Instant::now();
        let logged = (0..1_000).filter(|_| refusals.due(start).is_some()).count();
        assert_eq!(logged, LOGGED_ONE_BY_ONE as usize);
        let later = start + LOG_INTERVAL * 2;
        assert_eq!(refusals.due(later), Some(980));
        assert_eq!(refusals.due(later), Some(0));
        assert_eq!(refusals.due(later), None);
        assert_eq!(refusals.due(start + LOG_INTERVAL * 3600), Some(1));
    }
}
