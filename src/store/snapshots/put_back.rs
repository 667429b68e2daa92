//! Puts our keys of a snapshot into a Redis that has none of them.

use std::sync::Arc;

use fred::types::Value;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::store::connection::config::RedisServer;
use crate::store::connection::connections::Connections;
use crate::store::connection::node::Node;
use crate::store::connection::redis_command::RedisCommand;
use crate::store::error::StoreError;
use crate::store::snapshots::error::SnapshotError;
use crate::store::snapshots::snapshot_server::SnapshotServer;
use crate::store::store::Store;

/// How many keys travel together.
const KEYS_MAX: usize = 500;
/// How many bytes travel together, but for the last key.
const BYTES_MAX: usize = 4 << 20;

impl Store {
    /// One of our keys, if there is any. A key of a start that was refused does not count, nor those of a restore that was interrupted.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn any_key(&self) -> Result<Option<String>, StoreError> {
        if self.is_half_restored().await? {
            return Ok(None);
        }
        let probe = self.inner.keys.probe();
        for node in self.inner.client.nodes() {
            let mut cursor = String::from("0");
            loop {
                let (next, keys) = page(&node, &cursor, &self.inner.keys.all()).await?;
                if let Some(key) = keys.into_iter().find(|key| *key != probe) {
                    return Ok(Some(key));
                }
                if next == "0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(None)
    }

    /// Notes that keys are being put back: no daemon shall start on half of them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn begin_restoring(&self, backup: &str) -> Result<(), StoreError> {
        let key = self.inner.keys.restoring();
        self.inner.client.set(key, backup).await
    }

    /// Deletes what an interrupted restore has put back: what it did not get to may be in another backup, and different.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn clear_half_restored(&self) -> Result<(), StoreError> {
        let restoring = self.inner.keys.restoring();
        if !self.is_half_restored().await? {
            return Ok(());
        }
        for node in self.inner.client.nodes() {
            let mut cursor = String::from("0");
            loop {
                let (next, keys) = page(&node, &cursor, &self.inner.keys.all()).await?;
                let keys = keys.into_iter().filter(|key| *key != restoring);
                let deletes = keys.map(|key| RedisCommand::new("UNLINK", key, []));
                for deleted in self.inner.client.send_all(deletes.collect()).await {
                    deleted?;
                }
                if next == "0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(())
    }

    /// Whether a backup is being put back, or that was interrupted.
    pub(crate) async fn is_half_restored(&self) -> Result<bool, StoreError> {
        self.inner.client.exists(self.inner.keys.restoring()).await
    }

    /// All keys are back.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn end_restoring(&self) -> Result<(), StoreError> {
        let key = self.inner.keys.restoring();
        self.inner.client.del(key).await.map(drop)
    }

    /// Copies our keys from a snapshot, with the times at which they expire. `told` gets the number of keys so far, and of all that
    /// the snapshot has. Returns how many there were.
    ///
    /// # Errors
    /// As [`SnapshotError`] says. Then a part of them is copied.
    pub async fn put_back(
        &self,
        snapshot: &SnapshotServer,
        database: u8,
        told: &mut dyn FnMut(u64, u64),
    ) -> Result<u64, SnapshotError> {
        let server = RedisServer::Private(snapshot.socket().clone());
        let from = Node::open(&server, &Connections::default(), &Arc::default())?;
        from.connected().await?;
        let copied = self.copy_keys(&from, database, told).await;
        from.close().await;
        copied
    }

    async fn copy_keys(
        &self,
        from: &Node,
        database: u8,
        told: &mut dyn FnMut(u64, u64),
    ) -> Result<u64, SnapshotError> {
        from.send("SELECT", vec![i64::from(database).into()])
            .await?;
        let all = from.send("DBSIZE", Vec::new()).await?.as_u64().unwrap_or(0);
        let (mut cursor, mut copied) = (String::from("0"), 0);
        loop {
            let (next, keys) = page(from, &cursor, &self.inner.keys.all()).await?;
            for some in keys.chunks(KEYS_MAX) {
                copied += self.copy(from, some).await?;
                told(copied, all);
            }
            if next == "0" {
                return Ok(copied);
            }
            cursor = next;
        }
    }

    async fn copy(&self, from: &Node, keys: &[String]) -> Result<u64, SnapshotError> {
        let asked = keys
            .iter()
            .flat_map(|key| ["DUMP", "PTTL"].map(|name| RedisCommand::new(name, key.clone(), [])));
        let mut answers = from.send_all(asked.collect()).await.into_iter();
        let (mut copied, mut bytes, mut commands) = (0, 0, Vec::new());
        for key in keys {
            let dumped = answers.next().unwrap_or(Err(StoreError::Disconnected))?;
            let expires = answers.next().unwrap_or(Err(StoreError::Disconnected))?;
            // It has expired meanwhile.
            if dumped.is_null() {
                continue;
            }
            // Without an expiry it is -1, and RESTORE says 0 for that.
            let expires = match expires.as_i64() {
                Some(-1) | None => 0,
                Some(left) => left.max(1),
            };
            bytes += dumped.as_bytes().map_or(0, <[u8]>::len);
            let arguments = [expires.into(), dumped, Value::from("REPLACE")];
            commands.push(RedisCommand::new("RESTORE", key.clone(), arguments));
            if bytes > BYTES_MAX {
                copied += self.restore_keys(std::mem::take(&mut commands)).await?;
                bytes = 0;
            }
        }
        Ok(copied + self.restore_keys(commands).await?)
    }

    async fn restore_keys(&self, commands: Vec<RedisCommand>) -> Result<u64, SnapshotError> {
        let count = commands.len() as u64;
        for answer in self.inner.client.send_all(commands).await {
            answer.map_err(|error| match error {
                StoreError::Redis(reason) => SnapshotError::NotTaken(reason),
                other => other.into(),
            })?;
        }
        Ok(count)
    }

    /// What must be true of a session whose keys are older than its history, and older than what was sent: the ids of new entries for
    /// the history come after `archived` (the last entry there), and a message of ours that was sent before `now` may be a reply
    /// that Redis does not know.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn after_restoring(
        &self,
        session: &SessionName,
        archived: Option<&str>,
        now: Millis,
    ) -> Result<(), StoreError> {
        if let Some(archived) = archived {
            let history = self.inner.keys.history(session);
            let entry = vec![archived.into(), "restored".into(), "".into()];
            let add = RedisCommand::new("XADD", history.clone(), entry);
            match self.inner.client.send(add).await {
                Ok(_) => {
                    let delete = RedisCommand::new("XDEL", history, [archived.into()]);
                    self.inner.client.send(delete).await?;
                }
                // The stream is further already.
                Err(StoreError::Redis(reason)) if reason.contains("equal or smaller") => {}
                Err(error) => return Err(error),
            }
        }
        if *session != SessionName::none() {
            let server = self.inner.keys.server(session);
            let doubt = ("doubt_until", now.as_i64().to_string());
            self.inner.client.hset(server, doubt).await?;
        }
        Ok(())
    }
}

/// One page of a scan: where the next one begins, and the keys.
async fn page(
    node: &Node,
    cursor: &str,
    pattern: &str,
) -> Result<(String, Vec<String>), StoreError> {
    let arguments = [cursor, "MATCH", pattern, "COUNT", "1000"];
    let answer = node
        .send("SCAN", arguments.map(Value::from).to_vec())
        .await?;
    Ok(answer.convert()?)
}
