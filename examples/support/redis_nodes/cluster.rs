//! A Redis Cluster of three masters and three replicas.

use std::collections::BTreeSet;
use std::io::{Error, Result};
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use super::migration::Migration;
use super::node::Node;
use super::slot::{SLOTS, of_session, session_in};
use super::{again, ports, until};

/// How many of the nodes are masters at first; the replica of each follows after them.
pub(crate) const MASTERS: usize = 3;
const NODES: usize = 2 * MASTERS;
/// A node that says nothing for this long (ms) counts as dead. The shortest that a busy machine allows.
const NODE_TIMEOUT: &str = "1000";

/// See the module documentation. At first node `n` is a master, and node `n + 3` is its replica.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
}

impl Cluster {
    /// Returns when all slots are served and each master has its replica. `more` are further arguments for each server.
    pub(crate) fn start(directory: &Path, more: &[&str]) -> Result<Self> {
        again(|n| Self::try_to_start(&directory.join(n), more, false))
    }

    /// The same, with a link to each node that can be cut. The nodes keep their own bus, so they don't notice.
    pub(crate) fn start_behind_links(directory: &Path, more: &[&str]) -> Result<Self> {
        again(|n| Self::try_to_start(&directory.join(n), more, true))
    }

    fn try_to_start(directory: &Path, more: &[&str], links: bool) -> Result<Self> {
        let mut arguments: Vec<String> = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            NODE_TIMEOUT,
            // Otherwise all masters refuse everything while one of them is down.
            "--cluster-require-full-coverage",
            "no",
            // A replica stays with its master.
            "--cluster-migration-barrier",
            "9",
        ]
        .map(str::to_owned)
        .into();
        arguments.extend(safe_and_fast());
        arguments.extend(more.iter().map(|&word| word.to_owned()));
        let mut nodes = Vec::new();
        for (n, port) in ports::free(NODES)?.into_iter().enumerate() {
            let directory = directory.join(format!("node-{n}"));
            let mut node = Node::new(port, &directory, arguments.clone())?;
            if links {
                node = node.behind_a_link("--cluster-announce-port")?;
            }
            node.spawn(&[])?;
            nodes.push(node);
        }
        let cluster = Self { nodes };
        cluster.nodes.iter().try_for_each(Node::wait_until_ready)?;
        cluster.join()?;
        Ok(cluster)
    }

    fn join(&self) -> Result<()> {
        // A different one for each, so that they need not agree on it first.
        for (n, node) in self.nodes.iter().enumerate() {
            node.tell(&format!("CLUSTER SET-CONFIG-EPOCH {}", n + 1))?;
        }
        for (n, node) in self.nodes.iter().enumerate() {
            for other in &self.nodes[n + 1..] {
                node.tell(&format!("CLUSTER MEET 127.0.0.1 {}", other.port()))?;
            }
        }
        for n in 0..MASTERS {
            let slots = Self::slots_at_first(n).map(|slot| slot.to_string());
            let command = ["CLUSTER".to_owned(), "ADDSLOTS".to_owned()];
            let command: Vec<_> = command.into_iter().chain(slots).collect();
            self.nodes[n].ask(&command)?;
        }
        until("all nodes know each other", || {
            let known = self.nodes.iter().map(|node| {
                let table = node.tell("CLUSTER NODES")?;
                let table = table.as_str().unwrap_or_default();
                Ok(table.lines().count() == NODES && !table.contains("handshake"))
            });
            let known: Vec<bool> = known.collect::<Result<_>>()?;
            Ok(known.iter().all(|known| *known).then_some(()))
        })?;
        for n in MASTERS..NODES {
            let master = self.id(n - MASTERS)?;
            self.nodes[n].tell(&format!("CLUSTER REPLICATE {master}"))?;
        }
        self.wait_until_whole()
    }

    /// The slots of node `n` when the cluster starts.
    pub(crate) fn slots_at_first(n: usize) -> Range<u16> {
        let part = |n: usize| (usize::from(SLOTS) * n / MASTERS) as u16;
        part(n)..part(n + 1)
    }

    /// A session for each of the masters, in their order at the start.
    pub(crate) fn sessions() -> [String; MASTERS] {
        [0, 1, 2].map(|n| session_in(Self::slots_at_first(n)))
    }

    /// What `REDIS_URL` should be. It names all nodes.
    pub(crate) fn url(&self) -> String {
        let mut addresses = self.nodes.iter().map(Node::address);
        let first = addresses.next().unwrap_or_default();
        let others: Vec<_> = addresses.map(|address| format!("node={address}")).collect();
        format!("redis-cluster://{first}?{}", others.join("&"))
    }

    /// Waits until all nodes run, and agree that each slot has a master and each master its replica.
    pub(crate) fn wait_until_whole(&self) -> Result<()> {
        until("the cluster is whole", || {
            Ok(self.is_whole()?.then_some(()))
        })
    }

    /// Whether all nodes run, and agree that each slot has a master and each master its replica.
    pub(crate) fn is_whole(&self) -> Result<bool> {
        let mut maps = BTreeSet::new();
        for node in &self.nodes {
            let state = node.tell("CLUSTER INFO")?;
            let state = state.as_str().unwrap_or_default();
            if !state.contains("cluster_state:ok") || state.contains("cluster_slots_fail:1") {
                return Ok(false);
            }
            let is_replica = node.info("replication", "role")? == "slave";
            if is_replica && node.info("replication", "master_link_status")? != "up" {
                return Ok(false);
            }
            maps.insert(shape(&node.tell("CLUSTER SLOTS")?));
        }
        // One map for all, in which each slot has two nodes.
        let agreed = maps.len() == 1 && maps.iter().flatten().all(|(_, nodes)| nodes.len() == 2);
        let masters = (0..NODES).filter(|n| self.is_master(*n).unwrap_or(false));
        let masters: Vec<_> = masters.collect();
        let replicas = masters.iter().map(|n| self.nodes[*n].replicas());
        let replicas = replicas.sum::<Result<usize>>()?;
        Ok(agreed && masters.len() == MASTERS && replicas == MASTERS)
    }

    /// Whether it counts itself as a master.
    pub(crate) fn is_master(&self, n: usize) -> Result<bool> {
        Ok(self.nodes[n].info("replication", "role")? == "master")
    }

    /// The cluster's name for a node.
    pub(super) fn id(&self, n: usize) -> Result<String> {
        let id = self.nodes[n].tell("CLUSTER MYID")?;
        Ok(id.as_str().unwrap_or_default().to_owned())
    }

    /// The master of a session's slot, as most of the nodes that answer see it.
    pub(crate) fn master_of(&self, session: &str) -> Result<usize> {
        self.master_of_slot(of_session(session))
    }

    /// The master of a slot, as most of the nodes that answer see it.
    pub(crate) fn master_of_slot(&self, slot: u16) -> Result<usize> {
        let mut votes = [0; NODES];
        for n in (0..NODES).filter_map(|n| self.master_seen_by(n, slot)) {
            votes[n] += 1;
        }
        let most = (0..NODES).max_by_key(|n| votes[*n]);
        most.filter(|n| votes[*n] > 0)
            .ok_or_else(|| Error::other("no node answers"))
    }

    /// The master of a slot, as one node sees it; `None` if the node does not answer.
    pub(super) fn master_seen_by(&self, n: usize, slot: u16) -> Option<usize> {
        let map = self.nodes[n].tell("CLUSTER SLOTS").ok()?;
        let (_, ports) = ranges(&map).find(|(slots, _)| slots.contains(&slot))?;
        let mut nodes = self.nodes.iter();
        nodes.position(|node| Some(&u64::from(node.known_port())) == ports.first())
    }

    /// The replica of a master.
    pub(crate) fn replica_of(&self, master: usize) -> Result<usize> {
        let port = self.nodes[master].known_port().to_string();
        for n in (0..NODES).filter(|n| *n != master && self.nodes[*n].is_well()) {
            if self.nodes[n].info("replication", "master_port")? == port {
                return Ok(n);
            }
        }
        Err(Error::other("this master has no replica"))
    }

    /// kill -9.
    pub(crate) fn kill(&mut self, n: usize) -> Result<()> {
        self.nodes[n].kill()
    }

    /// Starts a killed node on its files. It finds its place in the cluster by itself.
    pub(crate) fn restart(&mut self, n: usize) -> Result<()> {
        self.nodes[n].start_again(&[])
    }

    /// Waits until another node is the master of this session.
    pub(crate) fn wait_for_failover(&self, session: &str, from: usize) -> Result<usize> {
        until("another node has taken over", || {
            let now = self.master_of(session)?;
            Ok((now != from && self.is_master(now)?).then_some(now))
        })
    }

    /// The replica of a session's master takes over, without loss. Returns the new master.
    pub(crate) fn failover(&self, session: &str) -> Result<usize> {
        let master = self.master_of(session)?;
        let replica = self.replica_of(master)?;
        self.nodes[replica].tell("CLUSTER FAILOVER")?;
        self.wait_for_failover(session, master)
    }

    /// From now on the master's writes reach no replica: its replica is frozen, and their link is cut. What the master takes
    /// is lost if it is killed and the replica thawed. Returns the replica.
    pub(crate) fn stop_replicating(&self, master: usize) -> Result<usize> {
        let replica = self.replica_of(master)?;
        self.nodes[replica].freeze()?;
        self.nodes[master].cut("replica")?;
        Ok(replica)
    }

    /// Begins to move a session's slot to another master. Until the migration is finished, the slot is in both.
    pub(crate) fn begin_migration(&self, session: &str, to: usize) -> Result<Migration> {
        Migration::begin(self, of_session(session), to)
    }

    /// Moves a session's slot with all its keys at once.
    pub(crate) fn move_slot(&self, session: &str, to: usize) -> Result<()> {
        self.begin_migration(session, to)?.finish(self)
    }

    /// A master that does not have this session's slot.
    pub(crate) fn other_master(&self, session: &str) -> Result<usize> {
        let master = self.master_of(session)?;
        let mut others = (0..NODES).filter(|n| *n != master && self.nodes[*n].is_well());
        others
            .find(|n| self.is_master(*n).unwrap_or(false))
            .ok_or_else(|| Error::other("there is no other master"))
    }
}

