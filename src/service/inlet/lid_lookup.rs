//! The lid lookup is responsible for customers who write under a hidden id (`@lid`): it asks WAHA for their number, so that
//! both ids become one chat.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::clock;
use crate::ids::{ChatId, SessionName};
use crate::service::kit::periodic::Periodic;
use crate::store::{Error, Store};
use crate::waha::client::{AskError, Client};

/// How long a new customer may write under two ids at most, where WAHA's events don't tell both.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Asked about in one round, one after the other.
const ASK_MAX: i64 = 20;
/// One of whom it could not tell is asked about again after this.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// So many in a row, and it is not about one of them.
const IN_VAIN_MAX: u32 = 3;
/// An engine that can't tell is left alone for so long: WAHA may have been updated.
const UNABLE_FOR: Duration = Duration::from_secs(3600);
/// One that could not tell now.
const FAILED_FOR: Duration = Duration::from_secs(10);

/// See the module.
pub struct LidLookup {
    /// Where it is kept who is who.
    pub store: Store,
    /// The way to WAHA.
    pub client: Arc<Client>,
}

impl LidLookup {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not learn whose hidden ids are whose";
        let mut left_alone = HashMap::new();
        let mut periodic = Periodic::every(POLL_INTERVAL, shutdown);
        while periodic.next().await {
            periodic.run(what, self.run_once(&mut left_alone)).await;
        }
    }

    /// Asks about those of whom it is time, in sessions that are not `left_alone` until later. Returns of how many the
    /// number was learnt.
    ///
    /// # Errors
    /// As the store's.
    pub async fn run_once(
        &self,
        left_alone: &mut HashMap<SessionName, Instant>,
    ) -> Result<usize, Error> {
        let mut learnt = 0;
        left_alone.retain(|_, until| Instant::now() < *until);
        for session in self.store.sessions().await? {
            if left_alone.contains_key(&session) {
                continue;
            }
            let mut in_vain = 0;
            for lid in self.store.unmapped(&session, ASK_MAX, clock::now()).await? {
                match self.ask(&session, lid.clone()).await {
                    Ok(chat) => {
                        in_vain = 0;
                        let learned = self
                            .store
                            .learn(&session, &lid, chat.as_ref(), clock::now());
                        if learned.await? {
                            learnt += 1;
                            let chat = chat.map(tracing::field::display);
                            info!(%session, %lid, chat, "these two are one person");
                        }
                    }
                    Err(error) => {
                        // Perhaps it is only this one: the others have their turn, and it comes last.
                        let again_at = clock::now() + clock::millis(ASK_AGAIN_AFTER);
                        self.store.ask_later(&session, &lid, again_at).await?;
                        in_vain += 1;
                        debug!(%session, %lid, %error, "could not ask whose hidden id this is; will again");
                        if in_vain == IN_VAIN_MAX {
                            left_alone.insert(session.clone(), until(&session, &error));
                            break;
                        }
                    }
                }
            }
        }
        Ok(learnt)
    }

    async fn ask(&self, session: &SessionName, lid: ChatId) -> Result<Option<ChatId>, AskError> {
        let (client, session) = (self.client.clone(), session.clone());
        tokio::task::spawn_blocking(move || client.phone_chat(&session, &lid))
            .await
            .unwrap_or_else(|_| {
                Err(AskError::Failed {
                    reason: "the request's thread ended early".to_owned(),
                })
            })
    }
}

/// How long a session is left alone that could not tell of several.
fn until(session: &SessionName, error: &AskError) -> Instant {
    let pause = match error {
        AskError::Unable { reason } => {
            info!(
                %session,
                reason,
                "this WAHA can't tell whose hidden ids (@lid) are whose; a customer who changes between theirs counts as \
                 two where events don't tell"
            );
            UNABLE_FOR
        }
        AskError::Away { .. } | AskError::Failed { .. } => FAILED_FOR,
    };
    Instant::now() + pause
}
