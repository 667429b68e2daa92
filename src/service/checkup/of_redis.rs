//! Asks Redis: about itself, and what the processes and sessions keep in it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use crate::clock::Millis;
use crate::describe::describe;
use crate::ids::SessionName;
use crate::service::checkup::finding::Finding;
use crate::service::kit::session_rounds::in_each;
use crate::store::{
    Gauges, KeptHistory, PausedLine, PausedStatus, RedisServer, Store, StoreConfig, StoreError,
    WahaReport, private_socket,
};

/// How long Redis may take for all answers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// From here on there is little memory left.
const MEMORY_NOTICE: u64 = 80;
/// Even if each customer before them took a while.
const LINE_WAITS_MAX: Duration = Duration::from_secs(30 * 60);
/// A reply is sent within seconds, if WAHA takes it.
const REPLIES_WAIT_MAX: Duration = Duration::from_secs(5 * 60);
/// The archiver copies each second.
const HISTORY_LAG_MAX: Duration = Duration::from_secs(5 * 60);

/// How Redis can be reached.
pub enum RedisAccess {
    /// There is a connection.
    Open(Store),
    /// It must be connected to.
    Server(StoreConfig),
    /// It is the private one of the daemon on this directory, if that runs.
    Private {
        /// The data directory.
        data_dir: PathBuf,
        /// What it is asked with.
        config: Box<dyn Fn(RedisServer) -> StoreConfig + Send + Sync>,
    },
    /// The settings don't say where it is.
    NotKnown,
}

/// What Redis answered.
#[derive(Default)]
pub(super) struct RedisLook {
    pub(super) findings: Vec<Finding>,
    /// How far its clock is ahead of ours, in seconds.
    pub(super) ahead: Option<i64>,
    /// The reports of the processes about WAHA.
    pub(super) reports: Option<Vec<WahaReport>>,
    /// The sessions that we know; `None` if Redis did not tell.
    pub(super) sessions: Option<HashMap<SessionName, KnownSession>>,
    /// Where the history is.
    pub(super) kept: Option<KeptHistory>,
    /// To ask for more; `None` if Redis can't be asked.
    pub(super) store: Option<Store>,
    /// Whether the connection was made for this look.
    is_connected_for_this: bool,
}

impl RedisLook {
    /// Ends the connection, if it was made for this look.
    pub(super) async fn close(&self) {
        if let Some(store) = self.store.as_ref().filter(|_| self.is_connected_for_this) {
            // It may hang, and then it ends with us.
            let _ = timeout(CONNECT_TIMEOUT, store.close()).await;
        }
    }
}

/// A session, according to Redis.
pub(super) struct KnownSession {
    pub(super) paused: Option<PausedStatus>,
    /// When WAHA last posted a customer's message.
    pub(super) heard_at: Option<Millis>,
}

/// Connects if needed, and asks. `ack_replicas`: how many replicas must have an event.
pub(super) async fn ask(access: &RedisAccess, ack_replicas: u32) -> RedisLook {
    let config = match access {
        RedisAccess::Open(store) => {
            let mut look = asked(store, ack_replicas).await;
            look.store = Some(store.clone());
            return look;
        }
        RedisAccess::NotKnown => return found(Finding::RedisNotKnown),
        RedisAccess::Server(config) => config.clone(),
        RedisAccess::Private { data_dir, config } => match private_socket(data_dir).await {
            Ok(Some(socket)) => config(RedisServer::Private(socket)),
            Ok(None) => return found(Finding::RedisRestsWithDaemon),
            Err(error) => return found(Finding::RedisFails(describe(&error))),
        },
    };
    match Store::connect(&config, CONNECT_TIMEOUT).await {
        Ok(store) => {
            let mut look = asked(&store, ack_replicas).await;
            look.is_connected_for_this = true;
            look.store = Some(store);
            look
        }
        Err(error) => {
            let at = config.server.display_address().unwrap_or_default();
            let why = format!("Redis{at}: {}{}", describe(&error), error.advice());
            found(Finding::RedisFails(why))
        }
    }
}

fn found(finding: Finding) -> RedisLook {
    RedisLook {
        findings: vec![finding],
        ..RedisLook::default()
    }
}

