//! Everything of a person in one session: what we remember of them, and erasing it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// How many pairs of ids one command reads, about.
const PAIRS_AT_ONCE: u32 = 1_000;

/// The result of [`Store::erase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// There is nothing of this person.
    Unknown,
    /// A reply to them is being sent. Their conversation is closed, but the rest can only be erased afterwards: ask again.
    Sending,
    /// It is erased here, and the history will erase its part.
    Erased,
    /// The same, but a moment ago we were talking with them, so that something may still arrive: ask again.
    Again,
}

/// What we remember of a customer between their conversations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Remembered {
    /// The WhatsApp account.
    pub session: SessionName,
    /// The chat.
    pub chat: ChatId,
    /// The variables that the flow remembers.
    pub variables: Option<Value>,
    /// When their last conversation ended.
    pub last_at: Option<Millis>,
    /// How it ended.
    pub last_outcome: Option<String>,
}

impl Store {
    /// Erases a person in a session, under all ids of theirs. `in_history`: the history has something of them there.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe.
    pub async fn erase(
        &self,
        session: &SessionName,
        chats: &[ChatId],
        in_history: bool,
        now: Millis,
    ) -> Result<Erasure, StoreError> {
        let mut arguments = Arguments::new().text(if in_history { "1" } else { "" });
        for chat in chats {
            arguments.push_text(chat);
        }
        let erased = self
            .inner
            .scripts
            .erase
            .run(session, now, arguments)
            .await?;
        let erased = match erased.as_str().as_deref() {
            Some("unknown") => return Ok(Erasure::Unknown),
            Some("sending") => Erasure::Sending,
            Some("erased") => Erasure::Erased,
            Some("again") => Erasure::Again,
            _ => return Err(StoreError::UnexpectedAnswer("what was erased")),
        };
        // The archiver reads the streams of busy sessions.
        let done = std::future::ready(Ok(erased));
        self.change_session(session, now, done).await
    }

    /// All ids of the person who has these: for a phone number, the hidden ids, and the other way round.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn ids_of_person(
        &self,
        session: &SessionName,
        chats: &[ChatId],
    ) -> Result<Vec<ChatId>, StoreError> {
        let key = self.inner.keys.phone_id_of(session);
        let client = &self.inner.client;
        let mut all = chats.to_vec();
        for chat in chats {
            let phone_id: Option<ChatId> = client.hget(&key, chat.as_str()).await?;
            all.extend(phone_id);
        }
        // It has all customers of the session, so it is read in pieces: other commands get in between.
        let (mut hidden, mut cursor) = (Vec::new(), "0".to_owned());
        loop {
            let (next, pairs) = client.hscan(&key, cursor, PAIRS_AT_ONCE).await?;
            let theirs = pairs
                .into_iter()
                .filter(|(_, of)| all.iter().any(|chat| chat.as_str() == *of))
                .map(|(lid, _)| ChatId::stored(lid));
            hidden.extend(theirs);
            if next == "0" {
                break;
            }
            cursor = next;
        }
        all.extend(hidden);
        all.sort();
        all.dedup();
        Ok(all)
    }

    /// What we remember of a customer; `None` if nothing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn remembered(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<Option<Remembered>, StoreError> {
        let key = self.inner.keys.contact(session, chat);
        let mut stored: HashMap<String, String> = self.inner.client.hgetall(key).await?;
        if stored.is_empty() {
            return Ok(None);
        }
        Ok(Some(Remembered {
            session: session.clone(),
            chat: chat.clone(),
            variables: stored
                .remove("known")
                .map(|known| serde_json::from_str(&known).unwrap_or(Value::String(known))),
            last_at: stored
                .get("last_at")
                .and_then(|at| at.parse().ok())
                .map(Millis::new),
            last_outcome: stored.remove("last_outcome"),
        }))
    }
}
