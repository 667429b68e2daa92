//! The sweeper is responsible for sessions in which nothing is open any more: it takes them out of the list that the other
//! agents poll. A session comes back to the list by itself as soon as something happens in it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::clock::Millis;
use crate::service::kit::periodic::Periodic;
use crate::store::{Store, StoreError, Unmarked};

const INTERVAL: Duration = Duration::from_secs(1);
/// How often every session is looked at, even those that count as idle, in case a mark was lost.
const THOROUGH_INTERVAL: Duration = Duration::from_secs(300);
/// How many sessions one round examines.
const EXAMINE_MAX: u32 = 1_000;

/// See the module.
pub struct Sweeper {
    /// Knows the sessions.
    pub store: Store,
}

impl Sweeper {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not look for sessions in which nothing is open";
        let mut periodic = Periodic::every(INTERVAL, shutdown);
        while periodic.next().await {
            periodic.run(what, self.run_once()).await;
        }
    }

    /// Examines some sessions, unless another process does so now. Returns what it found.
    ///
    /// # Errors
    /// The store's.
    pub async fn run_once(&self) -> Result<Option<Unmarked>, StoreError> {
        let now = Millis::now();
        if self.store.turn_to_mark_all_busy(THOROUGH_INTERVAL).await? {
            self.store.mark_all_busy(now).await?;
        }
        if !self
            .store
            .turn_to_unmark_idle(INTERVAL.mul_f64(0.8))
            .await?
        {
            return Ok(None);
        }
        let unmarked = self.store.unmark_idle(EXAMINE_MAX, now).await?;
        if unmarked.idle > 0 {
            debug!(
                sessions = unmarked.idle,
                "nothing is open in these sessions, so they are not polled until something happens there"
            );
        }
        Ok(Some(unmarked))
    }
}
