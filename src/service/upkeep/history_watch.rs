//! The watch is responsible for a process without a history (`HISTORY=off`): it looks whether another one keeps it, and says so if none does.
//! Nothing is lost meanwhile, but the entries fill the memory of Redis.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::service::kit::metrics::Metrics;
use crate::service::kit::periodic::Periodic;
use crate::store::{KeptHistory, Store, StoreError};

const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// A process that keeps the history may be restarted without a warning: so many looks must find none.
const LOOKS_UNTIL_WARNING: u32 = 5;

/// See the module.
pub struct HistoryWatch {
    /// Knows who keeps the history.
    pub store: Store,
    /// Shows whether somebody does.
    pub metrics: Arc<Metrics>,
}

impl HistoryWatch {
    /// Looks until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut periodic = Periodic::every(LOOK_INTERVAL, shutdown);
        let mut missed = 0;
        while periodic.next().await {
            let look = self.run_once(&mut missed);
            periodic
                .run("could not look who keeps the history", look)
                .await;
        }
    }

    /// Looks once. `missed`: how often nobody was found in a row.
    async fn run_once(&self, missed: &mut u32) -> Result<(), StoreError> {
        let kept = self.store.kept_history().await?;
        let problem = problem(kept.as_ref());
        match &problem {
            None if *missed >= LOOKS_UNTIL_WARNING => info!("the history is kept again"),
            None => {}
            Some(problem) if *missed + 1 == LOOKS_UNTIL_WARNING => warn!("{problem}"),
            Some(_) => {}
        }
        *missed = match problem {
            None => 0,
            Some(_) => missed.saturating_add(1),
        };
        self.metrics.set_archive_error(problem);
        Ok(())
    }
}

/// Why the history is not kept; `None` if it is.
fn problem(kept: Option<&KeptHistory>) -> Option<String> {
    let last = match kept {
        Some(kept) if kept.is_alive => return None,
        Some(kept) => format!(" The last one was {}.", kept.label),
        None => String::new(),
    };
    Some(format!(
        "no process keeps the history now: its entries wait in Redis and take memory. Run one `serve` or `all` without HISTORY=off.{last}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_living_process_keeps_the_history() {
        let kept = |is_alive| KeptHistory {
            file: "f".to_owned(),
            label: "serve (process 7 on one)".to_owned(),
            is_alive,
        };
        assert_eq!(problem(Some(&kept(true))), None);
        let gone = problem(Some(&kept(false))).unwrap();
        assert!(
            gone.contains("process 7 on one") && gone.contains("HISTORY=off"),
            "{gone}"
        );
        assert!(!problem(None).unwrap().contains("last"));
    }
}
