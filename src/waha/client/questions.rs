//! Asks WAHA about sessions, messages, chats and people. This changes nothing at WhatsApp.

use std::fmt::Display;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::http::{ANSWER_MAX, Client, path_segment};
use super::outcome::SendError;
use crate::clock::Millis;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::waha::label::label;
use crate::waha::lenient::{Raw, lenient};
use crate::waha::serialised_id::SerialisedId;
use crate::waha::wire::{millis, millis_of};

/// The most bytes of a page that we read: enough for a hundred messages with two thumbnails each in the engine's raw data, and
/// little enough for the memory.
const PAGE_MAX: u64 = 16 * 1024 * 1024;

/// Short, because the reply waits for its id: a reply without an id is better than a late one.
const ID_TIMEOUT: Duration = Duration::from_secs(5);

/// WAHA answers this at once, if it can.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks for the newest chats first. Versions that don't know this list them in any order.
const NEWEST_FIRST: &str = "sortBy=conversationTimestamp&sortOrder=desc";

/// Why a question to WAHA has no answer.
///
/// No variant holds the API key or what a customer wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// This engine, version or configuration can't answer. It is useless to ask again until it changes.
    #[error("this WAHA can't tell: {reason}")]
    Unsupported {
        /// What WAHA said, and what the operator should look at.
        reason: String,
    },
    /// WAHA can't be reached or refuses our key, or the session is not `WORKING`. Nothing can be sent either.
    #[error("WAHA is not available: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// There was no answer this time: a timeout, a temporary error, or an answer to another question.
    #[error("WAHA could not tell: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl AskError {
    fn failed(reason: impl Display) -> Self {
        Self::Failed {
            reason: reason.to_string(),
        }
    }
}

impl From<SendError> for AskError {
    fn from(error: SendError) -> Self {
        let (status, reason) = match &error {
            // The web page may come from a proxy while WAHA is being replaced.
            SendError::Refused {
                status: 200..=299 | 500,
                ..
            } => return Self::failed(error),
            // The key may have rights for some requests only.
            SendError::Refused { status: 403, .. } => return Self::failed(error),
            SendError::Refused { status: 401, .. }
            | SendError::Unreachable { .. }
            | SendError::SessionNotWorking { .. } => {
                return Self::Unavailable {
                    reason: error.to_string(),
                };
            }
            SendError::Refused { status, reason, .. } => (*status, reason),
            _ => return Self::failed(error),
        };
        let reason = match status {
            // The usual advice is about sending. Most refused questions need a newer WAHA, or a setting that the reason names
            // (NOWEB's store).
            400 | 422 => format!("WAHA answered {status}: {reason}"),
            404 => format!("WAHA answered 404: {reason}; is WAHA up to date, and at WAHA_URL?"),
            _ => error.to_string(),
        };
        Self::Unsupported { reason }
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items that we can use.
    pub items: Vec<T>,
    /// How many WAHA listed, including those that are not in `items`. WAHA filters a page after it has counted its items
    /// (WAHA's source, `getChatMessages`), so only an empty page is surely after the last one.
    pub listed: usize,
}

/// A chat that WAHA knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedChat {
    /// The customer's chat.
    pub chat: ChatId,
    /// When the last message was sent in it, if WAHA says so.
    pub last_message_at: Option<Millis>,
}

lenient! {
    /// An answer or a list item with an id.
    struct Identified {
        "id" => id: Raw<'a>,
    }

    /// An id as WEBJS writes it.
    struct LongId {
        "_serialized" => serialized: Raw<'a>,
    }

    /// A chat, in WAHA's own form (from an overview) or in the engine's.
    struct ChatEntry {
        "id" => id: Raw<'a>,
        "lastMessage" => last_message: Times<'a>,
        "_chat" => raw: Times<'a>,
    }

    /// The time of a chat or a message. Each engine has its own fields.
    struct Times {
        "timestamp" | "messageTimestamp" => timestamp: Raw<'a>,
        "conversationTimestamp" => conversation: Raw<'a>,
        "lastMessageTime" | "lastMessageTimestamp" | "lastMessageRecvTimestamp" => last: Raw<'a>,
        "t" => short: Raw<'a>,
    }

    /// A 64-bit number as JavaScript's protocol buffers write it.
    struct Long {
        "low" => low: Raw<'a>,
        "high" => high: Raw<'a>,
    }

    /// The two ids of a person.
    struct Person {
        "pn" => phone: Raw<'a>,
    }
}

