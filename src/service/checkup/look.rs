//! Looks at everything that this process can know.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::flows::Flows;
use crate::ids::SessionName;
use crate::service::checkup::finding::Finding;
use crate::service::kit::session_rounds::in_each;
use crate::store::{PausedLine, PausedStatus, Store, StoreError, WahaReport};

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
    let sessions = store.sessions().await?;
    let reading = in_each(sessions, |session| {
        let store = store.clone();
        async move { CheckedSession::read(&store, &session).await }
    });
    let mut read = reading.await;
    read.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut dead = 0;
    for (session, read) in read {
        let state = match read {
            Ok(state) => state,
            Err(error) => {
                let reason = format!("the session {session} can't be read: {error}");
                findings.push(Finding::RedisFails(reason));
                continue;
            }
        };
        dead += state.dead;
        findings.push(match state.paused {
            Some(paused) => Finding::SessionDown {
                session: session.clone(),
                status: paused.status,
                since: paused.since,
            },
            None => Finding::SessionWorks(session.clone()),
        });
        findings.extend(state.lines.into_iter().map(|line| Finding::LinePaused {
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

/// A session, according to Redis.
struct CheckedSession {
    dead: u64,
    paused: Option<PausedStatus>,
    lines: Vec<PausedLine>,
}

impl CheckedSession {
    async fn read(store: &Store, session: &SessionName) -> Result<Self, StoreError> {
        Ok(Self {
            dead: store.dead_count(session).await?,
            paused: store.paused_status(session).await?,
            lines: store.paused_lines(session).await?,
        })
    }
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
