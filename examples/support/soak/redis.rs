//! The soak's own Redis: one server, a Cluster or a Sentinel group. It loses nothing that it confirmed, unless a node that
//! nobody copies fails; its nodes can be killed, frozen, cut off and asked.

use std::collections::HashMap;
use std::io::Result;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::customers::SESSIONS;
use crate::redis_nodes::{Cluster, Migration, Node, SentinelGroup, single};

/// It answers only when a write is on disk. If something is lost, Redis did not lose it.
const SINGLE: [&str; 6] = [
    "--save",
    "",
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
];
/// How many keys of a slot move at once, while it moves slowly.
const KEYS_AT_ONCE: usize = 40;

/// What the soak runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RedisKind {
    /// One server.
    Single,
    /// Three masters with a replica each.
    Cluster,
    /// A primary, two replicas and three Sentinels.
    Sentinel,
}

enum Servers {
    Single(Box<Node>),
    Cluster(Cluster),
    Sentinel(SentinelGroup),
}

/// See the module documentation. Killed when it is dropped.
pub(crate) struct Redis {
    servers: Servers,
    /// Where we last found the keys of a hash tag; forgotten while things change.
    found: Mutex<HashMap<String, usize>>,
}

impl Redis {
    /// A primary takes writes only while `min_replicas` follow it.
    pub(crate) fn start(kind: RedisKind, directory: &Path, min_replicas: u8) -> Result<Self> {
        let min_replicas = min_replicas.to_string();
        let more: &[&str] = &["--min-replicas-to-write", &min_replicas];
        let servers = match kind {
            RedisKind::Single => Servers::Single(Box::new(single(directory, &SINGLE)?)),
            RedisKind::Cluster => Servers::Cluster(Cluster::start_behind_links(directory, more)?),
            RedisKind::Sentinel => {
                Servers::Sentinel(SentinelGroup::start_behind_links(directory, more)?)
            }
        };
        Ok(Self {
            servers,
            found: Mutex::default(),
        })
    }

    pub(crate) fn kind(&self) -> RedisKind {
        match &self.servers {
            Servers::Single(_) => RedisKind::Single,
            Servers::Cluster(_) => RedisKind::Cluster,
            Servers::Sentinel(_) => RedisKind::Sentinel,
        }
    }

    pub(crate) fn url(&self) -> String {
        match &self.servers {
            Servers::Single(node) => format!("redis://{}", node.address()),
            Servers::Cluster(cluster) => cluster.url(),
            Servers::Sentinel(group) => group.url(),
        }
    }

    fn nodes(&self) -> &[Node] {
        match &self.servers {
            Servers::Single(node) => std::slice::from_ref(node),
            Servers::Cluster(cluster) => &cluster.nodes,
            Servers::Sentinel(group) => &group.nodes,
        }
    }

    fn nodes_mut(&mut self) -> &mut [Node] {
        match &mut self.servers {
            Servers::Single(node) => std::slice::from_mut(node),
            Servers::Cluster(cluster) => &mut cluster.nodes,
            Servers::Sentinel(group) => &mut group.nodes,
        }
    }

    /// The node that takes the writes of this session.
    pub(crate) fn node_of(&self, session: &str) -> Result<usize> {
        match &self.servers {
            Servers::Single(_) => Ok(0),
            Servers::Cluster(cluster) => cluster.master_of(session),
            Servers::Sentinel(group) => group.primary(),
        }
    }

    /// Whether every node runs and has its part, so that the next fault strikes a Redis that can bear it.
    pub(crate) fn is_whole(&self) -> bool {
        // Another node may be in charge by now.
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.clear();
        match &self.servers {
            Servers::Single(node) => node.is_well(),
            Servers::Cluster(cluster) => cluster.is_whole().unwrap_or(false),
            Servers::Sentinel(group) => group.is_whole().unwrap_or(false),
        }
    }

    /// kill -9 of a node.
    pub(crate) fn kill(&mut self, node: usize) -> Result<()> {
        self.nodes_mut()[node].kill()
    }

