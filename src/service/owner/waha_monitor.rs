//! The WAHA monitor is responsible for knowing whether this process can use WAHA, before a customer notices that it can't: it
//! asks WAHA at the start and at an interval, and reports to the processes that listen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::ids::ProcessId;
use crate::service::kit::periodic::Periodic;
use crate::service::kit::waha_access::WahaAccess;
use crate::store::{Store, StoreError};

/// How often it reports, and asks again while there is a problem.
const INTERVAL: Duration = Duration::from_secs(5);
/// How often it asks while there is none.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);
/// A report counts for this long: some are late on a busy machine.
const REPORT_TTL: Duration = Duration::from_secs(30);

/// See the module.
pub struct WahaMonitor {
    /// The process that reports.
    pub process: ProcessId,
    /// Keeps the reports.
    pub store: Store,
    /// Asks WAHA, and knows the result.
    pub access: Arc<WahaAccess>,
}

impl WahaMonitor {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not store whether this process can use WAHA";
        let mut usable_at = None;
        let mut periodic = Periodic::every(INTERVAL, shutdown);
        while periodic.next().await {
            periodic.run(what, self.run_once(&mut usable_at)).await;
        }
    }

    /// Asks WAHA, unless it was usable a moment ago, and reports. `usable_at`: when it last was.
    ///
    /// # Errors
    /// The store's.
    pub async fn run_once(&self, usable_at: &mut Option<Instant>) -> Result<(), StoreError> {
        let is_due = usable_at.is_none_or(|at| at.elapsed() >= CHECK_INTERVAL);
        if is_due || self.access.has_problem() {
            *usable_at = self.access.check().await.then(Instant::now);
        }
        let report = self.access.report();
        self.store
            .report_waha(&self.process, &report, REPORT_TTL)
            .await
    }
}
