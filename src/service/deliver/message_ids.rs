//! Message ids that WAHA gives before a message is sent. With such an id, an attempt in doubt can be looked up.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::ids::{ChatId, MessageId, SessionName};
use crate::service::deliver::waha_call::WahaCaller;
use crate::waha::client::AskError;

/// An engine that can't give message ids is asked again after this time, because WAHA may have been updated.
const UNSUPPORTED_PAUSE: Duration = Duration::from_secs(3600);
/// An engine that failed to give one is asked again after this time.
const FAILURE_PAUSE: Duration = Duration::from_secs(60);

/// Asks WAHA for message ids (NOWEB and GOWS give them, since WAHA 2026.4.3), and knows which sessions not to ask for now.
#[derive(Debug, Default)]
pub(crate) struct MessageIds {
    /// These sessions are not asked before this time.
    not_before: Mutex<HashMap<SessionName, Instant>>,
}

impl MessageIds {
    /// An id for the next message; `None` if WAHA can't give one now.
    pub(crate) async fn next(
        &self,
        waha: &WahaCaller,
        session: &SessionName,
        chat: &ChatId,
    ) -> Option<MessageId> {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let paused = self.not_before.lock().is_ok_and(|not_before| {
            not_before
                .get(session)
                .is_some_and(|at| Instant::now() < *at)
        });
        if paused {
            return None;
        }
        let asked = waha
            .call(session, chat, |client, session, _| {
                client.new_message_id(session)
            })
            .await;
        let pause = match asked {
            Ok(Ok(id)) => return Some(id),
            Ok(Err(AskError::Unsupported { .. })) => UNSUPPORTED_PAUSE,
            Ok(Err(AskError::Failed { .. })) | Err(_) => FAILURE_PAUSE,
            // WAHA is down: the attempt to send will fail too, and log it.
            Ok(Err(AskError::Unavailable { .. })) => return None,
        };
        if let Ok(mut not_before) = self.not_before.lock() {
            not_before.insert(session.clone(), Instant::now() + pause);
        }
        None
    }
}
