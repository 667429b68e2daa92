//! Everything of a person in one session: what we remember of them, and erasing it.

use std::collections::HashMap;

use fred::types::Value;
use serde::Serialize;
use serde_json::json;

use crate::clock::Millis;
use crate::ids::{AgentName, ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::lanes::dead_letters::DeadLetter;
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::keys::SEEN_TTL;
use crate::store::store::Store;

/// How many pairs of ids one command reads, about.
const PAIRS_AT_ONCE: u32 = 1_000;
/// How many dead replies one command reads.
const LETTERS_AT_ONCE: u64 = 200;
/// How many keys one command looks at, about, and one script then reads.
const KEYS_AT_ONCE: &str = "1000";

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
    pub variables: Option<serde_json::Value>,
    /// When their last conversation ended.
    pub last_at: Option<Millis>,
    /// How it ended.
    pub last_outcome: Option<String>,
}

impl Store {
    /// Erases a person in a session, under all ids of theirs: who decided it, and when. `in_history`: the history has something of them there.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe.
    pub async fn erase(
        &self,
        session: &SessionName,
        chats: &[ChatId],
        in_history: bool,
        (by, asked_at): (&AgentName, Millis),
        now: Millis,
    ) -> Result<Erasure, StoreError> {
        let mut arguments = Arguments::new()
            .text(if in_history { "1" } else { "" })
            .text(by.as_str())
            .text(asked_at.to_string());
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

    /// Forgets these chats where messages, actions and notices name them, in each session. Returns how many notices that name them are being
    /// sent: they stay.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe.
    pub async fn forget_marks(
        &self,
        sessions: &[SessionName],
        chats: &[ChatId],
        now: Millis,
    ) -> Result<i64, StoreError> {
        let keys = &self.inner.keys;
        let marks: Vec<(&SessionName, Vec<String>)> = sessions
            .iter()
            .map(|session| (session, keys.marks(session)))
            .collect();
        let ids = json!(chats).to_string();
        let mut held = 0;
        for node in self.inner.client.nodes() {
            let mut cursor = "0".to_owned();
            loop {
                let arguments = [
                    &cursor,
                    "MATCH",
                    &keys.all_of_sessions(),
                    "COUNT",
                    KEYS_AT_ONCE,
                ]
                .map(Value::from)
                .into();
                let answer = node.send("SCAN", arguments).await?;
                let (next, page): (String, Vec<String>) = answer.convert()?;
                for (session, beginnings) in &marks {
                    let theirs = page.iter().filter(|key| {
                        beginnings
                            .iter()
                            .any(|begin| key.starts_with(begin.as_str()))
                    });
                    let mut arguments = Arguments::new().length(SEEN_TTL).text(ids.as_str());
                    let mut any = false;
                    for key in theirs {
                        arguments.push_text(key);
                        any = true;
                    }
                    if any {
                        let script = &self.inner.scripts.forget_marks;
                        let forgotten = script.run(session, now, arguments).await?;
                        held += forgotten.as_i64().unwrap_or_default();
                    }
                }
                if next == "0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(held)
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

    /// What waits in a chat, as JSON: the customer's messages that were not read yet, and the replies that were not sent.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn waiting_messages(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<(Vec<serde_json::Value>, Vec<serde_json::Value>), StoreError> {
        let client = &self.inner.client;
        let unread: Vec<String> = client.lrange(self.inner.keys.inbox(session, chat)).await?;
        let unsent: Vec<String> = client.lrange(self.inner.keys.lane(session, chat)).await?;
        let read = |json: &str| {
            serde_json::from_str(json)
                .unwrap_or_else(|_| serde_json::Value::String(json.to_owned()))
        };
        let unread = unread.iter().map(|one| read(one)).collect();
        // The first letter is the kind of the reply.
        let unsent = unsent
            .iter()
            .map(|one| read(one.get(1..).unwrap_or_default()))
            .collect();
        Ok((unread, unsent))
    }

    /// All replies of a session that were given up, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn all_dead_letters(
        &self,
        session: &SessionName,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let mut all: Vec<DeadLetter> = Vec::new();
        loop {
            let after = all.last().map(|letter| letter.id.clone());
            let page = self
                .dead_letters(session, after.as_deref(), LETTERS_AT_ONCE)
                .await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
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
            variables: stored.remove("known").map(|known| {
                serde_json::from_str(&known).unwrap_or(serde_json::Value::String(known))
            }),
            last_at: stored
                .get("last_at")
                .and_then(|at| at.parse().ok())
                .map(Millis::new),
            last_outcome: stored.remove("last_outcome"),
        }))
    }
}
