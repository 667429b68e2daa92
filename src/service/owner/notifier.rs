//! The notifier tells the owner, in the chat of `NOTIFY_CHAT` or of a step's `notify`, what needs their attention. Each notice is
//! sent once, even if several processes notice its cause. (For chats that the owner takes over from their phone, see `inlet/intake`.)

use std::sync::Arc;

use tracing::{info, warn};

use crate::clock::Millis;
use crate::flow::Locale;
use crate::flows::Flows;
use crate::ids::{ChatId, ConversationId, NotifyChat, SessionName};
use crate::service::kit::session_rounds::in_each;
use crate::store::{Reply, Store, StoreError};
use crate::waha::message::{Direction, Message};

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct OwnerNotifier {
    store: Store,
    /// The chat of `NOTIFY_CHAT`.
    to: Option<Arc<NotifyChat>>,
    /// Their steps may notify other chats.
    flows: Arc<Flows>,
}

impl OwnerNotifier {
    /// Notifies in the chat `to` (`None`: only in the log), in the language of the flows.
    pub fn new(store: Store, to: Option<NotifyChat>, flows: Arc<Flows>) -> Self {
        Self {
            store,
            to: to.map(Arc::new),
            flows,
        }
    }

    /// The language of the notices.
    pub fn locale(&self) -> Locale {
        self.flows.loaded().locale()
    }

    /// Sends the owner a notice about `session`, only once for each `cause`. Without `NOTIFY_CHAT` it is only logged. Returns
    /// whether this was the first time.
    ///
    /// It is sent through the session that `NOTIFY_CHAT` names, else through `session`. If that one is not working, it is
    /// sent through another; if none is, it waits until that one works again.
    ///
    /// # Errors
    /// The store's. It is safe to call this again.
    pub async fn notify(
        &self,
        session: &SessionName,
        cause: &str,
        text: &str,
    ) -> Result<bool, StoreError> {
        self.notify_in(session, None, cause, text).await
    }

    /// Like [`notify`](Self::notify), in the chat `to` if there is one.
    ///
    /// # Errors
    /// The store's. It is safe to call this again.
    pub async fn notify_in(
        &self,
        session: &SessionName,
        to: Option<&NotifyChat>,
        cause: &str,
        text: &str,
    ) -> Result<bool, StoreError> {
        let to = to.or(self.to.as_deref());
        let named = to.and_then(|to| to.session.as_ref());
        let first = named.unwrap_or(session);
        self.notify_through(session, first, to, cause, text).await
    }

    /// Like [`notify`](Self::notify), for a session that has stopped: the notice is sent through another session. If none
    /// works, nothing is sent, and a later call tries again.
    ///
    /// # Errors
    /// The store's. It is safe to call this again.
    pub async fn notify_elsewhere(
        &self,
        session: &SessionName,
        cause: &str,
        text: &str,
    ) -> Result<bool, StoreError> {
        let mut sessions = self.store.sessions().await?;
        sessions.sort();
        sessions.extend(self.configured_session().cloned());
        // The session that NOTIFY_CHAT names is tried first.
        for other in sessions.iter().rev().filter(|other| *other != session) {
            // One that can't be read counts as paused.
            if matches!(self.store.is_paused(other).await, Ok(false)) {
                let to = self.to.as_deref();
                return self.notify_through(session, other, to, cause, text).await;
            }
        }
        Ok(false)
    }

    async fn notify_through(
        &self,
        session: &SessionName,
        first: &SessionName,
        to: Option<&NotifyChat>,
        cause: &str,
        text: &str,
    ) -> Result<bool, StoreError> {
        let now = Millis::now();
        let cause = format!("{session}:{cause}");
        let Some(to) = to else {
            if self.store.notify_owner(session, &cause, None, now).await? {
                info!(%session, "a notice for the owner, only in the log because NOTIFY_CHAT is not set: {text}");
                return Ok(true);
            }
            return Ok(false);
        };
        let Some(through) = self.choose_session(first, &cause).await? else {
            return Ok(false);
        };
        let reply = Reply {
            id: format!("owner:{cause}:{now}"),
            conversation: ConversationId::none(),
            text: text.to_owned(),
            media: None,
            queued_at: now,
            attempts: 0,
            by: None,
            notice: false,
        };
        let to = Some((&to.chat, &reply));
        let first = self.store.notify_owner(&through, &cause, to, now).await?;
        if first {
            if self.store.is_paused(&through).await? {
                warn!(
                    %session,
                    %through,
                    cause,
                    "no session can send now; the notice for the owner is sent when session `through` works again"
                );
            } else {
                info!(%session, %through, cause, "queued a notice for the owner");
            }
        }
        Ok(first)
    }

