//! Checks Redis once at the start: whether we can use it at all, and whether its settings could lose accepted messages.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use crate::clock::Millis;
use crate::store::error::{OLDEST, StoreError};
use crate::store::store::Store;
use crate::throttle::Throttle;

/// The pause between two tries while Redis does not accept writes yet.
const WAIT_BETWEEN: Duration = Duration::from_millis(100);

/// How often the log says that we still wait.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

impl Store {
    /// Waits at most `patience` until Redis accepts a write: it may still be reading its files, or be in the middle of a
    /// failover. Returns a warning for each setting that could lose accepted messages. `ack_replicas`: how many replicas must have an
    /// event before WAHA gets its 200.
    ///
    /// # Errors
    /// [`StoreError::TooOld`], [`StoreError::Refused`] and [`StoreError::HalfRestored`] at once; otherwise the last error from Redis.
    pub async fn check_server(
        &self,
        patience: Duration,
        ack_replicas: u32,
    ) -> Result<Vec<String>, StoreError> {
        let deadline = Instant::now() + patience;
        // Redis answers this even while it is loading.
        let mut info = self.server_info().await;
        if let Some(version) = info.too_old() {
            return Err(StoreError::TooOld { version });
        }
        let log_throttle = Throttle::new(LOG_INTERVAL);
        let mut full = None;
        while let Err(error) = self.check_write().await {
            if matches!(error, StoreError::Full) {
                // We can work, and that makes space. Only new events are refused.
                full = Some(format!(
                    "{error}. Until then new webhooks are refused, and WAHA repeats them"
                ));
                break;
            }
            if Instant::now() >= deadline || matches!(error, StoreError::Refused(_)) {
                return Err(error);
            }
            if log_throttle.due() {
                warn!(%error, "Redis does not accept writes yet; waiting for it");
            }
            sleep(WAIT_BETWEEN).await;
        }
        if info == ServerInfo::default() {
            // We got no answer the first time: the connection was cut, or the server has changed since.
            info = self.server_info().await;
            if let Some(version) = info.too_old() {
                return Err(StoreError::TooOld { version });
            }
        }
        if self.is_half_restored().await.unwrap_or(false) {
            return Err(StoreError::HalfRestored);
        }
        let mut warnings = self.warnings_of(&info, ack_replicas).await;
        warnings.extend(full);
        Ok(warnings)
    }

    /// Looks at the server without waiting for it. `ack_replicas`: as for [`check_server`](Self::check_server).
    ///
    /// # Errors
    /// [`StoreError::TooOld`], and why it can't be asked.
    pub async fn look_at_server(&self, ack_replicas: u32) -> Result<ServerLook, StoreError> {
        let info = self.server_info().await;
        if let Some(version) = info.too_old() {
            return Err(StoreError::TooOld { version });
        }
        if self.is_half_restored().await.unwrap_or(false) {
            return Err(StoreError::HalfRestored);
        }
        let asked = Millis::now();
        let time: Vec<i64> = match self.ask("TIME", &[]).await {
            Some(answer) => answer.convert().unwrap_or_default(),
            None => Vec::new(),
        };
        // Half of the way there and back.
        let between = asked + Millis::now().since(asked) / 2;
        let ahead = match time[..] {
            [seconds, micros] => Some(
                (seconds.saturating_mul(1_000) + micros / 1_000).saturating_sub(between.as_i64()),
            ),
            _ => None,
        };
        let bells: Vec<String> = match self.ask("PUBSUB", &["CHANNELS", "*bell:process:*"]).await {
            Some(answer) => answer.convert().unwrap_or_default(),
            None => Vec::new(),
        };
        let ours = self.inner.keys.bell();
        let prefixes = bells
            .iter()
            .filter_map(|channel| channel.split_once("bell:process:"));
        let others: BTreeSet<String> = prefixes
            .filter(|(prefix, _)| format!("{prefix}bell:") != ours)
            .map(|(prefix, _)| prefix.to_owned())
            .collect();
        Ok(ServerLook {
            warnings: self.warnings_of(&info, ack_replicas).await,
            disk_trouble: info.disk_trouble(),
            version: info.version,
            memory_used: info.memory_used,
            memory_max: info.memory_max.filter(|max| *max > 0),
            ahead,
            others: others.into_iter().collect(),
        })
    }