    /// Starts a killed node again on its files.
    pub(crate) fn start_again(&mut self, node: usize) -> Result<()> {
        match &mut self.servers {
            Servers::Single(node) => node.start_again(&[]),
            Servers::Cluster(cluster) => cluster.restart(node),
            Servers::Sentinel(group) => group.restart(node),
        }
    }

    /// SIGSTOP, or SIGCONT.
    pub(crate) fn freeze(&self, node: usize, frozen: bool) -> Result<()> {
        match frozen {
            true => self.nodes()[node].freeze(),
            false => self.nodes()[node].thaw(),
        }
    }

    /// Cuts a node off from its clients and the other nodes, or connects it again. A Cluster's own bus is not cut.
    pub(crate) fn cut_off(&self, node: usize, cut: bool) {
        match cut {
            true => self.nodes()[node].cut_link(),
            false => self.nodes()[node].mend_link(),
        }
    }

    /// Breaks every connection of one kind, even in the middle of a command.
    pub(crate) fn cut(&self, kind: &str) {
        for node in self.nodes() {
            // While it is down, there is nothing to cut.
            let _ = node.cut(kind);
        }
    }

    /// A replica takes over while its primary lives.
    pub(crate) fn fail_over(&self, session: &str) -> Result<()> {
        match &self.servers {
            Servers::Single(_) => Ok(()),
            Servers::Cluster(cluster) => cluster.failover(session).map(drop),
            Servers::Sentinel(group) => group.failover().map(drop),
        }
    }

    /// Begins to move the slot of a session to another master.
    pub(crate) fn begin_migration(&self, session: &str) -> Result<Option<Migration>> {
        let Servers::Cluster(cluster) = &self.servers else {
            return Ok(None);
        };
        let to = cluster.other_master(session)?;
        cluster.begin_migration(session, to).map(Some)
    }

    /// Moves some of its keys.
    pub(crate) fn continue_migration(&self, migration: &Migration) -> Result<()> {
        match &self.servers {
            Servers::Cluster(cluster) => migration.move_keys(cluster, KEYS_AT_ONCE).map(drop),
            _ => Ok(()),
        }
    }

    pub(crate) fn finish_migration(&self, migration: Migration) -> Result<()> {
        match &self.servers {
            Servers::Cluster(cluster) => migration.finish(cluster),
            _ => Ok(()),
        }
    }

    /// Whether all that hold a session answer.
    pub(crate) fn is_up(&self) -> bool {
        SESSIONS.iter().all(|session| {
            let key = format!("{{{session}}}");
            self.ask(&["EXISTS", &key]).is_ok()
        })
    }

    /// The answer to one command about the key that is its second word; an error answer of Redis is an error.
    pub(crate) fn ask(&self, command: &[&str]) -> Result<Value> {
        let key = command.get(1).copied().unwrap_or_default();
        let tag = key.split(['{', '}']).nth(1).unwrap_or_default().to_owned();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = found.get(&tag)
            && let Ok(answer) = self.nodes()[*node].ask(command)
        {
            return Ok(answer);
        }
        let node = self.node_of(&tag)?;
        found.insert(tag, node);
        self.nodes()[node].ask(command)
    }

    /// The answer to a command that answers with a number; 0 if it can't be asked.
    pub(crate) fn number(&self, command: &[&str]) -> u64 {
        let answer = self.ask(command).ok();
        answer.and_then(|answer| answer.as_u64()).unwrap_or(0)
    }

    /// The texts that a command answers with.
    pub(crate) fn texts(&self, command: &[&str]) -> Vec<String> {
        let answer = self.ask(command).unwrap_or_default();
        let texts = answer.as_array().into_iter().flatten();
        let text = |text: &Value| Some(text.as_str()?.to_owned());
        texts.filter_map(text).collect()
    }

    /// The keys that match a pattern which names the session.
    pub(crate) fn keys(&self, session: &str, pattern: &str) -> Vec<String> {
        let node = self.node_of(session);
        let keys = node.and_then(|node| self.nodes()[node].texts(&["KEYS", pattern]));
        keys.unwrap_or_default()
    }
}
