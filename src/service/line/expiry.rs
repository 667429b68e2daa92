//! The expiry is responsible for two timeouts: a takeover ends when the owner has been quiet in the chat for a while, and a
//! wait for a person ends when nobody came in time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::clock::Millis;
use crate::service::kit::periodic::Periodic;
use crate::service::kit::session_pages::SessionPages;
use crate::store::{Store, StoreError};

/// A second more or less makes no difference to anyone.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How many chats one call ends. This limits how long the call blocks Redis.
const END_MAX: usize = 100;

/// See the module.
pub struct Expiry {
    /// Holds the deadlines.
    pub store: Store,
    /// Which sessions each poll looks at.
    pub pages: SessionPages,
}

impl Expiry {
    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let what = "could not look for takeovers and waits that are over";
        let mut periodic = Periodic::every(POLL_INTERVAL, shutdown);
        while periodic.next().await {
            periodic.run(what, self.run_once()).await;
        }
    }

    /// Ends what has timed out, in all sessions. Returns how many takeovers ended, and how many conversations continue
    /// without a person.
    ///
    /// # Errors
    /// The store's.
    pub async fn run_once(&self) -> Result<(u64, u64), StoreError> {
        let (mut left, mut alone) = (0, 0);
        for session in self.pages.next(&self.store).await? {
            loop {
                let ended = self.store.expire(&session, END_MAX, Millis::now()).await?;
                if ended.0 > 0 {
                    info!(
                        %session,
                        chats = ended.0,
                        "the owner has been quiet in these chats; the bot answers there again"
                    );
                }
                if ended.1 > 0 {
                    info!(
                        %session,
                        conversations = ended.1,
                        "no person came for these conversations in time; the flow handles them again"
                    );
                }
                left += ended.0;
                alone += ended.1;
                if ended.0.max(ended.1) < END_MAX as u64 {
                    break;
                }
            }
        }
        Ok((left, alone))
    }
}
