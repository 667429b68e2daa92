//! What all deliveries of a process share: the connections to Redis and WAHA, and the limits on parallel requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ids::ProcessId;
use crate::service::deliver::known_troubles::KnownTroubles;
use crate::service::deliver::message_ids::MessageIds;
use crate::service::deliver::send_config::{InDoubt, Pacing, SendConfig};
use crate::service::deliver::waha_call::WahaCaller;
use crate::service::kit::lease::Lease;
use crate::service::kit::waha_access::WahaAccess;
use crate::service::owner::notifier::OwnerNotifier;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::waha::client::Client;

/// How many files are in memory at once, from reading to sending. Each takes up to three times its size.
const FILES_MAX: usize = 4;
/// The log says at most this often that a reply was not sent. The metrics count each one.
const UNSENT_INTERVAL: Duration = Duration::from_secs(5);
const UNDECIDABLE_INTERVAL: Duration = Duration::from_secs(3600);

/// See the module.
pub struct SendContext {
    /// The process that holds the lanes.
    pub(crate) process: ProcessId,
    /// Holds the lanes.
    pub(crate) store: Store,
    /// Sends the requests to WAHA.
    pub(crate) waha: WahaCaller,
    /// Knows the owner's chat, and notifies the owner. These notices leave by lanes too.
    pub(crate) notifier: OwnerNotifier,
    /// This process' right to act on its lanes.
    pub(crate) lease: Arc<Lease>,
    /// Whether WAHA accepts our key.
    pub(crate) access: Arc<WahaAccess>,
    /// Whether to type like a person.
    pub(crate) pacing: Pacing,
    /// What to do with a reply if WAHA can't tell whether it was sent.
    pub(crate) in_doubt: InDoubt,
    /// Asks WAHA for message ids.
    pub(crate) message_ids: MessageIds,
    /// Limits log lines about failed attempts: while WAHA is down, every waiting reply fails in the same way.
    pub(crate) unsent: Throttle,
    /// Limits log lines about an engine that can't tell whether a reply was sent.
    pub(crate) undecidable: Throttle,
    /// Sessions in which WAHA does not mark messages as seen.
    pub(crate) seen_refused: KnownTroubles,
    /// Limits the running requests. Each uses a thread.
    requests: Arc<Semaphore>,
    /// Limits the requests that carry a file from our disk.
    pub(crate) files: Semaphore,
}

impl SendContext {
    /// Sends the replies in the lanes of `store`, for `process`.
    pub fn new(
        process: ProcessId,
        store: Store,
        client: Arc<Client>,
        notifier: OwnerNotifier,
        lease: Arc<Lease>,
        access: Arc<WahaAccess>,
        config: SendConfig,
    ) -> Self {
        Self {
            process,
            store,
            waha: WahaCaller::new(client),
            notifier,
            lease,
            access,
            pacing: config.pacing,
            in_doubt: config.in_doubt,
            message_ids: MessageIds::default(),
            undecidable: Throttle::new(UNDECIDABLE_INTERVAL),
            unsent: Throttle::new(UNSENT_INTERVAL),
            seen_refused: KnownTroubles::default(),
            requests: Arc::new(Semaphore::new(config.requests)),
            files: Semaphore::new(FILES_MAX),
        }
    }

    /// A permit for one request. It is never `None`, because nobody closes the semaphore.
    pub(crate) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        self.requests.clone().acquire_owned().await.ok()
    }
}