impl Client {
    /// WAHA's word for the state of a session. Only `WORKING` is usable.
    ///
    /// # Errors
    ///
    /// [`SendError::SessionNotWorking`] if WAHA doesn't know the session; else as for any request.
    pub fn session_status(&self, session: &SessionName) -> Result<String, SendError> {
        self.get(
            &format!("/api/sessions/{}", path_segment(session.as_str())),
            ANSWER_MAX,
        )?
        .session_status()
    }

    /// Checks that WAHA answers at its address and accepts our key: asks for the sessions, which changes nothing. A key that is
    /// limited to one session may not list them, but it is a key of WAHA.
    ///
    /// # Errors
    ///
    /// Why we can't use this WAHA now.
    pub fn check(&self) -> Result<(), SendError> {
        let answer = match self.get_within("/api/sessions?all=true", PAGE_MAX, Some(CHECK_TIMEOUT))
        {
            Err(SendError::Refused { status: 403, .. }) => return Ok(()),
            answer => answer?,
        };
        let json = answer.whole()?;
        list(&json).map(drop).map_err(|error| SendError::Refused {
            status: 200,
            reason: error.to_string(),
            advice: "is WAHA_URL the address of WAHA?",
        })
    }

    /// A new id for one of our messages, before it is sent. NOWEB and GOWS can give one since 2026.4.3.
    ///
    /// # Errors
    ///
    /// As [`AskError`] says.
    pub fn new_message_id(&self, session: &SessionName) -> Result<MessageId, AskError> {
        let path = format!("/api/{}/new-message-id", path_segment(session.as_str()));
        let answer = self.get_within(&path, ANSWER_MAX, Some(ID_TIMEOUT))?;
        let json = answer.whole()?;
        let answer: Identified<'_> = object(&json)?;
        answer
            .id
            .text()
            .and_then(label)
            .and_then(|id| Some(SerialisedId::parse(&id)?.message))
            .ok_or_else(|| AskError::failed("no id in the answer"))
    }

    /// Whether our own `message` is in the chat, as far as the engine remembers.
    ///
    /// # Errors
    ///
    /// As [`AskError`] says.
    pub fn has_own_message(
        &self,
        session: &SessionName,
        chat: &ChatId,
        message: &MessageId,
    ) -> Result<bool, AskError> {
        let path = format!(
            "/api/{}/chats/{}/messages/{}?downloadMedia=false",
            path_segment(session.as_str()),
            path_segment(chat.as_str()),
            path_segment(&format!("true_{chat}_{message}")),
        );
        let Some(answer) = self.get_message(&path)? else {
            return Ok(false);
        };
        let json = answer.whole()?;
        // If we were wrong to say yes, a reply would be lost. So the answer must be exactly this message.
        let found: Identified<'_> = object(&json)?;
        let id = found.id.text().and_then(|id| SerialisedId::parse(&id));
        if id.is_some_and(|id| id.message == *message) {
            Ok(true)
        } else {
            Err(AskError::failed("the answer is about another message"))
        }
    }

    /// A page of at most `limit` chats, after the first `offset`. The chat with the newest message comes first, if WAHA can
    /// sort (2024.9 can't). Its items are only chats with persons.
    ///
    /// # Errors
    ///
    /// As [`AskError`] says.
    pub fn chats(
        &self,
        session: &SessionName,
        limit: u32,
        offset: u32,
    ) -> Result<Page<ListedChat>, AskError> {
        let chats = format!("/api/{}/chats", path_segment(session.as_str()));
        let part = format!("limit={limit}&offset={offset}");
        let answer = match self.get(&format!("{chats}/overview?{part}"), PAGE_MAX) {
            // WAHA 2024.9 has no overview.
            Err(SendError::Refused {
                status: 400 | 404 | 422 | 501,
                ..
            }) => self.get(&format!("{chats}?{part}&{NEWEST_FIRST}"), PAGE_MAX)?,
            answer => answer?,
        };
        let json = answer.whole()?;
        let entries = list(&json)?;
        Ok(Page {
            listed: entries.len(),
            items: entries.into_iter().filter_map(listed_chat).collect(),
        })
    }

