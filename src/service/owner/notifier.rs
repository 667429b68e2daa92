//! The notifier tells the owner, in the chat of `NOTIFY_CHAT`, what needs them: each thing once, however many processes
//! notice it. (The owner taking over a chat from their phone is the store's `phone` state, see `inlet/intake`.)

use std::sync::Arc;

use tracing::{info, warn};

use crate::clock;
use crate::flow::Locale;
use crate::ids::{ChatId, ConversationId, SessionName};
use crate::service::owner::notify_chat::NotifyChat;
use crate::store::{Reply, Store, StoreError};
use crate::waha::message::{Direction, Message};

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct OwnerNotifier {
    store: Store,
    to: Option<Arc<NotifyChat>>,
    locale: Locale,
}

impl OwnerNotifier {
    /// Notifies in the chat `to`, or only in the log, in the language `locale`.
    pub fn new(store: Store, to: Option<NotifyChat>, locale: Locale) -> Self {
        Self {
            store,
            to: to.map(Arc::new),
            locale,
        }
    }

    /// The language of the notices.
    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// Tells the owner of something in `session`, once for each `once` of it. It goes through the session of `NOTIFY_CHAT`,
    /// or else through the one concerned; where that one has stopped, through another; where all have, when that one works
    /// again. Without `NOTIFY_CHAT` it is only in the log. Returns whether it is told now for the first time.
    ///
    /// # Errors
    /// As the store's; to tell it again is safe.
    pub async fn notify(
        &self,
        session: &SessionName,
        once: &str,
        text: &str,
    ) -> Result<bool, StoreError> {
        let first = self.configured_session().unwrap_or(session);
        self.notify_through(session, first, once, text).await
    }

    /// As [`notify`](Self::notify), of a session that has stopped: through another, or only in the log where none works.
    ///
    /// # Errors
    /// As there.
    pub async fn notify_elsewhere(
        &self,
        session: &SessionName,
        once: &str,
        text: &str,
    ) -> Result<bool, StoreError> {
        let mut sessions = self.store.sessions().await?;
        sessions.sort();
        sessions.extend(self.configured_session().cloned());
        // The named one first.
        for other in sessions.iter().rev().filter(|other| *other != session) {
            if !self.store.is_paused(other).await? {
                return self.notify_through(session, other, once, text).await;
            }
        }
        Ok(false)
    }

    async fn notify_through(
        &self,
        session: &SessionName,
        first: &SessionName,
        once: &str,
        text: &str,
    ) -> Result<bool, StoreError> {
        let now = clock::now();
        let once = format!("{session}:{once}");
        let Some(to) = self.to.as_deref() else {
            if self.store.notify_owner(session, &once, None, now).await? {
                info!(%session, "for the owner (NOTIFY_CHAT is not set): {text}");
                return Ok(true);
            }
            return Ok(false);
        };
        let Some(through) = self.choose_session(first, &once).await? else {
            return Ok(false);
        };
        let reply = Reply {
            id: format!("owner:{once}:{now}"),
            conversation: ConversationId::none(),
            text: text.to_owned(),
            media: None,
            queued_at: now,
            attempts: 0,
            notice: false,
        };
        let to = Some((&to.chat, &reply));
        let first = self.store.notify_owner(&through, &once, to, now).await?;
        if first {
            if self.store.is_paused(&through).await? {
                warn!(
                    %session,
                    %through,
                    once,
                    "the owner is told when that session works again; no other can send"
                );
            } else {
                info!(%session, %through, once, "the owner is told");
            }
        }
        Ok(first)
    }

    /// The session to send a notice through; none if it was sent already.
    async fn choose_session(
        &self,
        first: &SessionName,
        once: &str,
    ) -> Result<Option<SessionName>, StoreError> {
        let mut sessions = self.store.sessions().await?;
        // In one order for all processes, so that they choose the same.
        sessions.sort();
        sessions.retain(|other| other != first);
        sessions.insert(0, first.clone());
        for session in &sessions {
            if self.store.owner_was_notified(session, once).await? {
                return Ok(None);
            }
        }
        for session in &sessions {
            if !self.store.is_paused(session).await? {
                return Ok(Some(session.clone()));
            }
        }
        Ok(Some(first.clone()))
    }

    fn configured_session(&self) -> Option<&SessionName> {
        self.to.as_ref()?.session.as_ref()
    }

    /// Whether a message is from the chat in which the owner is notified: whoever writes there is no customer.
    ///
    /// # Errors
    /// As the store's.
    pub async fn is_owner_chat(
        &self,
        session: &SessionName,
        message: &Message,
    ) -> Result<bool, StoreError> {
        let Some(to) = self.to.as_deref() else {
            return Ok(false);
        };
        if self
            .configured_session()
            .is_some_and(|named| named != session)
        {
            return Ok(false);
        }
        if message.chat == to.chat || message.other_id.as_ref() == Some(&to.chat) {
            return Ok(true);
        }
        // A customer both of whose ids are told is somebody else. (With messages of ours engines name our own other id.)
        if message.direction == Direction::Inbound && message.other_id.is_some() {
            return Ok(false);
        }
        // One of the two is a hidden id; which person it is may have been learnt before.
        let (lid, known) = match (message.chat.is_lid(), to.chat.is_lid()) {
            (true, false) => (&message.chat, &to.chat),
            (false, true) => (&to.chat, &message.chat),
            _ => return Ok(false),
        };
        let alias = self.store.alias(session, lid).await?;
        Ok(alias.as_ref() == Some(known))
    }

    /// Whether replies may go to this chat: a person's, or the one in which the owner is told.
    pub(crate) fn may_write_to(&self, chat: &ChatId) -> bool {
        chat.is_person() || self.to.as_ref().is_some_and(|to| to.chat == *chat)
    }
}
