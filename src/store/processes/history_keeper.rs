//! Which process keeps the history: one at a time, by a lease, and always in the same file.
//!
//! Redis remembers the id of the file for good. So a second process with another file is refused, and cannot split the history; the
//! same file may be kept by another process as soon as the one before is gone.

use std::time::Duration;

use crate::clock;
use crate::ids::ProcessId;
use crate::store::error::StoreError;
use crate::store::store::Store;

const KEEP_HISTORY: &str = include_str!("../lua/processes/keep_history.lua");
const WHO_KEEPS_HISTORY: &str = include_str!("../lua/processes/who_keeps_history.lua");

/// A process that wants to keep the history in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryClaim {
    /// The id of the file.
    pub file: String,
    /// The process.
    pub process: ProcessId,
    /// Where only one process can be at a time; empty: not known.
    pub place: String,
    /// The process as a person knows it.
    pub label: String,
    /// Whether this file may replace another one that no living process keeps.
    pub may_replace: bool,
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The process keeps the history, as it did before.
    Kept,
    /// It keeps it from now on.
    Taken,
    /// This living process keeps it in a copy of the same file.
    Shared(String),
    /// This living process keeps it in another file.
    Elsewhere(String),
    /// The history is in another file, which this process kept last. It does not run any more.
    Left(String),
}

/// Where the history is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHistory {
    /// The id of its file.
    pub file: String,
    /// The process that keeps it, or did so last.
    pub label: String,
    /// Whether that process is alive.
    pub is_alive: bool,
}

impl Store {
    /// Asks to keep the history for `hold_for`, from when Redis gets this. Repeat it before that is over. A time of zero gives it up.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn keep_history(
        &self,
        claim: &HistoryClaim,
        hold_for: Duration,
    ) -> Result<Claimed, StoreError> {
        let arguments = vec![
            claim.file.clone(),
            claim.process.to_string(),
            claim.place.clone(),
            claim.label.clone(),
            clock::millis(hold_for).to_string(),
            if claim.may_replace { "1" } else { "" }.to_owned(),
        ];
        let key = self.inner.keys.history_keeper();
        let (answer, label): (String, String) =
            self.inner.client.eval(KEEP_HISTORY, key, arguments).await?;
        match answer.as_str() {
            "kept" => Ok(Claimed::Kept),
            "taken" => Ok(Claimed::Taken),
            "shared" => Ok(Claimed::Shared(label)),
            "elsewhere" => Ok(Claimed::Elsewhere(label)),
            "left" => Ok(Claimed::Left(label)),
            _ => Err(StoreError::UnexpectedAnswer("whether we keep the history")),
        }
    }

    /// Where the history is; `None` if no process ever kept it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn kept_history(&self) -> Result<Option<KeptHistory>, StoreError> {
        let key = self.inner.keys.history_keeper();
        let nothing: Vec<String> = Vec::new();
        let answer: Vec<String> = self
            .inner
            .client
            .eval(WHO_KEEPS_HISTORY, key, nothing)
            .await?;
        match <[String; 3]>::try_from(answer) {
            Ok([file, label, alive]) => Ok(Some(KeptHistory {
                file,
                label,
                is_alive: alive == "1",
            })),
            Err(none) if none.is_empty() => Ok(None),
            Err(_) => Err(StoreError::UnexpectedAnswer("who keeps the history")),
        }
    }
}
