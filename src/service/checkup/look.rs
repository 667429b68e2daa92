//! Looks at everything that this process can know.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::flows::Flows;
use crate::service::checkup::finding::Finding;
use crate::store::{Store, StoreError, WahaReport};

/// How long Redis may take for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Looks. `archive_error`: why the history can't be written, if it can't.
pub async fn look(
    store: &Store,
    flows: &Arc<Flows>,
    archive_error: Option<String>,
) -> Vec<Finding> {
    let mut findings = match timeout(ANSWER_TIMEOUT, of_redis(store)).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => vec![Finding::RedisFails(error.to_string())],
        Err(_) => vec![Finding::RedisFails("no answer in time".to_owned())],
    };
    findings.push(archive_error.map_or(Finding::HistoryWorks, Finding::HistoryFails));
    let of_flows = flows.clone();
    let mistakes = spawn_blocking(move || of_flows.mistakes()).await;
    findings.push(match mistakes {
        // If the thread ended early, its panic is logged where it happened.
        Ok(mistakes) if !mistakes.is_empty() => Finding::FlowsHaveMistakes(mistakes),
        _ => Finding::FlowsWork(flows.loaded().to_string()),
    });
    findings
}

/// What Redis says of itself, and what the processes tell each other in it.
async fn of_redis(store: &Store) -> Result<Vec<Finding>, StoreError> {
    store.check_write().await?;
    let mut findings = vec![Finding::RedisWorks];
    let (processes, workers) = (
        store.living_processes().await?.len(),
        store.workers().await?,
    );
    findings.push(match workers {
        0 => Finding::NoWorkers,
        workers => Finding::Workers { processes, workers },
    });
    findings.push(of_waha(&store.waha_reports().await?));
    let mut sessions = store.sessions().await?;
    sessions.sort();
    let mut dead = 0;
    for session in sessions {
        dead += store.dead_count(&session).await?;
        findings.push(match store.paused_status(&session).await? {
            Some(paused) => Finding::SessionDown {
                session: session.clone(),
                status: paused.status,
                since: paused.since,
            },
            None => Finding::SessionWorks(session.clone()),
        });
        let paused = store.paused_lines(&session).await?.into_iter();
        findings.extend(paused.map(|line| Finding::LinePaused {
            session: session.clone(),
            team: line.team,
            by: line.pause.by,
            since: line.pause.since,
        }));
    }
    findings.push(match dead {
        0 => Finding::NoDeadReplies,
        dead => Finding::DeadReplies(dead),
    });
    Ok(findings)
}

fn of_waha(reports: &[WahaReport]) -> Finding {
    let mut reasons: Vec<String> = reports.iter().filter_map(WahaReport::reason).collect();
    reasons.sort();
    reasons.dedup();
    match (reports.is_empty(), reasons.is_empty()) {
        (true, _) => Finding::WahaUnknown,
        (false, true) => Finding::WahaWorks,
        (false, false) => Finding::WahaFails(reasons),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_of_several_processes_is_one() {
        let report = |problem: Option<&str>| WahaReport {
            problem: problem.map(str::to_owned),
            forbidden: Vec::new(),
        };
        assert_eq!(of_waha(&[]), Finding::WahaUnknown);
        assert_eq!(of_waha(&[report(None)]), Finding::WahaWorks);
        let reports = [
            report(Some("its key")),
            report(None),
            report(Some("its key")),
        ];
        assert_eq!(
            of_waha(&reports),
            Finding::WahaFails(vec!["its key".into()])
        );
    }
}
