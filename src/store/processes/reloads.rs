//! The reload of the flows in all processes: a bell asks for it, and each process answers in a key that expires.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::ProcessId;
use crate::store::connection::bells::FLOWS;
use crate::store::error::StoreError;
use crate::store::store::Store;

/// How long answers are kept: longer than anybody waits for them.
const ANSWERS_TTL: Duration = Duration::from_secs(60);

/// The result of the reload in one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// The process as shown to a person: its machine and its number there, and its role.
    #[serde(rename = "who")]
    pub process: String,
    /// The flows that it now follows; empty if it refused them.
    pub flows: String,
    /// The mistakes in the files, one line each. If there are any, the old flows stay.
    pub mistakes: Vec<String>,
}

impl Store {
    /// Asks every process to reload its flows. Returns how many received it, as far as Redis knows: on a Cluster, only those
    /// that are connected to the same node.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn ask_to_reload(&self, request: &str) -> Result<usize, StoreError> {
        let channel = format!("{}{}", self.inner.keys.bell(), FLOWS);
        let receivers: usize = self.inner.client.publish(channel, request).await?;
        Ok(receivers)
    }

    /// Stores the answer of `process`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn answer_reload(
        &self,
        request: &str,
        process: &ProcessId,
        reloaded: &Reloaded,
    ) -> Result<(), StoreError> {
        let (client, key) = (&self.inner.client, self.inner.keys.reload(request));
        let answer = serde_json::to_string(reloaded).unwrap_or_default();
        client.hset(&key, (process.as_str(), answer)).await?;
        client.expire(key, ANSWERS_TTL).await
    }

    /// The answers so far, by process.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reload_answers(
        &self,
        request: &str,
    ) -> Result<Vec<(ProcessId, Reloaded)>, StoreError> {
        let answers: Vec<(ProcessId, String)> = self
            .inner
            .client
            .hgetall(self.inner.keys.reload(request))
            .await?;
        let read = |(process, answer): (ProcessId, String)| {
            let reloaded = serde_json::from_str(&answer);
            Ok((
                process,
                reloaded.map_err(|_| StoreError::UnexpectedAnswer("the result of a reload"))?,
            ))
        };
        answers.into_iter().map(read).collect()
    }
}
