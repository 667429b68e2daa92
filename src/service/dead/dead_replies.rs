//! Finds dead replies, sends them again, and deletes them.

use std::str::FromStr;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::service::dead::cause::Cause;
use crate::store::{DeadLetter, Store, StoreError};

/// How many dead replies one call handles. A larger batch would block Redis for too long.
const BATCH: usize = 100;

/// Which dead replies. All given conditions must match; without any, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadFilter {
    /// Only replies to this chat: its id, or its number.
    pub chat: Option<String>,
    /// Only those with one of these ids; empty: all.
    pub ids: Vec<String>,
    /// Only replies of these sessions; empty: of all.
    pub sessions: Vec<SessionName>,
    /// Only those that we gave up on until then: people delete what they have seen.
    pub until: Option<Millis>,
}

impl DeadFilter {
    fn fits(&self, letter: &DeadLetter) -> bool {
        let chat = self.chat.as_deref().is_none_or(|chat| {
            let of = letter.chat.as_str();
            of == chat || of.split('@').next() == Some(chat)
        });
        let in_time = self
            .until
            .is_none_or(|until| letter.at().is_none_or(|at| at <= until));
        chat && in_time && (self.ids.is_empty() || self.ids.contains(&letter.id))
    }
}

/// Dead replies of one session, oldest first.
pub type OfSession = (SessionName, Vec<DeadLetter>);

/// What came of sending again, or of deleting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadDone {
    /// How many.
    pub done: usize,
    /// How many were left, because they can't be read.
    pub unreadable: usize,
}

/// Redis failed in the middle.
#[derive(Debug, thiserror::Error)]
#[error("{error}; {done} were done before that")]
pub struct DeadHalfDone {
    /// What failed.
    #[source]
    pub error: StoreError,
    /// How many were done before.
    pub done: usize,
}

/// What is done with dead replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadAction {
    /// Sends them again, in order, after the replies that already wait in their chats.
    Retry,
    /// Deletes them; the history keeps them, marked as failed.
    Drop,
}

/// The cause of a dead reply.
#[must_use]
pub fn cause(letter: &DeadLetter) -> Cause {
    Cause::of(&letter.reason, letter.reply.is_ok())
}

/// The matching replies by session, oldest first. All are read before any is sent: a reply that fails again returns to the
/// list.
///
/// # Errors
/// See [`StoreError`].
pub async fn find(store: &Store, which: &DeadFilter) -> Result<Vec<OfSession>, StoreError> {
    let mut found = Vec::new();
    for session in sessions(store, &which.sessions).await? {
        let mut letters: Vec<DeadLetter> = Vec::new();
        let mut position: Option<String> = None;
        loop {
            let some = store
                .dead_letters(&session, position.as_deref(), BATCH as u64)
                .await?;
            let Some(last) = some.last() else { break };
            position = Some(last.id.clone());
            letters.extend(some.into_iter().filter(|letter| which.fits(letter)));
        }
        if !letters.is_empty() {
            found.push((session, letters));
        }
    }
    Ok(found)
}

/// Those of these sessions that we know; without any, all that we know.
async fn sessions(store: &Store, only: &[SessionName]) -> Result<Vec<SessionName>, StoreError> {
    let mut sessions = store.sessions().await?;
    sessions.retain(|session| only.is_empty() || only.contains(session));
    sessions.sort();
    Ok(sessions)
}

/// Does this with dead replies that were found.
///
/// # Errors
/// If Redis fails. Repeating it is safe: nothing is sent twice.
pub async fn act(
    store: &Store,
    action: DeadAction,
    found: &[OfSession],
) -> Result<DeadDone, DeadHalfDone> {
    let mut so_far = DeadDone::default();
    for (session, letters) in found {
        for some in letters.chunks(BATCH) {
            let count = match action {
                DeadAction::Retry => {
                    so_far.unreadable += some.iter().filter(|letter| letter.reply.is_err()).count();
                    store.retry_dead(session, some, Millis::now()).await
                }
                DeadAction::Drop => store.delete_dead(session, some).await,
            };
            let done = so_far.done;
            so_far.done += count.map_err(|error| DeadHalfDone { error, done })?;
        }
    }
    Ok(so_far)
}

/// Where a page of dead replies begins: after this one. As text it is `SESSION/ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadCursor {
    session: SessionName,
    id: String,
}

/// A text that is no [`DeadCursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place in the list of dead replies")]
pub struct NotADeadCursor;

impl FromStr for DeadCursor {
    type Err = NotADeadCursor;

    fn from_str(text: &str) -> Result<Self, NotADeadCursor> {
        let (session, id) = text.split_once('/').ok_or(NotADeadCursor)?;
        let is_id = |id: &str| {
            let digits = |part: &str| {
                (1..=20).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
            };
            id.split_once('-')
                .is_some_and(|(ms, number)| digits(ms) && digits(number))
        };
        match SessionName::parse(session).filter(|_| is_id(id)) {
            Some(session) => Ok(Self {
                session,
                id: id.to_owned(),
            }),
            None => Err(NotADeadCursor),
        }
    }
}

impl std::fmt::Display for DeadCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.session, self.id)
    }
}

/// Some dead replies.
#[derive(Debug, Default)]
pub struct DeadPage {
    /// By session, and the oldest of each first.
    pub replies: Vec<(SessionName, DeadLetter)>,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<DeadCursor>,
    /// How many there are on all pages.
    pub all: u64,
}

/// A page of at most `limit` dead replies of these sessions; without any, of all.
///
/// # Errors
/// See [`StoreError`].
pub async fn page(
    store: &Store,
    only: &[SessionName],
    from: Option<&DeadCursor>,
    limit: usize,
) -> Result<DeadPage, StoreError> {
    let mut page = DeadPage::default();
    for session in sessions(store, only).await? {
        page.all += store.dead_count(&session).await?;
        if from.is_some_and(|from| session < from.session) || page.replies.len() > limit {
            continue;
        }
        let position = from.filter(|from| from.session == session);
        let position = position.map(|from| from.id.as_str());
        // One more shows whether there is another page.
        let missing = limit + 1 - page.replies.len();
        let letters = store
            .dead_letters(&session, position, missing as u64)
            .await?;
        let letters = letters.into_iter();
        page.replies
            .extend(letters.map(|letter| (session.clone(), letter)));
    }
    if page.replies.len() > limit {
        page.replies.truncate(limit);
        page.next = page.replies.last().map(|(session, letter)| DeadCursor {
            session: session.clone(),
            id: letter.id.clone(),
        });
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_list_is_read_as_it_was_written() {
        let place: DeadCursor = "shop/1700000000000-3".parse().unwrap();
        assert_eq!(place.to_string(), "shop/1700000000000-3");
        for text in [
            "",
            "shop",
            "shop/",
            "shop/1",
            "shop/-1",
            "shop/1-",
            "a b/1-1",
            "shop/1-1x",
            "shop/+-+",
        ] {
            assert_eq!(text.parse::<DeadCursor>(), Err(NotADeadCursor), "{text}");
        }
    }
}
