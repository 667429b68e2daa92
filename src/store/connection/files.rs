//! The files in which Redis keeps its data: they have every write since they were last written as a whole. Writing them again removes what was
//! deleted since.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::store::connection::node::Node;
use crate::store::error::StoreError;
use crate::store::store::Store;

/// How long writing them may take.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60);

/// How often we look whether they are written.
const LOOK_INTERVAL: Duration = Duration::from_millis(30);

/// The result of [`Store::write_files_again`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesWritten {
    /// They have nothing that Redis does not have.
    Done {
        /// Replicas have files of their own, and write them again when they want.
        has_replicas: bool,
    },
    /// Redis does not do it for us; the text says why.
    Refused(String),
}

/// What INFO says about the files.
struct FilesInfo(HashMap<String, String>);

impl FilesInfo {
    fn is(&self, field: &str, value: &str) -> bool {
        self.0.get(field).is_some_and(|found| found == value)
    }
}

/// A file of Redis, and how it is written again.
struct RedisFile {
    command: &'static str,
    arguments: &'static [&'static str],
    in_progress: &'static [&'static str],
    status: &'static str,
}

const APPEND_ONLY: RedisFile = RedisFile {
    command: "BGREWRITEAOF",
    arguments: &[],
    in_progress: &["aof_rewrite_in_progress", "aof_rewrite_scheduled"],
    status: "aof_last_bgrewrite_status",
};

const SNAPSHOT: RedisFile = RedisFile {
    command: "BGSAVE",
    arguments: &["SCHEDULE"],
    in_progress: &["rdb_bgsave_in_progress"],
    status: "rdb_last_bgsave_status",
};

impl Store {
    /// Has Redis write its files again, and waits until it did: afterwards they have nothing of what was deleted.
    ///
    /// # Errors
    /// [`StoreError::Disconnected`] and the like. What Redis refuses is no error.
    pub async fn write_files_again(&self) -> Result<FilesWritten, StoreError> {
        let mut has_replicas = false;
        let mut refused = None;
        for node in self.inner.client.nodes() {
            match write_again(&node).await? {
                FilesWritten::Done { has_replicas: any } => has_replicas |= any,
                FilesWritten::Refused(reason) => refused = Some(reason),
            }
        }
        if let Some(reason) = refused {
            return Ok(FilesWritten::Refused(reason));
        }
        Ok(FilesWritten::Done { has_replicas })
    }
}

async fn write_again(node: &Node) -> Result<FilesWritten, StoreError> {
    let info = match info(node).await {
        Ok(info) => info,
        Err(StoreError::Disconnected) => return Err(StoreError::Disconnected),
        Err(error) => return Ok(FilesWritten::Refused(error.to_string())),
    };
    let has_replicas = !info.is("connected_slaves", "0") && info.0.contains_key("connected_slaves");
    if info.is("aof_enabled", "1")
        && let Some(reason) = APPEND_ONLY.write(node).await?
    {
        return Ok(FilesWritten::Refused(reason));
    }
    // A snapshot that is only written now and then still has what was deleted since.
    let saves = node.send("CONFIG", vec!["GET".into(), "save".into()]).await;
    let saves: Option<Vec<String>> = saves.ok().and_then(|answer| answer.convert().ok());
    let takes_snapshots =
        saves.is_none_or(|saves| saves.get(1).is_some_and(|save| !save.is_empty()));
    if takes_snapshots && let Some(reason) = SNAPSHOT.write(node).await? {
        return Ok(FilesWritten::Refused(reason));
    }
    Ok(FilesWritten::Done { has_replicas })
}

impl RedisFile {
    /// Writes it again. Returns the reason if Redis refuses.
    async fn write(&self, node: &Node) -> Result<Option<String>, StoreError> {
        let began = Instant::now();
        // One that began before may have what was deleted meanwhile.
        self.until_idle(node, began).await?;
        loop {
            let arguments = self.arguments.iter().map(|text| (*text).into()).collect();
            match node.send(self.command, arguments).await {
                Ok(_) => break,
                Err(StoreError::Disconnected) => return Err(StoreError::Disconnected),
                Err(error)
                    if error.to_string().contains("in progress")
                        && began.elapsed() < WRITTEN_WITHIN =>
                {
                    sleep(LOOK_INTERVAL).await;
                }
                Err(error) => return Ok(Some(error.to_string())),
            }
        }
        let info = self.until_idle(node, began).await?;
        Ok(match info {
            Some(info) if info.is(self.status, "ok") => None,
            Some(_) => Some(format!(
                "{} failed; Redis says why in its log",
                self.command
            )),
            None => Some(format!(
                "{} takes longer than {} s",
                self.command,
                WRITTEN_WITHIN.as_secs()
            )),
        })
    }

    /// Waits until it is not being written; `None` if that takes too long.
    async fn until_idle(
        &self,
        node: &Node,
        began: Instant,
    ) -> Result<Option<FilesInfo>, StoreError> {
        while began.elapsed() < WRITTEN_WITHIN {
            let info = info(node).await?;
            if self.in_progress.iter().all(|field| !info.is(field, "1")) {
                return Ok(Some(info));
            }
            sleep(LOOK_INTERVAL).await;
        }
        Ok(None)
    }
}

async fn info(node: &Node) -> Result<FilesInfo, StoreError> {
    let mut fields = HashMap::new();
    for section in ["persistence", "replication"] {
        let answer = node.send("INFO", vec![section.into()]).await?;
        let text = answer.into_string().unwrap_or_default();
        let lines = text
            .lines()
            .filter_map(|line| line.trim_end().split_once(':'));
        fields.extend(lines.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    Ok(FilesInfo(fields))
}
