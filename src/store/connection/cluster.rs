//! A Cluster: one connection to each node that has slots, and a map of the slots that is kept up to date. The trouble of one node
//! concerns only the keys that it has.
//!
//! A command that Redis did not run is sent again, for a short time: to the node that has its slot now, or when the keys of its slot
//! are together again. A script names two keys of its session that never exist. So while a slot moves key by key, Redis runs
//! no script on half of a session: it answers `TRYAGAIN` until the slot has moved.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use fred::types::Value;
use fred::types::config::{Config, Server, ServerConfig};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use crate::store::connection::client::{ask_once, config_of};
use crate::store::connection::config::RedisServer;
use crate::store::connection::connections::{Connections, Sessions};
use crate::store::connection::node::Node;
use crate::store::connection::redirection::Redirection;
use crate::store::connection::redis_command::RedisCommand;
use crate::store::connection::slot_map::SlotMap;
use crate::store::error::StoreError;

/// How long a command that did not run is sent again: longer than a failover usually takes to make a Cluster whole.
const TRY_FOR: Duration = Duration::from_secs(4);
/// The pauses between the tries: the first one, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(200));
/// How often the map is read while all is well.
const READ_INTERVAL: Duration = Duration::from_secs(10);
/// How often the map is read while a node can't be reached.
const READ_IN_TROUBLE: Duration = Duration::from_millis(250);
/// The map is read when a command had no answer for this long.
const SILENT_AFTER: Duration = Duration::from_millis(500);
/// How long a node may take to tell the map.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// At the start, how long we wait for the rest of the nodes when some are connected.
const WAIT_FOR_REST: Duration = Duration::from_secs(2);
/// How often a wait looks whether a connection is there.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// See the module.
pub(crate) struct Cluster(Arc<ClusterInner>);

struct ClusterInner {
    /// How to connect, without the address.
    base: Config,
    /// The addresses in `REDIS_URL`.
    seeds: Vec<Server>,
    connections: Connections,
    sessions: Arc<Sessions>,
    state: RwLock<KnownNodes>,
    must_read_map: Notify,
    closing: AtomicBool,
}

#[derive(Default)]
struct KnownNodes {
    map: SlotMap,
    nodes: HashMap<Server, Arc<Node>>,
    /// Why the map can't be read, while it can't.
    last_error: Option<StoreError>,
}

impl Cluster {
    pub(crate) fn open(
        url: &str,
        connections: &Connections,
        sessions: &Arc<Sessions>,
    ) -> Result<Self, StoreError> {
        let base = config_of(&RedisServer::Url(url.to_owned()))?;
        let shared = Arc::new(ClusterInner {
            seeds: base.server.hosts(),
            base,
            connections: connections.clone(),
            sessions: sessions.clone(),
            state: RwLock::default(),
            must_read_map: Notify::new(),
            closing: AtomicBool::new(false),
        });
        tokio::spawn(keep_map(shared.clone()));
        Ok(Self(shared))
    }