/// What every node here is started with: it writes each command to its file before it answers, so that only a failover can
/// lose anything, but does not wait for the disk. A replica is complete at once.
pub(super) fn safe_and_fast() -> impl Iterator<Item = String> {
    [
        "--save",
        "",
        "--appendonly",
        "yes",
        "--appendfsync",
        "no",
        "--repl-diskless-sync",
        "yes",
        "--repl-diskless-sync-delay",
        "0",
        "--repl-ping-replica-period",
        "1",
    ]
    .into_iter()
    .map(str::to_owned)
}

/// The slots and the ports of their nodes, the master first, from the answer to `CLUSTER SLOTS`.
fn ranges(map: &Value) -> impl Iterator<Item = (Range<u16>, Vec<u64>)> + '_ {
    map.as_array().into_iter().flatten().map(|range| {
        let slot = |at: usize| range[at].as_u64().unwrap_or(0) as u16;
        let nodes = range.as_array().into_iter().flatten().skip(2);
        let ports = nodes.filter_map(|node| node[1].as_u64());
        (slot(0)..slot(1) + 1, ports.collect())
    })
}

/// The map in one form, whatever the order in which a node lists it.
fn shape(map: &Value) -> Vec<(u16, Vec<u64>)> {
    let mut shape: Vec<_> = ranges(map)
        .map(|(slots, nodes)| (slots.start, nodes))
        .collect();
    shape.sort();
    shape
}
