//! The connection to one server. It is kept for as long as it is wanted: fred reconnects, and if fred's own task ends, a new one
//! takes its place. The log says when the connection is lost and when it is back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::config::{Config, Server};
use fred::types::{CustomCommand, Value};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::clock::{self, Millis};
use crate::store::connection::client::{builder, config_of};
use crate::store::connection::config::RedisServer;
use crate::store::connection::connections::{Connections, Sessions, connected, reconnect};
use crate::store::connection::error_words::plain_text;
use crate::store::connection::redis_command::RedisCommand;
use crate::store::connection::server_door::ServerDoor;
use crate::store::connection::trust::{
    Authority, SILENT_AFTER, Trust, Witnesses, answered, does_not_count,
};
use crate::store::error::{StoreError, refusal};
use crate::throttle::Throttle;

/// The pause before a connection whose task ended is made again.
const MAKE_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// After a node said that the Cluster is down, it is reconnected to, which takes a moment.
const CLUSTER_DOWN_FOR: Duration = Duration::from_secs(3);

/// How long replicas may take to acknowledge what a script wrote (`ACK_REPLICAS`). Other commands on the connection wait for it.
const ACK_TIMEOUT: Duration = Duration::from_millis(500);

/// How long fred gets to end a connection that is not there.
const GOODBYE_WITHIN: Duration = Duration::from_millis(100);

/// See the module.
pub(crate) struct Node {
    config: Config,
    connection: Mutex<Connection>,
    closing: AtomicBool,
    /// Those who know whether this server still has its place, if another can take it.
    witnesses: Option<Witnesses>,
    /// Limits how often a silent server is asked about.
    asks_about_silence: Throttle,
    /// The last error, while there is no connection.
    last_error: Mutex<Option<String>>,
    /// When this node last said that the Cluster is down.
    cluster_down: Mutex<Option<Instant>>,
    /// Redis does not let us in, and never did.
    refused: watch::Sender<Option<StoreError>>,
    connections: Connections,
    sessions: Arc<Sessions>,
    /// The address to show, if there are several servers.
    address: Option<String>,
}

/// fred's client, until its task ends, and whether its answers count.
#[derive(Clone)]
struct Connection {
    client: Client,
    trust: Arc<Trust>,
}

impl Connection {
    fn new(config: &Config) -> Result<Self, StoreError> {
        Ok(Self {
            client: builder(config.clone()).build()?,
            trust: Arc::default(),
        })
    }

    /// The server that it leads to now; `None` if it is lost.
    fn server(&self) -> Option<Server> {
        self.client.active_connections().into_iter().next()
    }
}

impl Node {
    pub(crate) fn open(
        server: &RedisServer,
        connections: &Connections,
        sessions: &Arc<Sessions>,
    ) -> Result<Arc<Self>, StoreError> {
        Self::start(config_of(server)?, None, connections, sessions)
    }

    /// Connects to one node of a Cluster.
    pub(crate) fn of_cluster(
        config: Config,
        server: &Server,
        connections: &Connections,
        sessions: &Arc<Sessions>,
    ) -> Result<Arc<Self>, StoreError> {
        Self::start(config, Some(server), connections, sessions)
    }

    fn start(
        config: Config,
        cluster_node: Option<&Server>,
        connections: &Connections,
        sessions: &Arc<Sessions>,
    ) -> Result<Arc<Self>, StoreError> {
        let node = Arc::new(Self {
            connection: Mutex::new(Connection::new(&config)?),
            closing: AtomicBool::new(false),
            witnesses: Witnesses::of(&config, cluster_node, connections),
            asks_about_silence: Throttle::new(SILENT_AFTER),
            config,
            last_error: Mutex::default(),
            cluster_down: Mutex::default(),
            refused: watch::channel(None).0,
            connections: connections.clone(),
            sessions: sessions.clone(),
            address: cluster_node.map(Server::to_string),
        });
        tokio::spawn(keep(Arc::downgrade(&node)));
        Ok(node)
    }

