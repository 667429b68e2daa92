//! Hearing is responsible for knowing whether customers would be heard: nobody may be closed for a silence that is ours.
//!
//! A session that stops says so. A WAHA that is gone, a Redis that was away and processes that did not run say nothing:
//! so each session is looked at again and again, and where that was not possible, nobody was heard.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::ids::SessionName;
use crate::service::kit::periodic::Rounds;
use crate::service::owner::session_status::WORKING;
use crate::store::{Error, Store};
use crate::waha::client::{Client, SendError};

/// How often. What a customer writes comes a second time, if we were away for less.
const LISTEN_INTERVAL: Duration = Duration::from_secs(5);
/// Where nobody has looked for so long, nobody was heard in between.
pub(crate) const DEAF_AFTER: Duration = Duration::from_secs(15);

/// Many customers may be silent in one moment.
const ANSWER_HOLDS: Duration = Duration::from_secs(1);

/// See the module.
pub struct Hearing {
    /// Where it is noted.
    pub store: Store,
    /// The way to WAHA.
    pub ears: Arc<Ears>,
}

impl Hearing {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not note that customers are heard";
        let mut rounds = Rounds::every(LISTEN_INTERVAL, shutdown);
        while rounds.next().await {
            rounds.go(what, self.run_once()).await;
        }
    }

    /// Looks at each session once, unless another process has just done so.
    ///
    /// # Errors
    /// As the store's.
    pub async fn run_once(&self) -> Result<(), Error> {
        let turn = LISTEN_INTERVAL.mul_f64(0.8);
        for session in self.store.sessions().await? {
            if !self.store.turn_to_listen(&session, turn).await? {
                continue;
            }
            // WAHA is asked only where somebody may be silent; a session that has stopped is asked by who would send.
            let paused = self.store.is_paused(&session).await?;
            let hears = paused
                || self.store.attended(&session).await? == 0
                || self.ears.hear(&session).await;
            let now = clock::now();
            self.store
                .note_hearing(&session, hears, DEAF_AFTER, now)
                .await?;
        }
        Ok(())
    }
}

/// Asks WAHA whether it hears the customers of a session; what it said a moment ago is not asked again.
pub struct Ears {
    client: Arc<Client>,
    /// By session: when it answered, and what.
    answers: Mutex<HashMap<SessionName, (Instant, bool)>>,
}

impl Ears {
    /// Through this client.
    pub fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            answers: Mutex::default(),
        }
    }

    /// Whether WAHA answers, and does not say of the session that it hears nobody.
    pub(crate) async fn hear(&self, session: &SessionName) -> bool {
        // Held while WAHA is asked: those who want to know the same wait for the one answer.
        let mut answers = self.answers.lock().await;
        if let Some((at, hears)) = answers.get(session)
            && at.elapsed() < ANSWER_HOLDS
        {
            return *hears;
        }
        let (client, name) = (self.client.clone(), session.clone());
        let asked = tokio::task::spawn_blocking(move || client.session_status(&name)).await;
        let hears = match asked {
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
        answers.insert(session.clone(), (Instant::now(), hears));
        hears
    }
}
