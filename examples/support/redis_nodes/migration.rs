//! A slot on its way from one master to another, key by key, as `redis-cli --cluster reshard` moves it. It can be left in
//! the middle for as long as a test needs.

use std::io::Result;

use super::cluster::Cluster;
use super::until;

/// How many keys one step of [`Migration::finish`] moves.
const KEYS_PER_STEP: usize = 100;
/// How long one step may take, in milliseconds.
const STEP_TIMEOUT: &str = "5000";

/// See the module documentation. Until it is finished, the slot is in both masters.
#[derive(Clone, Debug)]
pub(crate) struct Migration {
    slot: u16,
    from: usize,
    to: usize,
}

impl Migration {
    pub(super) fn begin(cluster: &Cluster, slot: u16, to: usize) -> Result<Self> {
        let from = cluster.master_of_slot(slot)?;
        let migration = Self { slot, from, to };
        let (source, target) = (cluster.id(from)?, cluster.id(to)?);
        migration.set(cluster, to, &format!("IMPORTING {source}"))?;
        migration.set(cluster, from, &format!("MIGRATING {target}"))?;
        Ok(migration)
    }

    fn set(&self, cluster: &Cluster, node: usize, state: &str) -> Result<()> {
        let command = format!("CLUSTER SETSLOT {} {state}", self.slot);
        cluster.nodes[node].tell(&command).map(drop)
    }

    /// The keys that are still at the source, at most `count`.
    pub(crate) fn keys_left(&self, cluster: &Cluster, count: usize) -> Result<Vec<String>> {
        let (slot, count) = (self.slot.to_string(), count.to_string());
        let command = ["CLUSTER", "GETKEYSINSLOT", &slot, &count];
        cluster.nodes[self.from].texts(&command)
    }

    /// Moves at most `count` keys. Returns how many.
    pub(crate) fn move_keys(&self, cluster: &Cluster, count: usize) -> Result<usize> {
        let keys = self.keys_left(cluster, count)?;
        self.move_these(cluster, &keys)?;
        Ok(keys.len())
    }

    /// Moves the keys that `wanted` chooses. Returns how many.
    pub(crate) fn move_those(
        &self,
        cluster: &Cluster,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<usize> {
        let mut keys = self.keys_left(cluster, usize::MAX >> 33)?;
        keys.retain(|key| wanted(key));
        self.move_these(cluster, &keys)?;
        Ok(keys.len())
    }

    fn move_these(&self, cluster: &Cluster, keys: &[String]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let port = cluster.nodes[self.to].port().to_string();
        let command = ["MIGRATE", "127.0.0.1", &port, "", "0", STEP_TIMEOUT, "KEYS"];
        let command: Vec<_> = command
            .into_iter()
            .chain(keys.iter().map(String::as_str))
            .collect();
        cluster.nodes[self.from].ask(&command).map(drop)
    }

    /// Moves the rest, and gives the slot to its new master.
    pub(crate) fn finish(self, cluster: &Cluster) -> Result<()> {
        while self.move_keys(cluster, KEYS_PER_STEP)? > 0 {}
        let owner = format!("NODE {}", cluster.id(self.to)?);
        // The new owner first, so that the slot always has one.
        self.set(cluster, self.to, &owner)?;
        // Somebody may have written a key since we looked.
        while self.move_keys(cluster, KEYS_PER_STEP)? > 0 {}
        self.set(cluster, self.from, &owner)?;
        for node in 0..cluster.nodes.len() {
            // A replica does not take it, and learns of it from the others; so does a node that is down.
            let _ = self.set(cluster, node, &owner);
        }
        until("all nodes know the slot's new master", || {
            let mut nodes = 0..cluster.nodes.len();
            let knows = |n: usize| match cluster.nodes[n].is_well() {
                true => cluster.master_seen_by(n, self.slot) == Some(self.to),
                false => true,
            };
            Ok(nodes.all(knows).then_some(()))
        })
    }
}
