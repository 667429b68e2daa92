//! Whether each process that works can use WAHA. The processes that listen tell it to the outside.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::{ProcessId, SessionName};
use crate::store::error::StoreError;
use crate::store::store::Store;

/// Whether a process can use WAHA, as it found out last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WahaReport {
    /// Why not; `None` if it can.
    #[serde(default)]
    pub problem: Option<String>,
    /// The sessions for which WAHA forbids it to send.
    #[serde(default)]
    pub forbidden: Vec<SessionName>,
}

impl WahaReport {
    /// Why the process can't send everything; `None` if it can.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        if self.problem.is_some() || self.forbidden.is_empty() {
            return self.problem.clone();
        }
        let sessions: Vec<&str> = self.forbidden.iter().map(SessionName::as_str).collect();
        Some(format!(
            "WAHA forbids us to send in these sessions (403), because WAHA_API_KEY is not a key for them: {}",
            sessions.join(", ")
        ))
    }
}

impl Store {
    /// Stores the report of `process`. It counts until `expires_after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn report_waha(
        &self,
        process: &ProcessId,
        report: &WahaReport,
        expires_after: Duration,
    ) -> Result<(), StoreError> {
        let (client, key) = (&self.inner.client, self.inner.keys.waha(process));
        let report = serde_json::to_string(report).unwrap_or_default();
        client.set_for(key, report, expires_after, None).await
    }

    /// The reports of the living processes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn waha_reports(&self) -> Result<Vec<WahaReport>, StoreError> {
        let mut reports = Vec::new();
        for process in self.living_processes().await? {
            let key = self.inner.keys.waha(&process);
            let report: Option<String> = self.inner.client.get(key).await?;
            // A newer version may write another form.
            reports.extend(report.and_then(|report| serde_json::from_str(&report).ok()));
        }
        Ok(reports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other versions that share a Redis read this.
    #[test]
    fn a_report_is_kept_in_this_form() {
        let golden = r#"{"problem":"no key","forbidden":["loja"]}"#;
        let report: WahaReport = serde_json::from_str(golden).unwrap();
        assert_eq!(report.problem.as_deref(), Some("no key"));
        assert_eq!(serde_json::to_string(&report).unwrap(), golden);
        assert_eq!(
            serde_json::from_str::<WahaReport>("{}").unwrap(),
            WahaReport::default()
        );
    }
}
