//! Rounds: what an agent does again and again, for whom no bell rings.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::service::kit::store_error_log::Complaint;
use crate::store::Error;

/// See the module.
pub(crate) struct Rounds {
    ticks: Interval,
    shutdown: CancellationToken,
    complaint: Complaint,
}

impl Rounds {
    /// The first at once, then one after each `pause`, until `shutdown`.
    pub(crate) fn every(pause: Duration, shutdown: CancellationToken) -> Self {
        let mut ticks = interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            ticks,
            shutdown,
            complaint: Complaint::default(),
        }
    }

    /// Waits for the next; false at the shutdown.
    pub(crate) async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.ticks.tick() => true,
            () = self.shutdown.cancelled() => false,
        }
    }

    /// Goes a round, which is given up at the shutdown. `what` could not be done where it fails.
    pub(crate) async fn go<T>(&self, what: &str, round: impl Future<Output = Result<T, Error>>) {
        let done = tokio::select! {
            done = round => done,
            () = self.shutdown.cancelled() => return,
        };
        if let Err(error) = done {
            self.complaint.tell(what, &error);
        }
    }
}
