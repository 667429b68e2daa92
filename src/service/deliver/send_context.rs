//! What all deliveries of a process share: the ways to Redis and to WAHA, and the limits of what is sent at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ids::ProcessId;
use crate::service::deliver::message_ids::MessageIds;
use crate::service::deliver::send_config::{InDoubt, Pacing, SendConfig};
use crate::service::kit::lease::Lease;
use crate::service::owner::notifier::OwnerNotifier;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::waha::client::Client;

/// Files that are read, held and sent at once: each takes up to three times its size of memory.
const FILES_MAX: usize = 4;
/// How often the log says that replies are not sent; the metrics count each.
const UNSENT_INTERVAL: Duration = Duration::from_secs(5);
const UNDECIDABLE_INTERVAL: Duration = Duration::from_secs(3600);

/// How and for whom to send.
pub struct SendContext {
    /// The process that holds the lanes.
    pub(crate) process: ProcessId,
    /// Where lanes are.
    pub(crate) store: Store,
    /// The way to WAHA.
    pub(crate) client: Arc<Client>,
    /// Notices for the owner leave by the same lanes.
    pub(crate) notifier: OwnerNotifier,
    /// This process' right to its lanes.
    pub(crate) lease: Arc<Lease>,
    /// Whether to type like a person.
    pub(crate) pacing: Pacing,
    /// What to do with a reply of which nobody can tell whether it was sent.
    pub(crate) in_doubt: InDoubt,
    /// Which sessions' engines hand out message ids.
    pub(crate) message_ids: MessageIds,
    /// While WAHA is away, every waiting reply fails in the same way.
    pub(crate) unsent: Throttle,
    /// That an engine can't tell is no news the second time.
    pub(crate) undecidable: Throttle,
    /// Limits requests under way, each on a blocking thread.
    requests: Arc<Semaphore>,
    /// Limits those that carry a file.
    pub(crate) files: Semaphore,
}

impl SendContext {
    /// Sends for `process` what is in the lanes of `store`.
    pub fn new(
        process: ProcessId,
        store: Store,
        client: Arc<Client>,
        notifier: OwnerNotifier,
        lease: Arc<Lease>,
        config: SendConfig,
    ) -> Self {
        Self {
            process,
            store,
            client,
            notifier,
            lease,
            pacing: config.pacing,
            in_doubt: config.in_doubt,
            message_ids: MessageIds::default(),
            undecidable: Throttle::new(UNDECIDABLE_INTERVAL),
            unsent: Throttle::new(UNSENT_INTERVAL),
            requests: Arc::new(Semaphore::new(config.requests)),
            files: Semaphore::new(FILES_MAX),
        }
    }

    /// For one request. Always there sooner or later: nobody closes the semaphore.
    pub(crate) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        self.requests.clone().acquire_owned().await.ok()
    }
}
