//! Shared by the connections of a process: how they reconnect if a server may no longer write.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use fred::interfaces::ClientLike;
use fred::types::config::Server;
use tokio::sync::broadcast;
use tokio::time::timeout;
use tracing::warn;

use crate::ids::{ProcessId, SessionName};
use crate::store::connection::contact::Contact;
use crate::store::connection::sent_messages::SentMessages;
use crate::store::connection::silences::Silences;
use crate::throttle::Throttle;

/// The sessions that a store has added to the set in Redis, and when it last marked them as busy.
pub(crate) type Sessions = Mutex<HashMap<SessionName, Instant>>;

/// How often we reconnect while the server is read-only: its name may point to another server at any moment.
const RECONNECT_INTERVAL: Duration = Duration::from_secs(1);

const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Says why a connection reaches no server; `None` if it reaches one.
type Reach = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// All connections of one process. When one of them learns of a failover, the others must know, too: they may only read or
/// listen.
#[derive(Clone)]
pub struct Connections {
    reconnect_requests: broadcast::Sender<()>,
    reconnect_throttle: Arc<Throttle>,
    log_throttle: Arc<Throttle>,
    cluster_throttle: Arc<Throttle>,
    /// Of each store and each subscription of this process.
    reaches: Arc<Mutex<Vec<Reach>>>,
    /// The nodes of the Cluster that we know of.
    nodes: Arc<Mutex<Vec<Server>>>,
    /// The messages that this process sent; Redis may forget them.
    pub(crate) sent: SentMessages,
    /// This process, once it may hold leases and send.
    pub(crate) process: Arc<OnceLock<ProcessId>>,
    /// When connections were lost and made.
    pub(crate) contact: Contact,
    /// When servers were silent.
    pub(super) silences: Silences,
    /// How many replicas must have what a script wrote before its answer counts.
    pub(crate) ack_replicas: u32,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections(..)")
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            reconnect_requests: broadcast::channel(1).0,
            reconnect_throttle: Arc::new(Throttle::new(RECONNECT_INTERVAL)),
            log_throttle: Arc::new(Throttle::new(LOG_INTERVAL)),
            cluster_throttle: Arc::new(Throttle::new(LOG_INTERVAL)),
            reaches: Arc::default(),
            nodes: Arc::default(),
            sent: SentMessages::default(),
            process: Arc::default(),
            contact: Contact::default(),
            silences: Silences::default(),
            ack_replicas: 0,
        }
    }
}

impl Connections {
    /// Gets a message each time that every connection must reconnect.
    pub(crate) fn reconnect_requests(&self) -> broadcast::Receiver<()> {
        self.reconnect_requests.subscribe()
    }

    /// Says that the Cluster refuses commands.
    pub(crate) fn say_cluster_is_down(&self) {
        if self.cluster_throttle.due() {
            warn!(
                "the Cluster says that it is down (CLUSTERDOWN), as happens for a moment in a failover. If this continues, a \
                 part of its keys has no server: bring the node or its replica back"
            );
        }
    }

    /// Adds a connection of this process.
    pub(crate) fn watch(&self, reach: Reach) {
        if let Ok(mut reaches) = self.reaches.lock() {
            reaches.push(reach);
        }
    }

    /// Why one of the connections of this process reaches no server; `None` if all do. Each does other work, so a process is well
    /// only if all are.
    pub(crate) fn unreached(&self) -> Option<String> {
        let reaches = self.reaches.lock().ok()?;
        reaches.iter().find_map(|reach| reach())
    }

    /// The same for a store whose scripts wait until this many replicas have what they wrote.
    #[must_use]
    pub fn acknowledged_by(&self, replicas: u32) -> Self {
        Self {
            ack_replicas: replicas,
            ..self.clone()
        }
    }

    /// Notes which nodes the Cluster has.
    pub(crate) fn set_nodes(&self, known: &[Server]) {
        if let Ok(mut nodes) = self.nodes.lock() {
            nodes.clear();
            nodes.extend_from_slice(known);
        }
    }

    /// The nodes of the Cluster in any order, or these while they are not known.
    pub(crate) fn nodes_or(&self, seeds: &[Server]) -> Vec<Server> {
        let known = self.nodes.lock().map(|nodes| nodes.clone());
        let known = known.ok().filter(|nodes| !nodes.is_empty());
        let mut nodes = known.unwrap_or_else(|| seeds.to_vec());
        fastrand::shuffle(&mut nodes);
        nodes
    }

    /// Redis refused a write because it is now a replica.
    pub(crate) fn became_read_only(&self) {
        if self.log_throttle.due() {
            warn!(
                "Redis became read-only, as happens in a failover; reconnecting every second until it takes writes. If \
                 this continues, REDIS_URL points to a replica"
            );
        }
        self.reconnect_all();
    }

    /// Reconnects all, at most once a second: another server took over, and the same name, address or Sentinel may already lead to
    /// it.
    pub(crate) fn reconnect_all(&self) {
        if !self.reconnect_throttle.due() {
            return;
        }
        // Sending fails only if everything is closed.
        let _ = self.reconnect_requests.send(());
    }
}

/// Reconnects in the background. The next command shows whether it worked.
pub(crate) fn reconnect<C: ClientLike + 'static>(client: &C) {
    let client = client.clone();
    tokio::spawn(async move { client.force_reconnection().await });
}

/// Waits until `client` is connected. We check every second, because fred looks whether it is connected, then listens, and
/// misses what happens in between.
pub(crate) async fn connected(client: &impl ClientLike) -> Result<(), fred::error::Error> {
    loop {
        match timeout(Duration::from_secs(1), client.wait_for_connect()).await {
            Ok(connected) => return connected,
            Err(_) if client.is_connected() => return Ok(()),
            Err(_) => {}
        }
    }
}
