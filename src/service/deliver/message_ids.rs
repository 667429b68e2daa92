//! Message ids that WAHA hands out before a message is sent: with one, an attempt in doubt can be looked up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::ids::{ChatId, MessageId, SessionName};
use crate::service::deliver::waha_call::call;
use crate::waha::client::{AskError, Client};

/// An engine that can't hand out message ids is asked again after this: WAHA may have been updated.
const UNABLE_FOR: Duration = Duration::from_secs(3600);
/// One that fails to is left alone for so long.
const FAILED_FOR: Duration = Duration::from_secs(60);

/// Which sessions' engines hand out message ids beforehand (NOWEB and GOWS do, since WAHA 2026.4.3).
#[derive(Debug, Default)]
pub(crate) struct MessageIds {
    /// Not to be asked before.
    not_before: Mutex<HashMap<SessionName, Instant>>,
}

impl MessageIds {
    /// An id for the next message, where WAHA hands them out.
    pub(crate) async fn next(
        &self,
        client: &Arc<Client>,
        session: &SessionName,
        chat: &ChatId,
    ) -> Option<MessageId> {
        // Poisoned only if a thread panicked while it held the lock, which no line here can.
        let left_alone = self.not_before.lock().is_ok_and(|not_before| {
            not_before
                .get(session)
                .is_some_and(|at| Instant::now() < *at)
        });
        if left_alone {
            return None;
        }
        let asked = call(client, session, chat, |client, session, _| {
            client.new_message_id(session)
        })
        .await;
        let pause = match asked {
            Ok(Ok(id)) => return Some(id),
            Ok(Err(AskError::Unable { .. })) => UNABLE_FOR,
            Ok(Err(AskError::Failed { .. })) | Err(_) => FAILED_FOR,
            // Sending will say so, too.
            Ok(Err(AskError::Away { .. })) => return None,
        };
        if let Ok(mut not_before) = self.not_before.lock() {
            not_before.insert(session.clone(), Instant::now() + pause);
        }
        None
    }
}
