//! Whether this process can do its work: asked over HTTP (`/ready`) and by `waha-sm health`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::service::kit::metrics::Metrics;
use crate::service::kit::shared_reading::SharedReading;
use crate::store::{Store, WahaReport};

/// The time between two checks of Redis: who asks over HTTP needs no signature, and each check tries a write.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long Redis may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// See the module.
pub struct Readiness {
    /// Is checked.
    pub store: Store,
    /// Knows whether the history is written; `None` if this process has nothing to do with that.
    pub history: Option<Arc<Metrics>>,
    /// Cancelled when the whole daemon runs. From then on it is ready.
    pub started: CancellationToken,
    /// Cancelled when the daemon begins to stop. From then on it is not ready.
    pub stopping: CancellationToken,
    /// What was read last.
    pub reading: SharedReading<CheckedParts>,
}

/// What was checked last.
#[derive(Clone, Debug)]
pub struct CheckedParts {
    redis: Result<(), String>,
    waha: Result<(), String>,
}

/// What the check found.
#[derive(Debug)]
pub struct Checked {
    /// Redis accepts writes. Without the history or WAHA messages can still be taken: entries and replies wait in Redis.
    pub is_ready: bool,
    /// Each part, with the reason if it is not ready.
    pub parts: Map<String, Value>,
}

impl Readiness {
    /// Checks.
    ///
    /// # Errors
    /// Why nothing can be checked, for instance because the daemon stops.
    pub async fn check(&self) -> Result<Checked, &'static str> {
        if !self.started.is_cancelled() {
            return Err("starting");
        }
        if self.stopping.is_cancelled() {
            return Err("stopping");
        }
        let checked = |parts: &CheckedParts| match parts.redis {
            Ok(()) => CHECK_INTERVAL,
            // Not shared, so that whoever asks learns that Redis is back: they wait for the next check.
            Err(_) => Duration::ZERO,
        };
        let read = CheckedParts::read(self.store.clone());
        let reading = self.reading.get(checked, CHECK_INTERVAL, read).await;
        let Some(parts) = reading else {
            return Err("the check failed; the log says why");
        };
        let history = self
            .history
            .as_ref()
            .map(|metrics| metrics.archive_error().map_or(Ok(()), Err));
        let named = [
            ("redis", Some(&parts.redis)),
            ("history", history.as_ref()),
            ("waha", Some(&parts.waha)),
        ];
        let named = named
            .into_iter()
            .filter_map(|(name, result)| Some((name.to_owned(), part(result?))));
        Ok(Checked {
            is_ready: parts.redis.is_ok(),
            parts: named.collect(),
        })
    }
}

impl CheckedParts {
    async fn read(store: Store) -> Self {
        let (redis, waha) = tokio::join!(redis(&store), waha(&store));
        // WAHA does not matter for `ready`: its webhooks can be taken, and replies wait.
        let waha = match redis {
            Ok(()) => waha,
            Err(_) => Err("not known while Redis is not ready".to_owned()),
        };
        Self { redis, waha }
    }
}

/// A part of the answer.
pub(crate) fn part(result: &Result<(), String>) -> Value {
    match result {
        Ok(()) => json!({ "ready": true }),
        Err(reason) => json!({ "ready": false, "reason": reason }),
    }
}

async fn redis(store: &Store) -> Result<(), String> {
    match timeout(ANSWER_WITHIN, store.check_write()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// Whether all processes that work can use WAHA, by their own reports.
async fn waha(store: &Store) -> Result<(), String> {
    let reports = match timeout(ANSWER_WITHIN, store.waha_reports()).await {
        Ok(Ok(reports)) => reports,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("no answer from Redis in time".to_owned()),
    };
    if reports.is_empty() {
        return Err("no process that sends replies has reported yet".to_owned());
    }
    let mut reasons: Vec<String> = reports.iter().filter_map(WahaReport::reason).collect();
    reasons.sort();
    reasons.dedup();
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(reasons.join("; "))
    }
}
