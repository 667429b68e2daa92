//! A primary with two replicas under three Sentinels.

use std::io::{Error, Result};
use std::path::Path;

use super::cluster::safe_and_fast;
use super::node::Node;
use super::{again, ports, until};

const NODES: usize = 3;
const SENTINELS: usize = 3;
/// The name of the group.
const NAME: &str = "main";
/// A node that says nothing for this long (ms) counts as down. A Sentinel first asks a new primary a second after its promotion, and with
/// less than that calls it down before (<https://github.com/redis/redis/issues/8607>).
const DOWN_AFTER: u32 = 2_000;
/// Sentinel tries again after twice this time (ms).
const FAILOVER_TIMEOUT: u32 = 3_000;

/// See the module documentation. At first node 0 is the primary.
pub(crate) struct SentinelGroup {
    pub(crate) nodes: Vec<Node>,
    pub(crate) sentinels: Vec<Node>,
}

impl SentinelGroup {
    /// Returns when the replicas are complete and the Sentinels know everybody. `more` are further arguments for each node.
    pub(crate) fn start(directory: &Path, more: &[&str]) -> Result<Self> {
        again(|n| Self::try_to_start(&directory.join(n), more, false))
    }

    /// The same, with a link to each node that can be cut. The Sentinels and the other nodes use it, too.
    pub(crate) fn start_behind_links(directory: &Path, more: &[&str]) -> Result<Self> {
        again(|n| Self::try_to_start(&directory.join(n), more, true))
    }

    fn try_to_start(directory: &Path, more: &[&str], links: bool) -> Result<Self> {
        let ports = ports::free(NODES + SENTINELS)?;
        let (node_ports, sentinel_ports) = ports.split_at(NODES);
        let mut arguments: Vec<String> = safe_and_fast().collect();
        arguments.extend(more.iter().map(|&word| word.to_owned()));
        let mut nodes: Vec<Node> = Vec::new();
        for (n, port) in node_ports.iter().enumerate() {
            let directory = directory.join(format!("node-{n}"));
            let mut node = Node::new(*port, &directory, arguments.clone())?;
            if links {
                node = node.behind_a_link("--replica-announce-port")?;
            }
            let primary = nodes
                .first()
                .map(|primary| replica_of(primary.known_port()));
            node.spawn(&primary.unwrap_or_default())?;
            nodes.push(node);
        }
        let known_ports: Vec<_> = nodes.iter().map(Node::known_port).collect();
        nodes.iter().try_for_each(Node::wait_until_ready)?;
        until("the replicas are complete", || {
            Ok((nodes[0].replicas()? == NODES - 1).then_some(()))
        })?;
        let mut sentinels = Vec::new();
        for (n, port) in sentinel_ports.iter().enumerate() {
            let directory = directory.join(format!("sentinel-{n}"));
            std::fs::create_dir_all(&directory)?;
            let file = directory.join("sentinel.conf");
            std::fs::write(&file, settings(n, &known_ports, sentinel_ports))?;
            let arguments = vec![file.display().to_string(), "--sentinel".to_owned()];
            let mut sentinel = Node::new(*port, &directory, arguments)?;
            sentinel.spawn(&[])?;
            sentinels.push(sentinel);
        }
        let group = Self { nodes, sentinels };
        group.wait_until_whole()?;
        Ok(group)
    }

    /// What `REDIS_URL` should be. It names all Sentinels.
    pub(crate) fn url(&self) -> String {
        let mut addresses = self.sentinels.iter().map(Node::address);
        let first = addresses.next().unwrap_or_default();
        let others: String = addresses
            .map(|address| format!("node={address}&"))
            .collect();
        format!("redis-sentinel://{first}?{others}sentinelServiceName={NAME}")
    }

    /// Waits until the Sentinels agree on the primary, and both other nodes are its complete replicas.
    pub(crate) fn wait_until_whole(&self) -> Result<()> {
        until("the Sentinel group is whole", || {
            Ok(self.is_whole()?.then_some(()))
        })
    }

