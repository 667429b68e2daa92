//! The recoverer is responsible for leases: it says that this process lives, and takes back what a process held
//! that has fallen silent.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::wake_ups::WakeUps;
use crate::clock;
use crate::store::{Error, Store};

const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);
/// Six heartbeats missed. Customers of a killed process go on within five seconds; a process that stalls for
/// longer than this loses what it holds, and its late writes are refused.
const SILENT_AFTER: Duration = Duration::from_secs(3);

/// See the module.
pub struct Recoverer {
    /// The process that says it lives.
    pub process: String,
    /// How many workers it has, for the estimated wait.
    pub workers: usize,
    /// Where leases are.
    pub store: Store,
    /// Added up with each heartbeat.
    pub wake_ups: Arc<WakeUps>,
}

impl Recoverer {
    /// Says that the process lives; to be done once before it takes its first lease.
    ///
    /// # Errors
    /// As the store's.
    pub async fn announce(&self) -> Result<(), Error> {
        self.store
            .heartbeat(&self.process, self.workers, SILENT_AFTER)
            .await
    }

    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut tick = interval(HEARTBEAT_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = shutdown.cancelled() => return,
            }
            if let Err(error) = self.run_once().await {
                debug!(%error, "no heartbeat: Redis is away");
            }
        }
    }

    /// One heartbeat, and a look at the others'. Returns which processes had fallen silent.
    ///
    /// # Errors
    /// As the store's.
    pub async fn run_once(&self) -> Result<Vec<String>, Error> {
        self.announce().await?;
        self.wake_ups.add_up(&self.store).await?;
        let silent = self.store.silent_processes().await?;
        for process in &silent {
            let (conversations, lanes) = release(&self.store, process).await?;
            if conversations + lanes > 0 {
                warn!(
                    process,
                    conversations, lanes, "a process fell silent; what it held goes on with others"
                );
            }
        }
        Ok(silent)
    }
}

/// Takes back everything that `process` holds, in all sessions: it is known to be dead, or done. Returns how many
/// conversations and how many lanes.
///
/// # Errors
/// As the store's; what was not taken back is at the next call.
pub async fn release(store: &Store, process: &str) -> Result<(u64, u64), Error> {
    let (mut conversations, mut lanes) = (0, 0);
    for session in store.sessions().await? {
        let released = store.release(&session, process, clock::now()).await?;
        conversations += released.0;
        lanes += released.1;
    }
    store.forget_process(process).await?;
    Ok((conversations, lanes))
}