    /// A warning for each setting of the server that could lose accepted messages.
    async fn warnings_of(&self, info: &ServerInfo, ack_replicas: u32) -> Vec<String> {
        let snapshots = match info.append_only {
            Some(false) => self.setting("save").await,
            _ => None,
        };
        let mut warnings = info.warnings(snapshots.as_deref());
        let fsync = match info.append_only {
            Some(true) => self.setting("appendfsync").await,
            _ => None,
        };
        if fsync.as_deref() == Some("no") {
            warnings.push(
                "Redis leaves it to the system when its append-only file reaches the disk (appendfsync no): a power cut loses what was \
                 accepted in the last half minute; set appendfsync everysec"
                    .to_owned(),
            );
        }
        let min_replicas = match info.replicas {
            Some(1..) => self.setting("min-replicas-to-write").await,
            _ => None,
        };
        warnings.extend(info.warning_of_replicas(min_replicas.as_deref(), ack_replicas));
        if self.inner.client.is_cluster()
            && self
                .setting("cluster-require-full-coverage")
                .await
                .as_deref()
                == Some("yes")
        {
            warnings.push(
                "while one node of the Cluster is down, the others refuse everything, too \
                 (cluster-require-full-coverage yes); set cluster-require-full-coverage no, so that only the sessions of \
                 that node wait"
                    .to_owned(),
            );
        }
        warnings
    }

    /// The answer of the first server; `None` if we may not ask.
    async fn ask(&self, command: &'static str, arguments: &[&str]) -> Option<fred::types::Value> {
        let node = self.inner.client.nodes().into_iter().next()?;
        let arguments = arguments.iter().map(|one| (*one).into()).collect();
        node.send(command, arguments).await.ok()
    }

    /// Of the servers that have our keys, the first that answers: they are set up alike.
    async fn server_info(&self) -> ServerInfo {
        for node in self.inner.client.nodes() {
            match node.send("INFO", Vec::new()).await {
                Ok(info) => return ServerInfo::parse(&info.into_string().unwrap_or_default()),
                // Perhaps we may not ask. We can work without the answer.
                Err(error) => debug!(%error, "Redis did not answer INFO"),
            }
        }
        ServerInfo::default()
    }

    /// A setting of Redis, for example `save`: when it takes snapshots; empty means never. `None` if we may not ask.
    async fn setting(&self, name: &'static str) -> Option<String> {
        let answer: Vec<String> = self.ask("CONFIG", &["GET", name]).await?.convert().ok()?;
        answer.into_iter().nth(1)
    }
}

/// What a look at the server found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerLook {
    /// Its version, or the version of Redis that it is compatible with.
    pub version: Option<String>,
    /// A warning for each setting that could lose accepted messages.
    pub warnings: Vec<String>,
    /// Why it can't write its files.
    pub disk_trouble: Option<String>,
    /// How many bytes it holds.
    pub memory_used: Option<u64>,
    /// How many it may hold (`maxmemory`); `None`: any number.
    pub memory_max: Option<u64>,
    /// How far its clock is ahead of ours, in milliseconds.
    pub ahead: Option<i64>,
    /// The prefixes of other installations whose processes listen on it.
    pub others: Vec<String>,
}

/// What we use of the answer to INFO (<https://redis.io/docs/latest/commands/info/>). Each part may be missing.
#[derive(Debug, Default, PartialEq, Eq)]
struct ServerInfo {
    version: Option<String>,
    eviction: Option<String>,
    append_only: Option<bool>,
    /// How many replicas are connected to it.
    replicas: Option<u32>,
    memory_used: Option<u64>,
    memory_max: Option<u64>,
    /// The last writes to its files that failed.
    failed_writes: Vec<String>,
}

impl ServerInfo {
    fn parse(info: &str) -> Self {
        let field = |name: &str| {
            info.lines()
                .filter_map(|line| line.trim_end().split_once(':'))
                .find_map(|(found, value)| (found == name).then(|| value.to_owned()))
        };
        Self {
            // Valkey reports the version of Redis that it is compatible with.
            version: field("redis_version"),
            eviction: field("maxmemory_policy"),
            append_only: field("aof_enabled").map(|enabled| enabled == "1"),
            replicas: field("connected_slaves").and_then(|count| count.parse().ok()),
            memory_used: field("used_memory").and_then(|bytes| bytes.parse().ok()),
            memory_max: field("maxmemory").and_then(|bytes| bytes.parse().ok()),
            failed_writes: [
                "aof_last_write_status",
                "aof_last_bgrewrite_status",
                "rdb_last_bgsave_status",
            ]
            .into_iter()
            .filter(|name| field(name).is_some_and(|status| status == "err"))
            .map(str::to_owned)
            .collect(),
        }
    }

    /// The version, if it is too old. We accept a server that reports none, or a strange one.
    fn too_old(&self) -> Option<String> {
        let version = self.version.as_deref()?;
        let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
        let known = (parts.next()??, parts.next().flatten().unwrap_or(0));
        (known < OLDEST).then(|| version.to_owned())
    }

    fn disk_trouble(&self) -> Option<String> {
        (!self.failed_writes.is_empty())
            .then(|| format!("INFO: {}: err", self.failed_writes.join(", ")))
    }