    /// Waits until the map is known and all nodes are connected, or some are and the others don't come.
    pub(crate) async fn connected(&self) -> Result<(), StoreError> {
        let mut some_since = None;
        loop {
            let nodes = self.nodes();
            if let Some(refused) = nodes.iter().find_map(|node| node.refused()) {
                return Err(refused);
            }
            if let Some(refused @ StoreError::Refused(_)) = self.0.last_map_error() {
                return Err(refused);
            }
            let connected = nodes.iter().filter(|node| node.is_connected()).count();
            if connected > 0 {
                let since = *some_since.get_or_insert_with(Instant::now);
                if connected == nodes.len() || since.elapsed() > WAIT_FOR_REST {
                    return Ok(());
                }
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    pub(crate) async fn send(&self, command: RedisCommand) -> Result<Value, StoreError> {
        let until = Instant::now() + TRY_FOR;
        let mut pause = PAUSES.0;
        let mut ask: Option<Server> = None;
        let mut moved = false;
        loop {
            let arguments = command.arguments.clone();
            let (server, sent) = match ask.take() {
                Some(server) => {
                    let node = self.0.node_at(&server)?;
                    self.0.wait_for_first_connection(&node).await;
                    let sent = node.send_asking(command.name, arguments).await;
                    (server, sent)
                }
                None => {
                    let (server, node) = self.0.owner(command.slot)?;
                    self.0.wait_for_first_connection(&node).await;
                    let sent = node.send(command.name, arguments);
                    (server, self.0.look_if_silent(sent).await)
                }
            };
            let error = match sent {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let redirection = Redirection::of(&error, &server).or_else(|| {
                self.0
                    .is_down(&server, &error)
                    .then_some(Redirection::ClusterDown)
            });
            let Some(redirection) = redirection.filter(|_| Instant::now() < until) else {
                if matches!(error, StoreError::Disconnected) {
                    self.0.must_read_map.notify_one();
                }
                return Err(error);
            };
            debug!(%server, slot = command.slot, ?redirection, "a command did not run");
            match redirection {
                Redirection::Moved(to) => {
                    self.0.moved(command.slot, &to)?;
                    // Two nodes may send us to each other for a moment.
                    if !std::mem::replace(&mut moved, true) {
                        continue;
                    }
                }
                Redirection::Ask(to) => {
                    ask = Some(to);
                    continue;
                }
                Redirection::TryAgain => {}
                Redirection::ClusterDown => self.0.must_read_map.notify_one(),
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    pub(crate) async fn send_all(
        &self,
        commands: Vec<RedisCommand>,
    ) -> Vec<Result<Value, StoreError>> {
        let mut groups: HashMap<Server, (Arc<Node>, Vec<usize>)> = HashMap::new();
        let mut answers: Vec<Result<Value, StoreError>> = Vec::with_capacity(commands.len());
        for (place, command) in commands.iter().enumerate() {
            answers.push(Err(StoreError::Disconnected));
            if let Ok((server, node)) = self.0.owner(command.slot) {
                let group = groups.entry(server).or_insert((node, Vec::new()));
                group.1.push(place);
            }
        }
        let mut sending = JoinSet::new();
        for (server, (node, places)) in groups {
            let of_node: Vec<RedisCommand> = places
                .iter()
                .filter_map(|place| commands.get(*place).cloned())
                .collect();
            sending.spawn(async move { (server, places, node.send_all(of_node).await) });
        }
        let mut again = Vec::new();
        while let Some(sent) = sending.join_next().await {
            let Ok((server, places, of_node)) = sent else {
                continue;
            };
            for (place, answer) in places.into_iter().zip(of_node) {
                if let Err(error) = &answer
                    && Redirection::of(error, &server).is_some()
                {
                    again.push(place);
                }
                if let Some(slot) = answers.get_mut(place) {
                    *slot = answer;
                }
            }
        }
        // Few: only those whose slot moves, or has just moved.
        for place in again {
            if let (Some(command), Some(answer)) = (commands.get(place), answers.get_mut(place)) {
                *answer = self.send(command.clone()).await;
            }
        }
        answers
    }

    /// The nodes that have slots.
    pub(crate) fn nodes(&self) -> Vec<Arc<Node>> {
        self.0.read(|state| {
            let masters = state.map.masters.iter();
            masters
                .filter_map(|server| state.nodes.get(server).cloned())
                .collect()
        })
    }

    /// Why no node is connected; `None` if one is.
    pub(crate) fn last_error(&self) -> Option<String> {
        let nodes = self.nodes();
        if nodes.iter().any(|node| node.is_connected()) {
            return None;
        }
        let of_node = nodes.iter().find_map(|node| node.last_error());
        of_node.or_else(|| self.0.last_map_error().map(|error| error.to_string()))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.closing.load(Ordering::Relaxed)
    }

    pub(crate) async fn close(&self) {
        self.0.closing.store(true, Ordering::Relaxed);
        self.0.must_read_map.notify_one();
        let nodes: Vec<Arc<Node>> = self.0.read(|state| state.nodes.values().cloned().collect());
        for node in nodes {
            node.close().await;
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.0.closing.store(true, Ordering::Relaxed);
        self.0.must_read_map.notify_one();
    }
}

impl ClusterInner {
    /// Reads the state. A lock is poisoned only by a panic while it is held, and no line here can panic with it.
    fn read<T>(&self, read: impl FnOnce(&KnownNodes) -> T) -> T {
        match self.state.read() {
            Ok(state) => read(&state),
            Err(poisoned) => read(&poisoned.into_inner()),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut KnownNodes) -> T) -> T {
        match self.state.write() {
            Ok(mut state) => change(&mut state),
            Err(poisoned) => change(&mut poisoned.into_inner()),
        }
    }

    fn last_map_error(&self) -> Option<StoreError> {
        self.read(|state| state.last_error.clone())
    }

    fn owner(&self, slot: u16) -> Result<(Server, Arc<Node>), StoreError> {
        self.read(|state| {
            let server = state.map.owner(slot)?;
            let node = state.nodes.get(server)?;
            Some((server.clone(), node.clone()))
        })
        .ok_or(StoreError::Disconnected)
    }

    fn node_at(&self, server: &Server) -> Result<Arc<Node>, StoreError> {
        if let Some(node) = self.read(|state| state.nodes.get(server).cloned()) {
            return Ok(node);
        }
        self.change(|state| match state.nodes.get(server) {
            Some(node) => Ok(node.clone()),
            None => {
                let node = Node::of_cluster(
                    self.config_for(server),
                    server,
                    &self.connections,
                    &self.sessions,
                )?;
                state.nodes.insert(server.clone(), node.clone());
                Ok(node)
            }
        })
    }

    fn config_for(&self, server: &Server) -> Config {
        Config {
            server: ServerConfig::Centralized {
                server: server.clone(),
            },
            ..self.base.clone()
        }
    }

    /// A node that a redirection names may be new to us.
    async fn wait_for_first_connection(&self, node: &Node) {
        if !node.is_connected() && node.last_error().is_none() {
            let _ = timeout(ANSWER_TIMEOUT, node.connected()).await;
        }
    }

    /// Waits for an answer, and reads the map if there is none for a while: the node may be frozen, and another may have its slots.
    async fn look_if_silent<T>(&self, answer: impl Future<Output = T>) -> T {
        let mut answer = pin!(answer);
        if let Ok(answer) = timeout(SILENT_AFTER, &mut answer).await {
            return answer;
        }
        self.must_read_map.notify_one();
        answer.await
    }

    /// Whether the node did not run a command because the Cluster is down. fred reconnects then: commands on their way fail, and they
    /// came after the one that the node refused.
    fn is_down(&self, server: &Server, error: &StoreError) -> bool {
        let failed = match error {
            StoreError::Disconnected => true,
            StoreError::Redis(reason) => reason == "Canceled",
            _ => false,
        };
        let node = self.read(|state| state.nodes.get(server).cloned());
        failed && node.is_some_and(|node| node.says_cluster_is_down())
    }

    fn moved(&self, slot: u16, to: &Server) -> Result<(), StoreError> {
        self.node_at(to)?;
        self.change(|state| state.map.set_owner(slot, to));
        self.must_read_map.notify_one();
        Ok(())
    }

    /// Whether a node that has slots can't be reached, or we don't know any.
    fn is_in_trouble(&self) -> bool {
        self.read(|state| {
            let masters = &state.map.masters;
            let connected = |server| {
                let node = state.nodes.get(server);
                node.is_some_and(|node| node.is_connected())
            };
            masters.is_empty() || !masters.iter().all(connected)
        })
    }

    /// Uses a new map. Returns the nodes that had slots and have none now. The connections to them must end: a master that was frozen
    /// may still take commands before it learns that another has its slots, and what it takes is lost.
    fn use_map(&self, map: SlotMap) -> Result<Vec<Arc<Node>>, StoreError> {
        self.connections.set_nodes(&map.known);
        for server in &map.masters {
            self.node_at(server)?;
        }
        Ok(self.change(|state| {
            let gone: Vec<Server> = state
                .nodes
                .keys()
                .filter(|server| state.map.known.contains(server) && !map.masters.contains(server))
                .cloned()
                .collect();
            state.map = map;
            state.last_error = None;
            gone.iter()
                .filter_map(|server| state.nodes.remove(server))
                .collect()
        }))
    }

    /// Asks nodes for the map: those that are connected, or else all that we ever knew.
    async fn read_map(&self) -> Result<SlotMap, StoreError> {
        let (connected, known) = self.read(|state| {
            let connected: Vec<(Server, Arc<Node>)> = state
                .nodes
                .iter()
                .filter(|(_, node)| node.is_connected())
                .map(|(server, node)| (server.clone(), node.clone()))
                .collect();
            (connected, state.map.known.clone())
        });
        let mut asked = JoinSet::new();
        for (server, node) in connected {
            asked.spawn(async move {
                let answer = node.send("CLUSTER", vec!["SLOTS".into()]);
                let answer = timeout(ANSWER_TIMEOUT, answer).await;
                let answer = answer.unwrap_or(Err(StoreError::Disconnected))?;
                SlotMap::parse(answer, &server).ok_or(StoreError::UnexpectedAnswer("slots"))
            });
        }
        let mut last = match first_of(asked).await {
            Ok(map) => return Ok(map),
            Err(error) => error,
        };
        let mut servers = self.seeds.clone();
        servers.extend(known.into_iter().filter(|one| !self.seeds.contains(one)));
        let mut asked = JoinSet::new();
        for server in servers {
            asked.spawn(map_of(self.config_for(&server), server));
        }
        match first_of(asked).await {
            Ok(map) => Ok(map),
            Err(error) => {
                last = if matches!(error, StoreError::Disconnected) {
                    last
                } else {
                    error
                };
                Err(last)
            }
        }
    }
}

/// The first good answer, or else the last error.
async fn first_of(mut asked: JoinSet<Result<SlotMap, StoreError>>) -> Result<SlotMap, StoreError> {
    let mut last = StoreError::Disconnected;
    while let Some(answer) = asked.join_next().await {
        match answer {
            Ok(Ok(map)) => return Ok(map),
            Ok(Err(error)) => last = error,
            Err(_) => {}
        }
    }
    Err(last)
}

/// Asks a node to which we have no connection.
async fn map_of(config: Config, server: Server) -> Result<SlotMap, StoreError> {
    let slots = ("CLUSTER", vec!["SLOTS".into()]);
    let answers = ask_once(config, vec![slots], ANSWER_TIMEOUT).await;
    let mut answers = answers.map_err(|error| match error {
        StoreError::Redis(reason) => StoreError::Redis(format!("{server}: {reason}")),
        refused => refused,
    })?;
    let map = answers
        .pop()
        .and_then(|answer| SlotMap::parse(answer, &server));
    map.ok_or_else(|| {
        StoreError::Redis(format!("{server} is not part of a Cluster that has slots"))
    })
}

/// Keeps the map up to date until the Cluster is closed.
async fn keep_map(shared: Arc<ClusterInner>) {
    let mut failing = false;
    while !shared.closing.load(Ordering::Relaxed) {
        match shared.read_map().await {
            Ok(map) => {
                if std::mem::take(&mut failing) {
                    info!("the Cluster answers again");
                }
                match shared.use_map(map) {
                    Ok(gone) => gone.iter().for_each(|node| node.abandon()),
                    Err(error) => warn!(%error, "can't connect to a node of the Cluster"),
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    warn!(%error, "no node of the Cluster says which node has which keys; trying again");
                }
                shared.change(|state| state.last_error = Some(error));
            }
        }
        let interval = if shared.is_in_trouble() {
            READ_IN_TROUBLE
        } else {
            READ_INTERVAL
        };
        let _ = timeout(interval, shared.must_read_map.notified()).await;
        if !shared.closing.load(Ordering::Relaxed) {
            sleep(PAUSES.0).await;
        }
    }
}