    /// The session to send a notice through; `None` if the notice was sent before.
    async fn choose_session(
        &self,
        first: &SessionName,
        cause: &str,
    ) -> Result<Option<SessionName>, StoreError> {
        let mut sessions = self.store.sessions().await?;
        // All processes use the same order, so that they choose the same session.
        sessions.sort();
        sessions.retain(|other| other != first);
        sessions.insert(0, first.clone());
        let asking = in_each(sessions.clone(), |session| {
            let (store, cause) = (self.store.clone(), cause.to_owned());
            async move { store.owner_was_notified(&session, &cause).await }
        });
        // One that can't be read sent no notice lately.
        if asking
            .await
            .iter()
            .any(|(_, notified)| matches!(notified, Ok(true)))
        {
            return Ok(None);
        }
        for session in &sessions {
            if matches!(self.store.is_paused(session).await, Ok(false)) {
                return Ok(Some(session.clone()));
            }
        }
        Ok(Some(first.clone()))
    }

    fn configured_session(&self) -> Option<&SessionName> {
        self.to.as_ref()?.session.as_ref()
    }

    /// Whether the message is from a chat of the owner's: of `NOTIFY_CHAT`, or of a step's `notify`. A person who writes there
    /// is not a customer.
    ///
    /// # Errors
    /// The store's.
    pub async fn is_owner_chat(
        &self,
        session: &SessionName,
        message: &Message,
    ) -> Result<bool, StoreError> {
        let loaded = self.flows.loaded();
        let all = self.to.as_deref().into_iter().chain(loaded.notify_chats());
        let owners: Vec<&ChatId> = all
            .filter(|to| to.session.as_ref().is_none_or(|named| named == session))
            .map(|to| &to.chat)
            .collect();
        let is_owner = |id: &ChatId| owners.iter().any(|owner| id.is_same_person(owner));
        if is_owner(&message.chat) || message.other_id.as_ref().is_some_and(is_owner) {
            return Ok(true);
        }
        // We know both ids of this sender, and neither is the owner's. (In outbound messages, `other_id` may be our own.)
        if message.direction == Direction::Inbound && message.other_id.is_some() {
            return Ok(false);
        }
        // If one of the two is a hidden id, we may have learned whose it is.
        if message.chat.is_lid() {
            if owners.iter().all(|owner| owner.is_lid()) {
                return Ok(false);
            }
            let number = self.store.alias(session, &message.chat).await?;
            return Ok(number.as_ref().is_some_and(is_owner));
        }
        for owner in owners.into_iter().filter(|owner| owner.is_lid()) {
            let number = self.store.alias(session, owner).await?;
            if number.is_some_and(|number| number.is_same_person(&message.chat)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The owner wrote this message. If WhatsApp knows their number only in its other spelling, notices go to that one from
    /// now on.
    ///
    /// # Errors
    /// The store's. It is safe to call this again.
    pub async fn learn_owner_id(
        &self,
        session: &SessionName,
        message: &Message,
    ) -> Result<(), StoreError> {
        let loaded = self.flows.loaded();
        for to in self.to.as_deref().into_iter().chain(loaded.notify_chats()) {
            let written_from = [Some(&message.chat), message.other_id.as_ref()];
            let other = |id: &&ChatId| **id != to.chat && id.is_same_person(&to.chat);
            if let Some(id) = written_from.into_iter().flatten().find(other) {
                self.store.set_address(session, &to.chat, id).await?;
            }
        }
        Ok(())
    }

    /// Whether replies may be sent to this chat: it is a person's chat or the owner's.
    pub(crate) fn may_write_to(&self, chat: &ChatId) -> bool {
        let is_named = |to: &NotifyChat| to.chat == *chat;
        chat.is_person()
            || self.to.as_deref().is_some_and(is_named)
            || self.flows.loaded().notify_chats().iter().any(is_named)
    }
}