async fn asked(store: &Store, ack_replicas: u32) -> RedisLook {
    match timeout(ANSWER_TIMEOUT, look(store, ack_replicas)).await {
        Ok(Ok(look)) => look,
        Ok(Err(error)) => found(Finding::RedisFails(error.to_string())),
        Err(_) => found(Finding::RedisFails("no answer in time".to_owned())),
    }
}

async fn look(store: &Store, ack_replicas: u32) -> Result<RedisLook, StoreError> {
    let server = store.look_at_server(ack_replicas).await?;
    let mut findings = vec![match store.check_write().await {
        Ok(()) => Finding::RedisWorks,
        // What follows may say why.
        Err(error) => Finding::RedisFails(error.to_string()),
    }];
    findings.extend(server.warnings.into_iter().map(Finding::RedisRisky));
    findings.extend(server.disk_trouble.map(Finding::RedisCantSave));
    if let (Some(used), Some(max)) = (server.memory_used, server.memory_max) {
        let percent = used.saturating_mul(100) / max;
        if percent >= MEMORY_NOTICE {
            findings.push(Finding::RedisMemory { percent, max });
        }
    }
    if !server.others.is_empty() {
        findings.push(Finding::OtherInstallations(server.others));
    }
    let (processes, workers) = (
        store.living_processes().await?.len(),
        store.workers().await?,
    );
    findings.push(match workers {
        0 => Finding::NoWorkers,
        workers => Finding::Workers { processes, workers },
    });
    let now = Millis::now();
    let reading = in_each(store.sessions().await?, |session| {
        let store = store.clone();
        async move { CheckedSession::read(&store, &session).await }
    });
    let mut read = reading.await;
    read.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut sessions = HashMap::new();
    let mut all = Gauges::default();
    for (session, read) in read {
        let state = match read {
            Ok(state) => state,
            Err(error) => {
                let reason = format!("the session {session} can't be read: {error}");
                findings.push(Finding::RedisFails(reason));
                continue;
            }
        };
        findings.extend(judge_waiting(&session, &state, workers, now));
        findings.extend(state.lines.into_iter().map(|line| Finding::LinePaused {
            session: session.clone(),
            team: line.team,
            by: line.pause.by,
            since: line.pause.since,
        }));
        all.add(&state.gauges);
        let known = KnownSession {
            paused: state.paused,
            heard_at: state.gauges.heard_at,
        };
        sessions.insert(session, known);
    }
    let lag = all.oldest_history_at;
    findings.extend(
        lag.filter(|since| now.since(*since) > HISTORY_LAG_MAX)
            .map(|since| Finding::HistoryLags {
                entries: all.history_entries,
                since,
            }),
    );
    findings.push(match all.dead_letters {
        0 => Finding::NoDeadReplies,
        dead => Finding::DeadReplies(dead),
    });
    Ok(RedisLook {
        findings,
        ahead: server.ahead.map(|ahead| ahead / 1_000),
        reports: Some(store.waha_reports().await?),
        sessions: Some(sessions),
        kept: store.kept_history().await?,
        store: None,
        is_connected_for_this: false,
    })
}

/// Who waits for too long, although nothing that we know of keeps them waiting.
fn judge_waiting(
    session: &SessionName,
    state: &CheckedSession,
    workers: u64,
    now: Millis,
) -> Vec<Finding> {
    let gauges = &state.gauges;
    let is_paused = state.lines.iter().any(|line| line.team.is_empty());
    let mut findings = Vec::new();
    if let Some(since) = gauges.oldest_opened_at
        && now.since(since) > LINE_WAITS_MAX
        && workers > 0
        && !is_paused
    {
        findings.push(Finding::LineWaits {
            session: session.clone(),
            waiting: gauges.waiting,
            since,
        });
    }
    if let Some(since) = gauges.oldest_lane_due_at
        && now.since(since) > REPLIES_WAIT_MAX
        && state.paused.is_none()
    {
        findings.push(Finding::RepliesWait {
            session: session.clone(),
            chats: gauges.lanes_due,
            since,
        });
    }
    findings
}

/// A session, according to Redis.
struct CheckedSession {
    gauges: Gauges,
    paused: Option<PausedStatus>,
    lines: Vec<PausedLine>,
}

impl CheckedSession {
    async fn read(store: &Store, session: &SessionName) -> Result<Self, StoreError> {
        Ok(Self {
            gauges: store.gauges(session).await?,
            paused: store.paused_status(session).await?,
            lines: store.paused_lines(session).await?,
        })
    }
}