    /// `min_replicas`: the setting `min-replicas-to-write`, if it matters and we may ask.
    fn warning_of_replicas(&self, min_replicas: Option<&str>, ack_replicas: u32) -> Option<String> {
        let replicas = self.replicas?;
        if replicas < ack_replicas {
            return Some(format!(
                "ACK_REPLICAS is {ack_replicas}, and Redis has {replicas} replicas: while it has too few, each webhook is answered with \
                 503, and WAHA repeats it"
            ));
        }
        let nobody_waits = replicas > 0 && ack_replicas == 0 && min_replicas == Some("0");
        nobody_waits.then(|| {
            "Redis has replicas, and nothing waits for them (min-replicas-to-write 0, ACK_REPLICAS 0): a failover loses what \
             was accepted in the last moments, or in the whole time in which the old primary was cut off; set \
             min-replicas-to-write 1 and min-replicas-max-lag 10 in Redis, or ACK_REPLICAS=1"
                .to_owned()
        })
    }

    fn warnings(&self, snapshots: Option<&str>) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(policy) = self.eviction.as_deref()
            && policy != "noeviction"
        {
            warnings.push(format!(
                "Redis deletes data when its memory is full (maxmemory-policy {policy}): customers and replies would be lost \
                 without a message; set maxmemory-policy noeviction"
            ));
        }
        if self.append_only == Some(false) {
            warnings.push(match snapshots {
                Some("") => "Redis keeps nothing on disk (neither append-only file nor snapshots): a restart loses \
                             everybody in line and every reply not yet sent; set appendonly yes"
                    .to_owned(),
                Some(save) => format!(
                    "Redis keeps snapshots only (save {save}): a crash loses everything accepted since the last \
                     snapshot; set appendonly yes"
                ),
                None => "Redis keeps no append-only file: a crash loses what came in shortly before, or all of it; \
                         set appendonly yes"
                    .to_owned(),
            });
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error::oldest;

    fn version(info: &str) -> Option<String> {
        ServerInfo::parse(info).too_old()
    }

    #[test]
    fn what_is_older_than_6_2_is_refused_and_what_says_nothing_may_try() {
        for old in ["2.8.24", "6.0.16", "5.0", "6"] {
            let info = format!("# Server\r\nredis_version:{old}\r\nredis_mode:standalone\r\n");
            assert_eq!(version(&info).as_deref(), Some(old));
        }
        for new in [
            "6.2.0",
            "6.2.14",
            "7.2.4",
            "8.0.0",
            "10.0.1",
            "255.255.255",
            "unstable",
        ] {
            assert_eq!(version(&format!("redis_version:{new}\r\n")), None, "{new}");
        }
        let valkey =
            "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n";
        assert_eq!(version(valkey), None);
        assert_eq!(version("# Server\r\n"), None);
        assert_eq!(oldest(), "6.2");
    }

    #[test]
    fn a_primary_that_waits_for_no_replica_causes_a_warning() {
        let warning = |replicas: u32, min_replicas, ack_replicas| {
            let info =
                ServerInfo::parse(&format!("role:master\r\nconnected_slaves:{replicas}\r\n"));
            info.warning_of_replicas(min_replicas, ack_replicas)
        };
        let said = warning(1, Some("0"), 0).unwrap();
        assert!(
            said.contains("set min-replicas-to-write 1") && said.contains("ACK_REPLICAS=1"),
            "{said}"
        );
        assert_eq!(warning(0, Some("0"), 0), None);
        assert_eq!(warning(2, Some("1"), 0), None);
        assert_eq!(warning(2, Some("0"), 1), None);
        assert_eq!(warning(2, None, 0), None);
        assert!(warning(0, None, 1).unwrap().contains("503"));
        assert!(warning(1, Some("1"), 2).unwrap().contains("1 replicas"));
    }

    #[test]
    fn each_danger_is_told_with_what_to_set() {
        let safe = "aof_enabled:1\r\nmaxmemory_policy:noeviction\r\n";
        assert!(ServerInfo::parse(safe).warnings(None).is_empty());
        assert!(ServerInfo::default().warnings(None).is_empty());

        let evicts = ServerInfo::parse("maxmemory_policy:allkeys-lru\r\naof_enabled:1\r\n");
        let warnings = evicts.warnings(None);
        assert!(
            warnings.len() == 1
                && warnings[0].contains("allkeys-lru")
                && warnings[0].contains("set maxmemory-policy noeviction"),
            "{warnings:?}"
        );

        let volatile = ServerInfo::parse("aof_enabled:0\r\nmaxmemory_policy:noeviction\r\n");
        for (snapshots, said) in [
            (Some(""), "nothing on disk"),
            (
                Some("3600 1 300 100"),
                "snapshots only (save 3600 1 300 100)",
            ),
            (None, "no append-only file"),
        ] {
            let warnings = volatile.warnings(snapshots);
            assert!(
                warnings.len() == 1
                    && warnings[0].contains(said)
                    && warnings[0].contains("set appendonly yes"),
                "{warnings:?}"
            );
        }
    }
}
