//! The keeper is responsible for the right to write the history: one process at a time has it, for one file. It holds a lease in Redis, and
//! the archiver asks it before each write. Our own clock decides, because a process that was suspended must know before it writes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use crate::store::{Claimed, HistoryClaim, Store, StoreError};

/// How long the right lasts after we asked for it. If the process is killed, the same file may be kept elsewhere after this.
pub const HELD_FOR: Duration = Duration::from_secs(3);
/// Two renewals may fail.
const RENEW_INTERVAL: Duration = Duration::from_secs(1);
/// How often a start asks again while the last process on a copy of this file may still be alive.
const ASK_INTERVAL: Duration = Duration::from_millis(100);

/// See the module.
pub struct HistoryKeeper {
    store: Store,
    replacing: Replacing,
    terms: Mutex<KeeperTerms>,
}

/// Whether our file may replace another one whose process is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacing {
    /// It may not: the history would be split.
    Never,
    /// It may when we start, because the owner wants that.
    AtStart,
    /// It always may: Redis belongs to our data directory alone.
    Always,
}

struct KeeperTerms {
    claim: HistoryClaim,
    /// When we began to ask for the right that we have; `None`: we don't have it.
    asked: Option<Instant>,
}

/// Why this process may not write the history.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotKeeper {
    /// Another process keeps it, in another file.
    #[error(
        "another process keeps the history of this Redis, in another file: {0}. Two files would each have half of it. If this \
         process shall only listen, set HISTORY=off; if it shall keep the history, stop the other one first, and use its DATA_DIR"
    )]
    Elsewhere(String),
    /// Another process kept it, in another file, and does not run.
    #[error(
        "the history of this Redis is in another file, which was last kept by {0}. Use that DATA_DIR; or set HISTORY=off, and start the \
         other process again. If that file is lost, or you want to begin a new one, set HISTORY=here: this process then keeps \
         the history in its own DATA_DIR"
    )]
    Left(String),
    /// Another process keeps it, in a copy of this file.
    #[error(
        "another process keeps the history of this Redis, in a copy of the same file: {0}. Stop it, or set HISTORY=off if this \
         process shall only listen"
    )]
    Shared(String),
    /// Redis does not answer.
    #[error(transparent)]
    Store(StoreError),
}

impl HistoryKeeper {
    /// A keeper that has not asked yet.
    #[must_use]
    pub fn new(store: Store, mut claim: HistoryClaim, replacing: Replacing) -> Self {
        claim.may_replace = replacing != Replacing::Never;
        Self {
            store,
            replacing,
            terms: Mutex::new(KeeperTerms { claim, asked: None }),
        }
    }

    /// Asks at the start. If a process on the same file has just ended, its right ends in a moment.
    ///
    /// # Errors
    /// If another process, or another file, has the right.
    pub async fn claim_at_start(&self) -> Result<(), NotKeeper> {
        let began = Instant::now();
        loop {
            match self.claim().await {
                Err(NotKeeper::Shared(_)) if began.elapsed() < HELD_FOR + RENEW_INTERVAL => {}
                claimed => return claimed,
            }
            tokio::time::sleep(ASK_INTERVAL).await;
        }
    }

    /// Asks for the right to write this file, unless we surely have it.
    ///
    /// # Errors
    /// If we don't get it.
    pub(super) async fn claim_for(&self, file: &str) -> Result<(), NotKeeper> {
        if self.is_held() && self.terms().claim.file == file {
            return Ok(());
        }
        file.clone_into(&mut self.terms().claim.file);
        self.claim().await
    }

    /// Whether we surely have the right at this moment.
    pub(super) fn is_held(&self) -> bool {
        let asked = self.terms().asked;
        asked.is_some_and(|asked| asked.elapsed() < HELD_FOR)
    }

    /// Keeps the right for as long as this runs.
    pub(super) async fn renew(&self) {
        loop {
            tokio::time::sleep(RENEW_INTERVAL).await;
            // The archiver asks for a right that we don't have, and says why we don't get it.
            if self.terms().asked.is_some()
                && let Err(error) = self.claim().await
            {
                debug!(%error, "could not keep the right to write the history");
            }
        }
    }

    /// Gives the right up, so that the next process with this file has it at once.
    pub(super) async fn give_up(&self) {
        if self.terms().asked.take().is_none() {
            return;
        }
        let claim = self.terms().claim.clone();
        let given_up = tokio::time::timeout(
            RENEW_INTERVAL,
            self.store.keep_history(&claim, Duration::ZERO),
        );
        if !matches!(given_up.await, Ok(Ok(_))) {
            debug!("could not give up the right to write the history; it ends by itself");
        }
    }

    async fn claim(&self) -> Result<(), NotKeeper> {
        let claim = self.terms().claim.clone();
        let asked = Instant::now();
        let answer = self.store.keep_history(&claim, HELD_FOR).await;
        let mut terms = self.terms();
        let refused = match answer {
            Ok(Claimed::Kept) => None,
            Ok(Claimed::Taken) => {
                info!(file = claim.file, "this process keeps the history");
                None
            }
            // What we have stays valid until its time is over.
            Err(error) => return Err(NotKeeper::Store(error)),
            Ok(Claimed::Elsewhere(label)) => Some(NotKeeper::Elsewhere(label)),
            Ok(Claimed::Left(label)) => Some(NotKeeper::Left(label)),
            Ok(Claimed::Shared(label)) => Some(NotKeeper::Shared(label)),
        };
        let Some(refused) = refused else {
            terms.asked = Some(asked);
            terms.claim.may_replace = self.replacing == Replacing::Always;
            return Ok(());
        };
        if terms.asked.take().is_some() {
            warn!("this process does not keep the history any more: {refused}");
        }
        Err(refused)
    }

    fn terms(&self) -> MutexGuard<'_, KeeperTerms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
