//! The heartbeats of processes, and which processes have fallen silent.
//!
//! In a Cluster a heartbeat goes to several nodes, and counts if most of its keys have it: so a node that is away, with its
//! replicas, neither stops a process nor makes it seem dead.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::ids::{ProcessId, SessionName};
use crate::store::connection::redis_command::RedisCommand;
use crate::store::error::StoreError;
use crate::store::store::Store;

/// How long most of the nodes may take to confirm a heartbeat.
const MOST_WITHIN: Duration = Duration::from_secs(1);

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
        let beats = self.heartbeat_keys(process);
        let most = beats.len() / 2 + 1;
        let mut sending = JoinSet::new();
        for key in beats {
            let store = self.clone();
            sending.spawn(async move {
                let workers = workers as i64;
                let before = store.set_value(key, workers, Some(expires_after), false);
                Ok::<_, StoreError>(before.await?.is_some())
            });
        }
        let (mut sent, mut alive, mut last) = (0, 0, StoreError::Disconnected);
        let enough = async {
            while let Some(done) = sending.join_next().await {
                match done {
                    Ok(Ok(was_there)) => {
                        sent += 1;
                        alive += usize::from(was_there);
                    }
                    Ok(Err(error)) => last = error,
                    Err(_) => {}
                }
                if alive >= most {
                    return;
                }
            }
        };
        // A node that does not answer must not delay the next heartbeat.
        let _ = timeout(MOST_WITHIN, enough).await;
        sending.detach_all();
        if sent < most {
            return Err(last);
        }
        // After the heartbeat, because a process in the set without a heartbeat counts as dead.
        let listed = self.add_to_set(self.inner.keys.processes(), process.as_str());
        let listed = timeout(MOST_WITHIN, listed).await;
        match listed {
            // One that is not in the list is found more slowly, but it is found.
            Ok(Err(error)) if !self.inner.client.is_cluster() => return Err(error),
            _ => {}
        }
        Ok(alive >= most)
    }

    /// The keys of a heartbeat.
    fn heartbeat_keys(&self, process: &ProcessId) -> Vec<String> {
        match self.inner.client.is_cluster() {
            true => self.inner.keys.process_in_cluster(process),
            false => vec![self.inner.keys.process(process)],
        }
    }

    /// How many workers a process has; `None` if most keys of its heartbeat are gone. If we can't read enough of them, it is alive.
    async fn workers_of(&self, process: &ProcessId) -> Result<Option<u64>, StoreError> {
        let keys = self.heartbeat_keys(process);
        let most = keys.len() / 2 + 1;
        let commands = keys
            .into_iter()
            .map(|key| RedisCommand::new("GET", key, []))
            .collect();
        let (mut gone, mut found, mut last) = (0, None, None);
        for answer in self.inner.client.send_all(commands).await {
            match answer.and_then(|answer| Ok(answer.convert::<Option<u64>>()?)) {
                Ok(Some(workers)) => found = Some(workers),
                Ok(None) => gone += 1,
                Err(error) => last = Some(error),
            }
        }
        match (found, last) {
            _ if gone >= most => Ok(None),
            (Some(workers), _) => Ok(Some(workers)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(None),
        }
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

    /// The processes that hold something of a session.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn owners(&self, session: &SessionName) -> Result<HashSet<ProcessId>, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let active: Vec<ProcessId> = client.hvals(keys.active(session)).await?;
        let sending: Vec<String> = client.hvals(keys.sending(session)).await?;
        let mut owners: HashSet<ProcessId> = active.into_iter().collect();
        owners.extend(
            sending
                .iter()
                .filter_map(|token| token.split(' ').next())
                .map(ProcessId::stored),
        );
        Ok(owners)
    }

    /// Whether a process has a heartbeat.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_alive(&self, process: &ProcessId) -> Result<bool, StoreError> {
        Ok(self.workers_of(process).await?.is_some())
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

    /// The known processes, and how many workers each has; `None` if it has no heartbeat. One without workers is about to stop.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn processes(&self) -> Result<Vec<(ProcessId, Option<u64>)>, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let names: Vec<ProcessId> = client.smembers(keys.processes()).await?;
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            // One by one, because on a Cluster they are in different slots. There are few.
            let workers = self.workers_of(&name).await?;
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
        for key in self.heartbeat_keys(process) {
            let _: i64 = client.del(key).await?;
        }
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
