//! The reachability monitor is responsible for knowing whether customers can reach us. No conversation may time out because
//! of our own outage.
//!
//! WAHA reports a session that stops. But nobody reports that WAHA or Redis is down, or that no process of ours runs. So
//! each session is checked at an interval. While the checks fail or don't happen, the session counts as unreachable.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::service::kit::duties::Duties;
use crate::service::kit::periodic::Periodic;
use crate::service::kit::session_rounds::in_each;
use crate::service::kit::store_error_log::StoreErrorLog;
use crate::service::owner::session_status::WORKING;
use crate::store::{Store, StoreError};
use crate::waha::client::{Client, SendError};

/// How often a session is checked. An outage shorter than this does no harm, because WAHA repeats its webhooks.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// A session that nobody has checked for this long was unreachable in the meantime.
pub(crate) const UNREACHABLE_AFTER: Duration = Duration::from_secs(15);

/// If there are more sessions than this, WAHA is asked about all of them at once.
const ONE_BY_ONE_MAX: usize = 8;

/// How long an answer from WAHA is used again, because many customers may time out at the same moment.
const ANSWER_VALID_FOR: Duration = Duration::from_secs(1);

/// See the module.
pub struct ReachabilityMonitor {
    /// Keeps the results for all processes.
    pub store: Store,
    /// Asks WAHA.
    pub reachability: Arc<Reachability>,
    /// Know in which sessions customers are attended: nobody can time out in the others.
    pub duties: Arc<Duties>,
}

impl ReachabilityMonitor {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not note that customers can reach us";
        let store_errors = StoreErrorLog::default();
        let mut noted = HashMap::new();
        let mut periodic = Periodic::every(CHECK_INTERVAL, shutdown);
        while periodic.next().await {
            noted.retain(|_, at: &mut Instant| at.elapsed() < UNREACHABLE_AFTER / 2);
            let round = async {
                let began = Instant::now();
                for (session, done) in self.run_once(&noted).await {
                    match done {
                        Ok(()) => drop(noted.insert(session, began)),
                        Err(error) => store_errors.log_of(&session, what, &error),
                    }
                }
                Ok(())
            };
            periodic.run(what, round).await;
        }
    }

    /// Checks each session of this process where customers are attended.
    /// `noted`: when this process last noted what it found.
    async fn run_once(
        &self,
        noted: &HashMap<SessionName, Instant>,
    ) -> Vec<(SessionName, Result<(), StoreError>)> {
        let sessions = self.duties.attended();
        let listed = self.reachability.check_many(&sessions).await;
        in_each(sessions, |session| {
            let (store, reachability) = (self.store.clone(), self.reachability.clone());
            let known = listed.get(&session).copied();
            let gap = (!noted.contains_key(&session)).then_some(UNREACHABLE_AFTER);
            async move {
                let reachable = match known {
                    Some(reachable) => reachable,
                    None => reachability.check(&session).await,
                };
                // If the session is paused, the sender asks WAHA about it.
                let reachable = reachable || store.is_paused(&session).await?;
                let now = Millis::now();
                store.note_reachability(&session, reachable, gap, now).await
            }
        })
        .await
    }
}

/// Asks WAHA whether customers can reach a session. An answer is used again for a second.
pub struct Reachability {
    client: Arc<Client>,
    /// By session: when WAHA answered, and the answer.
    answers: Mutex<HashMap<SessionName, (Instant, bool)>>,
}

impl Reachability {
    /// Asks through `client`.
    pub fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            answers: Mutex::default(),
        }
    }

    /// The answers for many sessions in one request, as far as WAHA gives them.
    async fn check_many(&self, sessions: &[SessionName]) -> HashMap<SessionName, bool> {
        if sessions.len() <= ONE_BY_ONE_MAX {
            return HashMap::new();
        }
        let client = self.client.clone();
        let asked = tokio::task::spawn_blocking(move || client.sessions()).await;
        match asked {
            Ok(Ok(listed)) => listed
                .into_iter()
                .map(|one| (one.name, one.status == WORKING))
                .collect(),
            // Each of them would only wait for as long again.
            Ok(Err(SendError::Unreachable { .. } | SendError::Interrupted { .. })) => sessions
                .iter()
                .map(|session| (session.clone(), false))
                .collect(),
            // The key may be one for single sessions.
            _ => HashMap::new(),
        }
    }

    /// Whether WAHA answers us, and doesn't say that the session has stopped or does not exist.
    pub(crate) async fn check(&self, session: &SessionName) -> bool {
        // The lock is held while WAHA is asked, so that other tasks wait and use the same answer.
        let mut answers = self.answers.lock().await;
        if let Some((at, reachable)) = answers.get(session)
            && at.elapsed() < ANSWER_VALID_FOR
        {
            return *reachable;
        }
        let (client, name) = (self.client.clone(), session.clone());
        let asked = tokio::task::spawn_blocking(move || client.session_status(&name)).await;
        let reachable = match asked {
            Ok(Ok(status)) => status == WORKING,
            // Without the key we can't answer.
            Ok(Err(SendError::Refused {
                status: 401 | 403, ..
            })) => false,
            // WAHA refuses the question, so we can't tell. Assume that customers can reach the session.
            Ok(Err(SendError::Refused { .. })) => true,
            Ok(Err(
                SendError::SessionNotWorking { .. }
                | SendError::Unreachable { .. }
                | SendError::Interrupted { .. }
                | SendError::Busy { .. },
            ))
            | Err(_) => false,
        };
        answers.insert(session.clone(), (Instant::now(), reachable));
        reachable
    }
}