    /// Waits until both replicas have what the primary has written so far. A new replica counts as complete up to a second before
    /// the primary sends it the first write.
    pub(crate) fn wait_until_replicated(&self) -> Result<()> {
        let primary = self.primary()?;
        let offset = |n: usize, field| -> Result<u64> {
            let offset = self.nodes[n].info("replication", field)?;
            offset.parse().map_err(Error::other)
        };
        let written = offset(primary, "master_repl_offset")?;
        until("the replicas have what was written", || {
            for n in (0..NODES).filter(|n| *n != primary) {
                if offset(n, "slave_repl_offset")? < written {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
    }

    /// Whether the Sentinels agree on the primary, and both other nodes are its complete replicas.
    pub(crate) fn is_whole(&self) -> Result<bool> {
        let primary = self.primary()?;
        for sentinel in &self.sentinels {
            sentinel.ask(&["SENTINEL", "CKQUORUM", NAME])?;
            let replicas = sentinel.ask(&["SENTINEL", "REPLICAS", NAME])?;
            let replicas = replicas.as_array().cloned().unwrap_or_default();
            let is_well = |fields: &serde_json::Value| {
                let fields: Vec<_> = fields
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|field| field.as_str())
                    .collect();
                let is = |name, value| fields.chunks(2).any(|pair| pair == [name, value]);
                is("flags", "slave") && is("master-link-status", "ok")
            };
            if replicas.len() != NODES - 1 || !replicas.iter().all(is_well) {
                return Ok(false);
            }
        }
        Ok(self.nodes[primary].replicas()? == NODES - 1)
    }

    /// The primary, if all Sentinels that answer agree on it.
    pub(crate) fn primary(&self) -> Result<usize> {
        let mut agreed = None;
        for sentinel in self.sentinels.iter().filter(|one| one.is_well()) {
            let command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME];
            let port = sentinel.texts(&command)?.pop();
            if agreed.get_or_insert(port.clone()) != &port {
                return Err(Error::other("the Sentinels don't agree on a primary"));
            }
        }
        let port = agreed.flatten().unwrap_or_default();
        let mut nodes = self.nodes.iter();
        nodes
            .position(|node| node.known_port().to_string() == port)
            .ok_or_else(|| Error::other("the Sentinels know no primary"))
    }

    /// kill -9 of a node.
    pub(crate) fn kill(&mut self, n: usize) -> Result<()> {
        self.nodes[n].kill()
    }

    /// Starts a killed node on its files, as a replica of today's primary if there is another one.
    pub(crate) fn restart(&mut self, n: usize) -> Result<()> {
        let primary = until("there is a primary", || self.primary().map(Some))?;
        let more = match primary == n {
            true => Vec::new(),
            false => replica_of(self.nodes[primary].known_port()),
        };
        self.nodes[n].start_again(&more)
    }

    /// Waits until another node is the primary. Returns it.
    pub(crate) fn wait_for_failover(&self, from: usize) -> Result<usize> {
        until("another node has taken over", || {
            let now = self.primary()?;
            let is_primary =
                now != from && self.nodes[now].info("replication", "role")? == "master";
            Ok(is_primary.then_some(now))
        })
    }

    /// A replica takes over while the primary lives. Returns the new primary.
    pub(crate) fn failover(&self) -> Result<usize> {
        let primary = self.primary()?;
        // It is refused for a moment after the last one.
        until("Sentinel begins a failover", || {
            let begun = self.sentinels[0].ask(&["SENTINEL", "FAILOVER", NAME])?;
            Ok((begun == "OK").then_some(()))
        })?;
        self.wait_for_failover(primary)
    }

    /// From now on the primary's writes reach no replica: they are frozen, and their links are cut. What the primary takes is
    /// lost if it is killed and the replicas thawed. Returns the replicas.
    pub(crate) fn stop_replicating(&self) -> Result<Vec<usize>> {
        let primary = self.primary()?;
        let replicas: Vec<_> = (0..NODES).filter(|n| *n != primary).collect();
        for n in &replicas {
            self.nodes[*n].freeze()?;
        }
        self.nodes[primary].cut("replica")?;
        Ok(replicas)
    }
}

/// The arguments that make a node a replica.
fn replica_of(port: u16) -> Vec<String> {
    vec![
        "--replicaof".to_owned(),
        "127.0.0.1".to_owned(),
        port.to_string(),
    ]
}

/// The name by which the others know a Sentinel.
fn id(sentinel: usize) -> String {
    format!("{:040x}", sentinel + 1)
}

/// The file of one Sentinel. It names everybody, because to find them takes many seconds.
fn settings(own: usize, nodes: &[u16], sentinels: &[u16]) -> String {
    let mut lines = vec![
        format!("sentinel myid {}", id(own)),
        format!("sentinel monitor {NAME} 127.0.0.1 {} 2", nodes[0]),
        format!("sentinel down-after-milliseconds {NAME} {DOWN_AFTER}"),
        format!("sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT}"),
        format!("sentinel parallel-syncs {NAME} 2"),
    ];
    let replicas = nodes.iter().skip(1);
    lines.extend(replicas.map(|port| format!("sentinel known-replica {NAME} 127.0.0.1 {port}")));
    let others = sentinels.iter().enumerate().filter(|(n, _)| *n != own);
    lines.extend(
        others
            .map(|(n, port)| format!("sentinel known-sentinel {NAME} 127.0.0.1 {port} {}", id(n))),
    );
    lines.join("\n") + "\n"
}
