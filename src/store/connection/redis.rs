//! Where a command goes: to the one server, or to the node of a Cluster that has its key. Either way it is sent once, unless Redis
//! says that it did not run it.

use std::sync::Arc;
use std::time::Duration;

use fred::types::Value;

use crate::store::connection::cluster::Cluster;
use crate::store::connection::config::{RedisServer, StoreConfig};
use crate::store::connection::connections::Sessions;
use crate::store::connection::node::Node;
use crate::store::connection::redis_command::RedisCommand;
use crate::store::error::StoreError;

impl Servers {
    fn last_error(&self) -> Option<String> {
        match self {
            Self::One(node) => node.last_error(),
            Self::Cluster(cluster) => cluster.last_error(),
        }
    }

    fn is_closed(&self) -> bool {
        match self {
            Self::One(node) => node.is_closed(),
            Self::Cluster(cluster) => cluster.is_closed(),
        }
    }
}

/// The connection of a store, to all servers that it needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Redis(Arc<Servers>);

enum Servers {
    /// A server, or the primary of a Sentinel group.
    One(Arc<Node>),
    Cluster(Cluster),
}

impl Redis {
    /// Begins to connect, and keeps connected until it is closed. `sessions` is emptied at each new connection.
    pub(crate) fn open(config: &StoreConfig, sessions: &Arc<Sessions>) -> Result<Self, StoreError> {
        let servers = match &config.server {
            RedisServer::Url(url) if url.contains("-cluster://") => {
                Servers::Cluster(Cluster::open(url, &config.connections, sessions)?)
            }
            server => Servers::One(Node::open(server, &config.connections, sessions)?),
        };
        let redis = Self(Arc::new(servers));
        let watched = Arc::downgrade(&redis.0);
        config.connections.watch(Box::new(move || {
            let servers = watched.upgrade()?;
            if servers.is_closed() {
                None
            } else {
                servers.last_error()
            }
        }));
        Ok(redis)
    }

    /// Waits at most `patience` until commands can be sent.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if there is no connection in time; the text says why. [`StoreError::Refused`] at once if Redis
    /// refuses the user or the password.
    pub(crate) async fn connected(&self, patience: Duration) -> Result<(), StoreError> {
        let connected = async {
            match &*self.0 {
                Servers::One(node) => node.connected().await,
                Servers::Cluster(cluster) => cluster.connected().await,
            }
        };
        match tokio::time::timeout(patience, connected).await {
            Ok(connected) => connected,
            Err(_) => {
                let reason = self.last_error();
                Err(StoreError::Unusable(format!(
                    "no connection to Redis for {} s: {}",
                    patience.as_secs(),
                    reason.as_deref().unwrap_or("no answer")
                )))
            }
        }
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// [`StoreError::Disconnected`] at once while there is no connection to the server that it needs: a command that waits for
    /// one could run long after its caller gave up. Otherwise what Redis says.
    pub(crate) async fn send(&self, command: RedisCommand) -> Result<Value, StoreError> {
        match &*self.0 {
            // In boxes: many calls nest deeply, and would have the futures of both on the stack.
            Servers::One(node) => Box::pin(node.send(command.name, command.arguments)).await,
            Servers::Cluster(cluster) => Box::pin(cluster.send(command)).await,
        }
    }

    /// Sends many commands in one round trip to each server that they need. Returns an answer for each, in their order.
    pub(crate) async fn send_all(
        &self,
        commands: Vec<RedisCommand>,
    ) -> Vec<Result<Value, StoreError>> {
        match &*self.0 {
            Servers::One(node) => Box::pin(node.send_all(commands)).await,
            Servers::Cluster(cluster) => Box::pin(cluster.send_all(commands)).await,
        }
    }

    /// The servers that have our keys.
    pub(crate) fn nodes(&self) -> Vec<Arc<Node>> {
        match &*self.0 {
            Servers::One(node) => vec![node.clone()],
            Servers::Cluster(cluster) => cluster.nodes(),
        }
    }

    pub(crate) fn is_cluster(&self) -> bool {
        matches!(&*self.0, Servers::Cluster(_))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Why there is no connection; `None` if there is one.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.0.last_error()
    }

    /// Closes the connection.
    pub(crate) async fn close(&self) {
        match &*self.0 {
            Servers::One(node) => node.close().await,
            Servers::Cluster(cluster) => cluster.close().await,
        }
    }
}
