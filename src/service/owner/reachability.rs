//! The reachability monitor is responsible for knowing whether customers can reach us: no conversation may time out because
//! of an outage of ours.
//!
//! A session that stops says so. A WAHA that is gone, a Redis that was away and processes that did not run say nothing:
//! so each session is checked at an interval, and as long as it could not be checked, no customer could reach it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::ids::SessionName;
use crate::service::kit::periodic::Periodic;
use crate::service::owner::session_status::WORKING;
use crate::store::{Store, StoreError};
use crate::waha::client::{Client, SendError};

/// How often. WAHA repeats what a customer wrote, if we were away for less than this.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// A session that nobody has checked for so long was unreachable in between.
pub(crate) const UNREACHABLE_AFTER: Duration = Duration::from_secs(15);

/// Many customers may be silent in one moment.
const ANSWER_VALID_FOR: Duration = Duration::from_secs(1);

/// See the module.
pub struct ReachabilityMonitor {
    /// Where it is noted.
    pub store: Store,
    /// The way to WAHA.
    pub reachability: Arc<Reachability>,
}

impl ReachabilityMonitor {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not note that customers can reach this session";
        let mut periodic = Periodic::every(CHECK_INTERVAL, shutdown);
        while periodic.next().await {
            periodic.run(what, self.run_once()).await;
        }
    }

    /// Looks at each session once, unless another process has just done so.
    ///
    /// # Errors
    /// As the store's.
    pub async fn run_once(&self) -> Result<(), StoreError> {
        let turn = CHECK_INTERVAL.mul_f64(0.8);
        for session in self.store.sessions().await? {
            if !self
                .store
                .turn_to_check_reachability(&session, turn)
                .await?
            {
                continue;
            }
            // Ask WAHA only if a customer may be silent. The sender probes a session that has stopped.
            let paused = self.store.is_paused(&session).await?;
            let reachable = paused
                || self.store.active_count(&session).await? == 0
                || self.reachability.check(&session).await;
            let now = clock::now();
            self.store
                .note_reachability(&session, reachable, UNREACHABLE_AFTER, now)
                .await?;
        }
        Ok(())
    }
}

/// Asks WAHA whether customers can reach a session. An answer is used again for a moment.
pub struct Reachability {
    client: Arc<Client>,
    /// By session: when it answered, and what.
    answers: Mutex<HashMap<SessionName, (Instant, bool)>>,
}

impl Reachability {
    /// Through this client.
    pub fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            answers: Mutex::default(),
        }
    }

    /// Whether WAHA answers, and does not say that the session is stopped.
    pub(crate) async fn check(&self, session: &SessionName) -> bool {
        // Held while WAHA is asked: whoever asks the same at this moment waits for the one answer.
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
            // That it does not say is no sign.
            Ok(Err(SendError::Refused { .. } | SendError::SessionNotWorking { .. })) => true,
            Ok(Err(
                SendError::Unreachable { .. }
                | SendError::Interrupted { .. }
                | SendError::Busy { .. },
            ))
            | Err(_) => false,
        };
        answers.insert(session.clone(), (Instant::now(), reachable));
        reachable
    }
}
