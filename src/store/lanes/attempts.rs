//! Attempts to send: stored before they are made, so that a crash in between leaves a doubt that can be settled.

use crate::clock::Millis;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::store::error::StoreError;
use crate::store::lanes::attempt::Attempt;
use crate::store::lanes::attempt_record::AttemptRecord;
use crate::store::lanes::lane::Lane;
use crate::store::store::Store;

impl Store {
    /// Stores that the first reply of a lane is about to be sent now, to which address and with which message id. Returns
    /// whether this process may still send it.
    ///
    /// # Errors
    /// See [`StoreError`]. It may have been stored all the same, so the reply may only be sent with this id.
    pub async fn record_attempt(
        &self,
        session: &SessionName,
        lane: &Lane,
        id: Option<&MessageId>,
        address: &ChatId,
        now: Millis,
    ) -> Result<bool, StoreError> {
        if let Some(id) = id {
            self.inner.sent.note(session, &lane.chat, id);
        }
        let record = AttemptRecord {
            now,
            address: address.clone(),
            chat: lane.chat.clone(),
            token: lane.token.clone(),
            element: lane.element.clone(),
            id: id.cloned(),
        };
        self.inner.attempt.call(session, record).await
    }

    /// The stored attempt on the first reply of a chat's lane.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn attempt(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<Option<Attempt>, StoreError> {
        let noted: Option<String> = self
            .inner
            .client
            .hget(self.inner.keys.attempt(session), chat.as_str())
            .await?;
        Ok(noted.as_deref().and_then(Attempt::read))
    }

    /// The first of these messages of ours in `chat` that is not known to come from a reply of ours there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn first_unknown_message(
        &self,
        session: &SessionName,
        chat: &ChatId,
        messages: &[MessageId],
    ) -> Result<Option<MessageId>, StoreError> {
        for message in messages {
            let key = self.inner.keys.sent_id(session, message);
            let sent_in: Option<String> = self.inner.client.get(key).await?;
            // The version before wrote `1`.
            let is_known = sent_in.map(ChatId::stored).is_some_and(|sent_in| {
                sent_in.as_str() == "1" || sent_in.may_be_the_person_of(chat)
            });
            if !is_known {
                return Ok(Some(message.clone()));
            }
        }
        Ok(None)
    }
}
