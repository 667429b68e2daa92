//! Work that an agent does at a fixed interval, because no bell rings for it.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::service::kit::store_error_log::StoreErrorLog;
use crate::store::StoreError;

/// See the module.
pub(crate) struct Periodic {
    ticks: Interval,
    shutdown: CancellationToken,
    store_errors: StoreErrorLog,
}

impl Periodic {
    /// The first run is at once, the next ones `pause` apart, until `shutdown`.
    pub(crate) fn every(pause: Duration, shutdown: CancellationToken) -> Self {
        let mut ticks = interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            ticks,
            shutdown,
            store_errors: StoreErrorLog::default(),
        }
    }

    /// Waits until the next run is due. Returns false at the shutdown.
    pub(crate) async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.ticks.tick() => true,
            () = self.shutdown.cancelled() => false,
        }
    }

    /// Does the work once; the shutdown cancels it. If it fails, `what` is logged ("could not ...").
    pub(crate) async fn run<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) {
        let done = tokio::select! {
            done = work => done,
            () = self.shutdown.cancelled() => return,
        };
        if let Err(error) = done {
            self.store_errors.log(what, &error);
        }
    }
}