    /// The connection of now. A lock is poisoned only by a panic while it is held, and no line here can panic with it.
    fn connection(&self) -> Connection {
        match self.connection.lock() {
            Ok(connection) => connection.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    /// How it is connected to.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// For a connection beside this one, to the same server; `None` while there is no connection.
    pub(crate) fn door(&self) -> Option<ServerDoor> {
        ServerDoor::of(&self.config, self.connection().server().as_ref())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connection().client.is_connected()
    }

    /// Waits for the first connection.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if Redis does not let us in.
    pub(crate) async fn connected(&self) -> Result<(), StoreError> {
        let client = self.connection().client;
        let mut refused = self.refused.subscribe();
        tokio::select! {
            connected = connected(&client) => Ok(connected?),
            // Another try would only be refused again. The sender lives as long as `self`.
            Ok(refusal) = refused.wait_for(Option::is_some) => {
                Err(refusal.clone().unwrap_or(StoreError::Disconnected))
            }
        }
    }

    pub(crate) async fn send(
        &self,
        name: &'static str,
        arguments: Vec<Value>,
    ) -> Result<Value, StoreError> {
        if self.must_be_acknowledged(name) {
            return self.send_acknowledged(vec![(name, arguments)]).await;
        }
        let connection = self.connection();
        let client = &connection.client;
        if !client.is_connected() {
            return Err(StoreError::Disconnected);
        }
        let sent = client.custom(command(name), arguments);
        let sent: Result<Value, Error> = self.answer(&connection, sent).await;
        let answer = sent.map_err(|error| self.error(error))?;
        self.counts(&connection).await?;
        Ok(answer)
    }

    /// Waits for an answer. If the server is silent for a while, asks whether another has taken its place, and leaves it then.
    async fn answer<T>(&self, connection: &Connection, answer: impl Future<Output = T>) -> T {
        let Some(witnesses) = &self.witnesses else {
            return answer.await;
        };
        answered(answer, async || {
            witnesses.suspect();
            if self.asks_about_silence.due()
                && let Some(server) = connection.server()
                && witnesses.authority(&server).await == Authority::Lost
            {
                self.leave(&connection.trust);
            }
        })
        .await
    }

    /// Whether an answer that has just come counts. One that says that the command did not run always does.
    ///
    /// # Errors
    /// If it may be that of a server that was frozen, and has lost its place.
    async fn counts(&self, connection: &Connection) -> Result<(), StoreError> {
        let Some(witnesses) = &self.witnesses else {
            return Ok(());
        };
        let trust = &connection.trust;
        if trust.knows_of(witnesses) {
            return Ok(());
        }
        let authority = match connection.server() {
            Some(server) => trust.authority(&server, witnesses).await,
            None => Authority::Unclear,
        };
        match authority {
            Authority::Kept => return Ok(()),
            Authority::Lost => self.leave(trust),
            Authority::Unclear => {}
        }
        Err(does_not_count())
    }

    /// Another server has the place of this one. In a Cluster, the connections to the other nodes are well.
    fn leave(&self, trust: &Trust) {
        if trust.end() && self.config.server.is_sentinel() {
            self.connections.reconnect_all();
        }
    }

    /// Sends a command to the node that takes over its slot.
    pub(crate) async fn send_asking(
        &self,
        name: &'static str,
        arguments: Vec<Value>,
    ) -> Result<Value, StoreError> {
        let commands = vec![("ASKING", Vec::new()), (name, arguments)];
        if self.must_be_acknowledged(name) {
            return self.send_acknowledged(commands).await;
        }
        let mut answers = self.pipeline(commands).await;
        answers.pop().unwrap_or(Err(StoreError::Disconnected))
    }

    fn must_be_acknowledged(&self, name: &str) -> bool {
        self.connections.ack_replicas > 0 && name.starts_with("EVAL")
    }

    /// Sends commands, and waits until enough replicas have what they wrote. Returns the answer to the last command. All go over
    /// one connection, because `WAIT` speaks for the server that it reaches.
    async fn send_acknowledged(
        &self,
        mut commands: Vec<(&'static str, Vec<Value>)>,
    ) -> Result<Value, StoreError> {
        let wanted = self.connections.ack_replicas;
        let patience = clock::millis(ACK_TIMEOUT);
        commands.push(("WAIT", vec![i64::from(wanted).into(), patience.into()]));
        let mut answers = self.pipeline(commands).await;
        let acknowledged = answers.pop().unwrap_or(Err(StoreError::Disconnected));
        let answer = answers.pop().unwrap_or(Err(StoreError::Disconnected))?;
        let acknowledged = acknowledged?.as_u64().unwrap_or(0);
        if acknowledged < u64::from(wanted) {
            return Err(StoreError::NotReplicated {
                acknowledged,
                wanted,
            });
        }
        Ok(answer)
    }

    pub(crate) async fn send_all(
        &self,
        commands: Vec<RedisCommand>,
    ) -> Vec<Result<Value, StoreError>> {
        let commands = commands
            .into_iter()
            .map(|command| (command.name, command.arguments));
        self.pipeline(commands.collect()).await
    }

    async fn pipeline(
        &self,
        commands: Vec<(&'static str, Vec<Value>)>,
    ) -> Vec<Result<Value, StoreError>> {
        let connection = self.connection();
        let client = &connection.client;
        let count = commands.len();
        let failed = |error: &StoreError| (0..count).map(|_| Err(error.clone())).collect();
        if !client.is_connected() {
            return failed(&StoreError::Disconnected);
        }
        let pipeline = client.pipeline();
        for (name, arguments) in commands {
            let queued: Result<Value, Error> = pipeline.custom(command(name), arguments).await;
            if let Err(error) = queued {
                return failed(&self.error(error));
            }
        }
        let answers: Vec<Result<Value, Error>> = self.answer(&connection, pipeline.try_all()).await;
        if answers.iter().any(Result::is_ok)
            && let Err(error) = self.counts(&connection).await
        {
            return failed(&error);
        }
        if answers.len() != count {
            let error = answers.into_iter().find_map(Result::err);
            let error = error.map_or(StoreError::Disconnected, |error| self.error(error));
            return failed(&error);
        }
        let answers = answers.into_iter();
        answers
            .map(|answer| answer.map_err(|error| self.error(error)))
            .collect()
    }

    /// Looks at the error of a command, and reconnects if it shows that the server is now a replica.
    fn error(&self, error: Error) -> StoreError {
        // Not only at the start of the text: Redis before 7 puts the error of a command inside the error of the script.
        if error.details().contains("READONLY") {
            self.connections.became_read_only();
        }
        // A primary that lost its replicas in a failover does not know yet that another took over. Sentinel does.
        if self.config.server.is_sentinel() && error.details().contains("NOREPLICAS") {
            self.connections.reconnect_all();
        }
        error.into()
    }

    /// Why there is no connection; `None` if there is one.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().ok()?.clone()
    }

    /// Whether it said a moment ago that the Cluster is down.
    pub(crate) fn says_cluster_is_down(&self) -> bool {
        let since = self.cluster_down.lock().ok().and_then(|down| *down);
        since.is_some_and(|since| since.elapsed() < CLUSTER_DOWN_FOR)
    }

    pub(crate) fn refused(&self) -> Option<StoreError> {
        self.refused.borrow().clone()
    }

    fn set_last_error(&self, reason: Option<String>) {
        // The lock is held for a moment, never across an await.
        if let Ok(mut last_error) = self.last_error.lock() {
            *last_error = reason;
        }
    }

    /// Ends the connection at once and for good, with an error for the commands that have no answer yet.
    pub(crate) fn abandon(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.connection().trust.end();
    }

    /// Closes the connection for good.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        let client = self.connection().client;
        let goodbye = client.quit();
        if client.is_connected() {
            let _ = goodbye.await;
        } else {
            // It would wait for a connection that nobody needs any more.
            let _ = timeout(GOODBYE_WITHIN, goodbye).await;
        }
    }

    /// Makes a new client, after the task of the last one ended. Returns false if it can't.
    fn make_again(&self) -> bool {
        let Ok(connection) = Connection::new(&self.config) else {
            return false;
        };
        if let Ok(mut current) = self.connection.lock() {
            *current = connection;
        }
        true
    }
}

/// Our own name for a command that fred would call by a method.
fn command(name: &'static str) -> CustomCommand {
    CustomCommand::new_static(name, None::<u16>, false)
}

/// Keeps a node connected until it is closed or dropped.
async fn keep(node: Weak<Node>) {
    let mut seen = SaidInLog::default();
    loop {
        let Some(kept) = node.upgrade() else { return };
        let Connection { client, trust } = kept.connection();
        let (mut errors, mut connections) = (client.error_rx(), client.reconnect_rx());
        let mut reconnect_requests = kept.connections.reconnect_requests();
        drop(kept);
        let mut task = client.connect();
        let why = loop {
            tokio::select! {
                error = errors.recv() => match (error, node.upgrade()) {
                    (Ok((error, _)), Some(node)) => seen.error(&node, &error),
                    (Err(RecvError::Lagged(_)), Some(_)) => {}
                    (Err(RecvError::Closed), _) => break "its channel is closed".to_owned(),
                    (_, None) => return,
                },
                connection = connections.recv() => match (connection, node.upgrade()) {
                    (Ok(_) | Err(RecvError::Lagged(_)), Some(node)) => seen.connection(&node),
                    (Err(RecvError::Closed), _) => break "its channel is closed".to_owned(),
                    (_, None) => return,
                },
                () = requested(&mut reconnect_requests) => reconnect(&client),
                () = trust.ends.notified() => {
                    task.abort();
                    break "another server has its place".to_owned();
                }
                ended = &mut task => break match ended {
                    Ok(Ok(())) => "it ended".to_owned(),
                    Ok(Err(error)) => plain_text(&error),
                    Err(error) => error.to_string(),
                },
            }
        };
        let Some(kept) = node.upgrade() else { return };
        if kept.closing.load(Ordering::Relaxed) {
            return;
        }
        seen.lost(&kept, &why);
        drop(kept);
        sleep(MAKE_AGAIN_AFTER).await;
        let Some(kept) = node.upgrade() else { return };
        if !kept.make_again() {
            return;
        }
    }
}

/// Waits until all connections of the process must reconnect.
async fn requested(requests: &mut Receiver<()>) {
    if let Err(RecvError::Closed) = requests.recv().await {
        std::future::pending::<()>().await;
    }
}

/// The state of a connection, as the log last said it. fred's own lines are turned off (see `logging`).
#[derive(Default)]
struct SaidInLog {
    away: bool,
    connected_before: bool,
}

impl SaidInLog {
    fn error(&mut self, node: &Node, error: &Error) {
        if !self.connected_before
            && let Some(refusal) = refusal(error)
        {
            node.refused.send_replace(Some(refusal));
            node.set_last_error(Some(plain_text(error)));
        } else {
            self.lost(node, &plain_text(error));
        }
    }

    fn lost(&mut self, node: &Node, error: &str) {
        node.set_last_error(Some(error.to_owned()));
        if error.starts_with("CLUSTERDOWN") {
            // fred reconnects to a node that says so.
            if let Ok(mut down) = node.cluster_down.lock() {
                *down = Some(Instant::now());
            }
            node.connections.say_cluster_is_down();
            return;
        }
        if self.away || node.closing.load(Ordering::Relaxed) {
            return;
        }
        self.away = true;
        if self.connected_before {
            node.connections.contact.lost(Millis::now());
        }
        let node = node.address.as_deref();
        if self.connected_before {
            warn!(
                error,
                node, "lost the connection to Redis; trying to get it back"
            );
        } else {
            warn!(error, node, "can't use Redis yet; retrying");
        }
    }

    fn connection(&mut self, node: &Node) {
        node.set_last_error(None);
        // Redis may be back without its data, or this is another server: add the sessions again.
        if let Ok(mut sessions) = node.sessions.lock() {
            sessions.clear();
        }
        if self.connected_before && !self.away {
            node.connections.contact.lost(Millis::now());
        }
        node.connections.contact.made(Millis::now());
        if std::mem::take(&mut self.away) {
            info!(node = node.address.as_deref(), "connected to Redis again");
        }
        self.connected_before = true;
    }
}