    /// A page of at most `limit` messages, after the first `offset`, the newest first. Each is the JSON text of a `WAMessage`,
    /// for [`listed`](crate::waha::event::listed).
    ///
    /// Without a `chat`, these are the messages of all chats, which only NOWEB and GOWS can list. Messages from before `since`
    /// (rounded down to seconds) are left out.
    ///
    /// # Errors
    ///
    /// As [`AskError`] says.
    pub fn messages(
        &self,
        session: &SessionName,
        chat: Option<&ChatId>,
        since: Millis,
        limit: u32,
        offset: u32,
    ) -> Result<Page<String>, AskError> {
        let since = since.as_i64().max(0) / 1000;
        let path = format!(
            "/api/{}/chats/{}/messages?limit={limit}&offset={offset}&downloadMedia=false&filter.timestamp.gte={since}",
            path_segment(session.as_str()),
            path_segment(chat.map_or("all", ChatId::as_str)),
        );
        let json = self.ask(&path, PAGE_MAX)?;
        let entries = list(&json)?;
        // WAHA 2024.9 does not know the filter.
        let is_in_time = |entry: &&RawValue| {
            object::<Times<'_>>(entry.get()).is_ok_and(|message| {
                millis(message.timestamp).is_none_or(|at| at >= Millis::new(since * 1000))
            })
        };
        Ok(Page {
            listed: entries.len(),
            items: entries
                .into_iter()
                .filter(is_in_time)
                .map(|entry| entry.get().to_owned())
                .collect(),
        })
    }

    /// The `@c.us` chat of the person behind a `@lid`, if WAHA knows it.
    ///
    /// # Errors
    ///
    /// As [`AskError`] says.
    pub fn phone_chat(
        &self,
        session: &SessionName,
        lid: &ChatId,
    ) -> Result<Option<ChatId>, AskError> {
        let path = format!(
            "/api/{}/lids/{}",
            path_segment(session.as_str()),
            path_segment(lid.as_str())
        );
        let json = self.ask(&path, ANSWER_MAX)?;
        let person: Person<'_> = object(&json)?;
        match person.phone.text() {
            None if person.phone.is_present() => Err(AskError::failed("`pn` is not a text")),
            None => Ok(None),
            Some(text) if text.is_empty() => Ok(None),
            Some(text) => ChatId::person(&text)
                .filter(|chat| !chat.is_lid())
                .map(Some)
                .ok_or_else(|| AskError::failed("`pn` is not the chat of a phone number")),
        }
    }

    /// The complete answer for `path`, of at most `max` bytes.
    fn ask(&self, path: &str, max: u64) -> Result<String, AskError> {
        let answer = self.get(path, max)?;
        Ok(answer.whole()?.into_owned())
    }
}

/// Reads an answer that is an object.
fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, AskError> {
    Some(json)
        .filter(|json| json.trim_start().starts_with('{'))
        .and_then(|json| serde_json::from_str(json).ok())
        .ok_or_else(|| AskError::failed("the answer is not the JSON object that it should be"))
}

/// The items of an answer that is a list, not parsed yet.
fn list(json: &str) -> Result<Vec<&RawValue>, AskError> {
    serde_json::from_str(json)
        .map_err(|_| AskError::failed("the answer is not the JSON list that it should be"))
}

/// The chat of a person, in any engine's form.
fn listed_chat(entry: &RawValue) -> Option<ListedChat> {
    let chat: ChatEntry<'_> = object(entry.get()).ok()?;
    let outside: Times<'_> = object(entry.get()).ok()?;
    let long: LongId<'_> = chat.id.read();
    let id = chat.id.text().or_else(|| long.serialized.text())?;
    Some(ListedChat {
        chat: ChatId::person(&id)?,
        last_message_at: [chat.last_message, outside, chat.raw]
            .iter()
            .flat_map(|times| [times.timestamp, times.conversation, times.last, times.short])
            .find_map(moment),
    })
}

/// A point in time. It may be a number of seconds or milliseconds, a large number as JavaScript's protocol buffers
/// write it, or a date.
fn moment(time: Raw<'_>) -> Option<Millis> {
    if let Some(millis) = millis(time) {
        return Some(millis);
    }
    let long: Long<'_> = time.read();
    if let (Some(low), Some(high)) = (long.low.number(), long.high.number()) {
        // The lower 32 bits are written as a signed number.
        let carry = 4_294_967_296.0;
        return millis_of(high * carry + low.rem_euclid(carry));
    }
    let date: jiff::Timestamp = time.text()?.parse().ok()?;
    Some(date.as_millisecond())
        .filter(|millis| *millis > 0)
        .map(Millis::new)
}

#[cfg(test)]
mod tests;
