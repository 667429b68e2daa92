//! A slot on its way from one master to another, key by key, as `redis-cli --cluster reshard` moves it. It can be left in
//! the middle for as long as a test needs.

use std::io::Result;

use super::cluster::Cluster;
use super::until;

/// How many keys one step of [`Migration::finish`] moves.
const KEYS_PER_STEP: usize = 100;
/// How long one step may take, in milliseconds.
const STEP_TIMEOUT: &str = "5000";

/// See the module documentation. If it is dropped unfinished, the slot stays in both masters.
pub(crate) struct Migration<'a> {
    cluster: &'a Cluster,
    slot: u16,
    from: usize,
    to: usize,
}

impl<'a> Migration<'a> {
    pub(super) fn begin(cluster: &'a Cluster, slot: u16, to: usize) -> Result<Self> {
        let from = cluster.master_of_slot(slot)?;
        let migration = Self {
            cluster,
            slot,
            from,
            to,
        };
        let (source, target) = (cluster.id(from)?, cluster.id(to)?);
        migration.set(to, &format!("IMPORTING {source}"))?;
        migration.set(from, &format!("MIGRATING {target}"))?;
        Ok(migration)
    }

    fn set(&self, node: usize, state: &str) -> Result<()> {
        let command = format!("CLUSTER SETSLOT {} {state}", self.slot);
        self.cluster.nodes[node].tell(&command).map(drop)
    }

    /// The keys that are still at the source, at most `count`.
    pub(crate) fn keys_left(&self, count: usize) -> Result<Vec<String>> {
        let (slot, count) = (self.slot.to_string(), count.to_string());
        let command = ["CLUSTER", "GETKEYSINSLOT", &slot, &count];
        self.cluster.nodes[self.from].texts(&command)
    }

    /// Moves at most `count` keys. Returns how many.
    pub(crate) fn move_keys(&self, count: usize) -> Result<usize> {
        let keys = self.keys_left(count)?;
        self.move_these(&keys)?;
        Ok(keys.len())
    }

    /// Moves the keys that `wanted` chooses. Returns how many.
    pub(crate) fn move_those(&self, wanted: impl Fn(&str) -> bool) -> Result<usize> {
        let mut keys = self.keys_left(usize::MAX >> 33)?;
        keys.retain(|key| wanted(key));
        self.move_these(&keys)?;
        Ok(keys.len())
    }

    fn move_these(&self, keys: &[String]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let port = self.cluster.nodes[self.to].port().to_string();
        let command = ["MIGRATE", "127.0.0.1", &port, "", "0", STEP_TIMEOUT, "KEYS"];
        let command: Vec<_> = command
            .into_iter()
            .chain(keys.iter().map(String::as_str))
            .collect();
        self.cluster.nodes[self.from].ask(&command).map(drop)
    }

    /// Moves the rest, and gives the slot to its new master.
    pub(crate) fn finish(self) -> Result<()> {
        while self.move_keys(KEYS_PER_STEP)? > 0 {}
        let owner = format!("NODE {}", self.cluster.id(self.to)?);
        // The new owner first, so that the slot always has one.
        self.set(self.to, &owner)?;
        // Somebody may have written a key since we looked.
        while self.move_keys(KEYS_PER_STEP)? > 0 {}
        self.set(self.from, &owner)?;
        for node in 0..self.cluster.nodes.len() {
            // A replica does not take it, and learns of it from the others; so does a node that is down.
            let _ = self.set(node, &owner);
        }
        until("all nodes know the slot's new master", || {
            let mut nodes = 0..self.cluster.nodes.len();
            let knows = |n: usize| match self.cluster.nodes[n].is_well() {
                true => self.cluster.master_seen_by(n, self.slot) == Some(self.to),
                false => true,
            };
            Ok(nodes.all(knows).then_some(()))
        })
    }
}
