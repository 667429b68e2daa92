//! The lid lookup is responsible for customers who write under a hidden id (`@lid`): it asks WAHA for their phone number, so
//! that both ids become one chat. It works in the sessions that the lookout names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::service::kit::session_rounds::serve;
use crate::store::{Store, StoreError};
use crate::waha::client::{AskError, Client};

/// How many ids of a session one round asks for, one after the other.
const ASK_MAX: i64 = 20;
/// If the request for one id failed, ask again after this time.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// After this many failures in a row, the problem is WAHA and not one id.
const FAILURES_MAX: u32 = 3;
/// If the engine can't look up numbers, ask again after this time, because WAHA may have been updated.
const UNSUPPORTED_PAUSE: Duration = Duration::from_secs(3600);
/// If the requests failed, ask again after this time.
const FAILURE_PAUSE: Duration = Duration::from_secs(10);

/// See the module.
pub struct LidLookup {
    /// Stores which ids belong to one person.
    pub store: Store,
    /// The client for WAHA.
    pub client: Arc<Client>,
}

/// Until when WAHA is not asked in a session.
type PausedUntil = Mutex<HashMap<SessionName, Instant>>;

impl LidLookup {
    /// Runs until `shutdown`, and works in each of these sessions.
    pub async fn run(
        self,
        sessions: mpsc::UnboundedReceiver<SessionName>,
        shutdown: CancellationToken,
    ) {
        let agent = Arc::new((self, PausedUntil::default()));
        let what = "could not look up the phone numbers of hidden ids (@lid)";
        serve(sessions, what, shutdown, |session| {
            let agent = agent.clone();
            async move {
                let (lookup, paused_until) = &*agent;
                lookup.look_up_in(&session, paused_until).await
            }
        })
        .await;
    }

    /// Asks for the ids that are due, unless the session is paused here.
    async fn look_up_in(
        &self,
        session: &SessionName,
        paused_until: &PausedUntil,
    ) -> Result<(), StoreError> {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let is_paused = paused_until.lock().is_ok_and(|mut paused| {
            paused.retain(|_, until| Instant::now() < *until);
            paused.contains_key(session)
        });
        if is_paused {
            return Ok(());
        }
        let mut failures = 0;
        let now = Millis::now();
        for lid in self.store.lids_to_ask(session, ASK_MAX, now).await? {
            match self.ask(session, lid.clone()).await {
                Ok(chat) => {
                    failures = 0;
                    let link = self
                        .store
                        .link_ids(session, &lid, chat.as_ref(), Millis::now());
                    if link.await? {
                        let chat = chat.map(tracing::field::display);
                        info!(%session, %lid, chat, "linked a hidden id to its phone number: both are one customer");
                    }
                }
                Err(error) => {
                    // Perhaps only this id fails: ask for it again later, and continue with the others.
                    let again_at = Millis::now() + ASK_AGAIN_AFTER;
                    self.store
                        .postpone_lid_lookup(session, &lid, again_at)
                        .await?;
                    failures += 1;
                    debug!(%session, %lid, %error, "could not look up the phone number of a hidden id; will ask again");
                    if failures == FAILURES_MAX {
                        let until = until(session, &error);
                        if let Ok(mut paused) = paused_until.lock() {
                            paused.insert(session.clone(), until);
                        }
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    async fn ask(&self, session: &SessionName, lid: ChatId) -> Result<Option<ChatId>, AskError> {
        let (client, session) = (self.client.clone(), session.clone());
        tokio::task::spawn_blocking(move || client.phone_chat(&session, &lid))
            .await
            .unwrap_or_else(|_| {
                Err(AskError::Failed {
                    reason: "the thread of the request to WAHA ended early".to_owned(),
                })
            })
    }
}

/// When to ask again in a session after several failures.
fn until(session: &SessionName, error: &AskError) -> Instant {
    let pause = match error {
        AskError::Unsupported { reason } => {
            info!(
                %session,
                reason,
                "this WAHA can't look up the phone numbers of hidden ids (@lid): a customer who writes under both \
                ids counts as two, unless WAHA's events name both"
            );
            UNSUPPORTED_PAUSE
        }
        AskError::Unavailable { .. } | AskError::Failed { .. } => FAILURE_PAUSE,
    };
    Instant::now() + pause
}
