//! The lid lookup is responsible for customers who write under a hidden id (`@lid`): it asks WAHA for their phone number, so
//! that both ids become one chat.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::service::kit::periodic::Periodic;
use crate::service::kit::session_pages::SessionPages;
use crate::store::{Store, StoreError};
use crate::waha::client::{AskError, Client};

/// How often we look for new ids. If WAHA's events don't give both ids of a person, they count as two customers until then.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
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
    /// Which sessions each poll looks at.
    pub pages: SessionPages,
}

impl LidLookup {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not look up the phone numbers of hidden ids (@lid)";
        let mut paused_until = HashMap::new();
        let mut periodic = Periodic::every(POLL_INTERVAL, shutdown);
        while periodic.next().await {
            periodic.run(what, self.run_once(&mut paused_until)).await;
        }
    }

    /// Asks for the ids that are due, except in the sessions of `paused_until`. Returns how many pairs of ids were joined.
    ///
    /// # Errors
    /// The store's.
    pub async fn run_once(
        &self,
        paused_until: &mut HashMap<SessionName, Instant>,
    ) -> Result<usize, StoreError> {
        let mut linked = 0;
        paused_until.retain(|_, until| Instant::now() < *until);
        for session in self.pages.next(&self.store).await? {
            if paused_until.contains_key(&session) {
                continue;
            }
            let mut failures = 0;
            for lid in self
                .store
                .lids_to_ask(&session, ASK_MAX, Millis::now())
                .await?
            {
                match self.ask(&session, lid.clone()).await {
                    Ok(chat) => {
                        failures = 0;
                        let link =
                            self.store
                                .link_ids(&session, &lid, chat.as_ref(), Millis::now());
                        if link.await? {
                            linked += 1;
                            let chat = chat.map(tracing::field::display);
                            info!(%session, %lid, chat, "linked a hidden id to its phone number: both are one customer");
                        }
                    }
                    Err(error) => {
                        // Perhaps only this id fails: ask for it again later, and continue with the others.
                        let again_at = Millis::now() + ASK_AGAIN_AFTER;
                        self.store
                            .postpone_lid_lookup(&session, &lid, again_at)
                            .await?;
                        failures += 1;
                        debug!(%session, %lid, %error, "could not look up the phone number of a hidden id; will ask \
                        again");
                        if failures == FAILURES_MAX {
                            paused_until.insert(session.clone(), until(&session, &error));
                            break;
                        }
                    }
                }
            }
        }
        Ok(linked)
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
