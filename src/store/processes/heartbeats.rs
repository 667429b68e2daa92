//! The heartbeats of processes, and which processes have fallen silent.

use std::collections::HashSet;
use std::time::Duration;

use crate::ids::{ProcessId, SessionName};
use crate::store::error::StoreError;
use crate::store::store::Store;

impl Store {
    /// Notes that `process` is alive and has this many workers. Without another heartbeat it counts as dead after
    /// `expires_after`. Returns whether it still counted as alive.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn heartbeat(
        &self,
        process: &ProcessId,
        workers: usize,
        expires_after: Duration,
    ) -> Result<bool, StoreError> {
        let _ = self.inner.connections.process.set(process.clone());
        self.reaches_redis()?;
        let keys = &self.inner.keys;
        // The heartbeat first, because a process in the set without a heartbeat counts as dead.
        let before = self
            .set_value(
                keys.process(process),
                workers as i64,
                Some(expires_after),
                false,
            )
            .await?;
        self.add_to_set(keys.processes(), process.as_str()).await?;
        Ok(before.is_some())
    }

    /// The known processes that have fallen silent.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn silent_processes(&self) -> Result<Vec<ProcessId>, StoreError> {
        let processes = self.processes().await?;
        Ok(processes
            .into_iter()
            .filter(|(_, workers)| workers.is_none())
            .map(|(process, _)| process)
            .collect())
    }

    /// The known processes that have a heartbeat.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn living_processes(&self) -> Result<Vec<ProcessId>, StoreError> {
        let processes = self.processes().await?;
        Ok(processes
            .into_iter()
            .filter(|(_, workers)| workers.is_some())
            .map(|(process, _)| process)
            .collect())
    }

    /// Processes that hold something of these sessions and have no heartbeat. This also finds a process that is no longer among the known
    /// ones: it was forgotten just when it woke up, took something, and died.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unlisted_owners(
        &self,
        sessions: &[SessionName],
    ) -> Result<Vec<ProcessId>, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let mut owners = HashSet::new();
        for session in sessions {
            let active: Vec<ProcessId> = client.hvals(keys.active(session)).await?;
            let sending: Vec<String> = client.hvals(keys.sending(session)).await?;
            owners.extend(active);
            owners.extend(
                sending
                    .iter()
                    .filter_map(|token| token.split(' ').next())
                    .map(ProcessId::stored),
            );
        }
        let mut unlisted = Vec::new();
        for owner in owners {
            if !client.exists(keys.process(&owner)).await? {
                unlisted.push(owner);
            }
        }
        Ok(unlisted)
    }

    /// How many workers all living processes have together.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn workers(&self) -> Result<u64, StoreError> {
        Ok(self
            .processes()
            .await?
            .into_iter()
            .filter_map(|(_, workers)| workers)
            .sum())
    }

    async fn processes(&self) -> Result<Vec<(ProcessId, Option<u64>)>, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let names: Vec<ProcessId> = client.smembers(keys.processes()).await?;
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            // One by one, because on a Cluster they are in different slots. There are few.
            let workers: Option<u64> = client.get(keys.process(&name)).await?;
            all.push((name, workers));
        }
        Ok(all)
    }

    /// Forgets a process after everything that it held was released.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn forget_process(&self, process: &ProcessId) -> Result<(), StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let _: i64 = client.srem(keys.processes(), process.as_str()).await?;
        let _: i64 = client.del(keys.process(process)).await?;
        Ok(())
    }

    /// Adds what this process has measured since the last call: how many messages workers picked up within each bound of
    /// `PICKUP_BOUNDS_MS` (the last count: longer than all bounds), and the sum of the times in µs.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn add_pickup_latency(
        &self,
        counts: &[u64],
        sum_micros: u64,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.pickup_latency();
        for (bound, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let _: i64 = self
                .inner
                .client
                .hincrby(&key, &bound.to_string(), count.cast_signed())
                .await?;
        }
        let _: i64 = self
            .inner
            .client
            .hincrby(&key, "sum", sum_micros.cast_signed())
            .await?;
        Ok(())
    }
}
