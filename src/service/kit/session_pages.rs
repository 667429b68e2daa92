//! Which busy sessions an agent looks at in one poll: all, unless there are many. Then each poll takes the next page, so that
//! a poll costs about the same with ten thousand sessions as with a hundred. Bells don't wait for a page.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::ids::SessionName;
use crate::store::{Store, StoreError};

/// How many sessions a poll looks at. Few installations have more busy sessions at a time.
pub(crate) const PAGE: u32 = 100;

/// See the module.
#[derive(Debug, Default)]
pub struct SessionPages {
    next: AtomicU32,
}

impl SessionPages {
    /// The sessions to look at now.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn next(&self, store: &Store) -> Result<Vec<SessionName>, StoreError> {
        let from = self.next.load(Ordering::Relaxed);
        let mut page = store.busy_sessions_from(from, PAGE).await?;
        if page.is_empty() && from > 0 {
            self.next.store(0, Ordering::Relaxed);
            page = store.busy_sessions_from(0, PAGE).await?;
        }
        if is_full(&page) {
            self.next.fetch_add(PAGE, Ordering::Relaxed);
            // What a poll limits further must not always go to the same sessions.
            fastrand::shuffle(&mut page);
        } else {
            self.next.store(0, Ordering::Relaxed);
        }
        Ok(page)
    }
}

/// Whether there may be more sessions than these.
pub(crate) fn is_full(page: &[SessionName]) -> bool {
    page.len() >= PAGE as usize
}
