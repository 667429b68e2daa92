//! What the agents of a process share.

use std::sync::Arc;

use crate::flows::Flows;
use crate::ids::ProcessId;
use crate::service::kit::duties::Duties;
use crate::service::kit::lease::Lease;
use crate::service::kit::pickup_latency::PickupLatency;
use crate::service::kit::waha_access::WahaAccess;
use crate::service::owner::notifier::OwnerNotifier;
use crate::service::owner::reachability::Reachability;
use crate::store::Store;
use crate::waha::client::Client;

/// What the agents of a process share.
pub(super) struct Shared {
    pub(super) process: ProcessId,
    pub(super) store: Store,
    pub(super) flows: Arc<Flows>,
    pub(super) client: Arc<Client>,
    pub(super) access: Arc<WahaAccess>,
    pub(super) notifier: OwnerNotifier,
    pub(super) reachability: Arc<Reachability>,
    pub(super) duties: Arc<Duties>,
    pub(super) lease: Arc<Lease>,
    pub(super) pickup_latency: Arc<PickupLatency>,
}
