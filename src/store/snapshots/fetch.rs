//! Fetches a snapshot of each server that has our keys.

use std::io;
use std::time::Duration;

use fred::types::Value;
use tokio::time::{Instant, sleep};

use crate::store::connection::config::RedisServer;
use crate::store::connection::node::Node;
use crate::store::connection::server_door::ServerDoor;
use crate::store::error::StoreError;
use crate::store::snapshots::error::SnapshotError;
use crate::store::snapshots::replication::fetch;
use crate::store::store::Store;

/// How long a replica may take to have what its primary had.
const REPLICA_WITHIN: Duration = Duration::from_secs(5);
/// The pause between two looks at a replica.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What is to be known of a Redis whose snapshots are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotOrigin {
    /// `private`, `server`, `sentinel` or `cluster`.
    pub kind: &'static str,
    /// Its version.
    pub version: String,
    /// The number of the database that has our keys.
    pub database: u8,
    /// How many servers have our keys: so many snapshots there are.
    pub servers: usize,
    /// How many bytes they hold in memory. Their snapshots are smaller.
    pub bytes: u64,
}

impl Store {
    /// Asks the servers about themselves.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn snapshot_origin(&self) -> Result<SnapshotOrigin, StoreError> {
        let nodes = self.inner.client.nodes();
        let (mut bytes, mut version) = (0, String::new());
        for node in &nodes {
            let info = info(node, "memory").await?;
            bytes += number(&info, "used_memory").unwrap_or(0);
            let info = self::info(node, "server").await?;
            version = field(&info, "redis_version").unwrap_or_default();
        }
        let kind = match &self.inner.server {
            RedisServer::Private(_) => "private",
            RedisServer::Url(url) if url.contains("-cluster://") => "cluster",
            RedisServer::Url(url) if url.contains("-sentinel://") => "sentinel",
            RedisServer::Url(_) => "server",
        };
        Ok(SnapshotOrigin {
            kind,
            version,
            database: nodes
                .first()
                .and_then(|node| node.config().database)
                .unwrap_or(0),
            servers: nodes.len(),
            bytes,
        })
    }

    /// Fetches the snapshot of one of the servers, from 0, and passes it to `write` in pieces. Returns its size.
    ///
    /// # Errors
    /// As [`SnapshotError`] says.
    pub async fn fetch_snapshot(
        &self,
        server: usize,
        write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<u64, SnapshotError> {
        let nodes = self.inner.client.nodes();
        let node = nodes.get(server).ok_or(StoreError::Disconnected)?;
        match &self.inner.server {
            RedisServer::Private(_) => {
                // Straight into our connection: otherwise it writes a file first, or waits for more replicas.
                for (name, value) in [
                    ("repl-diskless-sync", "yes"),
                    ("repl-diskless-sync-delay", "0"),
                ] {
                    node.send("CONFIG", vec!["SET".into(), name.into(), value.into()])
                        .await?;
                }
            }
            RedisServer::Url(url) if url.contains("-sentinel://") => {
                // Sentinels would count us as a replica if we asked the primary.
                if let Some(door) = replica_in_step(node).await? {
                    let mut has_begun = false;
                    let mut noted = |some: &[u8]| {
                        has_begun = true;
                        write(some)
                    };
                    match fetch(&door, &mut noted).await {
                        // Its primary may know it under an address that leads nowhere from here.
                        Err(SnapshotError::Broken(_)) if !has_begun => {}
                        fetched => return fetched,
                    }
                }
            }
            RedisServer::Url(_) => {}
        }
        let door = node.door().ok_or(StoreError::Disconnected)?;
        fetch(&door, write).await
    }
}

/// A replica that has all that its primary had when we asked.
async fn replica_in_step(primary: &Node) -> Result<Option<ServerDoor>, StoreError> {
    let about = info(primary, "replication").await?;
    let Some(wanted) = number(&about, "master_repl_offset") else {
        return Ok(None);
    };
    let deadline = Instant::now() + REPLICA_WITHIN;
    let mut about = about;
    while Instant::now() < deadline {
        let replicas = replicas(&about);
        if replicas.is_empty() {
            return Ok(None);
        }
        let in_step = replicas.iter().find(|replica| replica.offset >= wanted);
        if let Some(replica) = in_step {
            return Ok(Some(ServerDoor::beside(
                primary.config(),
                &replica.host,
                replica.port,
            )));
        }
        sleep(LOOK_INTERVAL).await;
        about = info(primary, "replication").await?;
    }
    Ok(None)
}

/// A replica as its primary sees it.
#[derive(Debug, PartialEq, Eq)]
struct SeenReplica {
    host: String,
    port: u16,
    /// What it has for sure.
    offset: u64,
}

/// The replicas that are connected and have an address.
fn replicas(about: &str) -> Vec<SeenReplica> {
    about
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.trim_end().split_once(':')?;
            name.strip_prefix("slave")?.parse::<u32>().ok()?;
            let part = |wanted: &str| {
                rest.split(',')
                    .filter_map(|part| part.split_once('='))
                    .find_map(|(name, value)| (name == wanted).then_some(value))
            };
            let replica = SeenReplica {
                host: part("ip")?.to_owned(),
                port: part("port")?.parse().ok()?,
                offset: part("offset")?.parse().ok()?,
            };
            (part("state")? == "online" && replica.port != 0).then_some(replica)
        })
        .collect()
}

async fn info(node: &Node, section: &'static str) -> Result<String, StoreError> {
    let answer = node.send("INFO", vec![Value::from(section)]).await?;
    Ok(answer.into_string().unwrap_or_default())
}

fn field(info: &str, name: &str) -> Option<String> {
    info.lines()
        .filter_map(|line| line.trim_end().split_once(':'))
        .find_map(|(found, value)| (found == name).then(|| value.to_owned()))
}

fn number(info: &str, name: &str) -> Option<u64> {
    field(info, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_replicas_that_are_online_and_have_an_address_are_asked() {
        let about = "role:master\r\nconnected_slaves:3\r\n\
            slave0:ip=10.0.0.2,port=6379,state=online,offset=5,lag=0\r\n\
            slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0\r\n\
            slave2:ip=10.0.0.4,port=0,state=online,offset=9,lag=0\r\n\
            slave_read_only:1\r\nmaster_repl_offset:7\r\n";
        let found = replicas(about);
        let wanted = SeenReplica {
            host: "10.0.0.2".to_owned(),
            port: 6379,
            offset: 5,
        };
        assert_eq!(found, [wanted]);
        assert_eq!(number(about, "master_repl_offset"), Some(7));
    }
}
