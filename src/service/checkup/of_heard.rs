//! Looks for sessions that are connected and hear nothing: WAHA has messages of customers that it did not post to us. Silence alone
//! proves nothing, because a small shop has nights and Sundays.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::clock::Millis;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::service::checkup::finding::Finding;
use crate::store::{CATCH_UP_OVERLAP, SEEN_TTL, Store, StoreError};
use crate::waha::client::{AskError, Client};
use crate::waha::event::{Meaning, listed};
use crate::waha::message::Kind;

/// If nothing was ever heard, only this much of the past counts.
const WINDOW: Duration = Duration::from_secs(24 * 3600);
/// WAHA tells whole seconds, and the clocks differ a little.
const TOLERANCE: Duration = Duration::from_secs(5);
/// A younger message may still come.
const TEXT_COMES_WITHIN: Duration = Duration::from_secs(60);
/// WAHA posts a file when it has downloaded it.
const FILE_COMES_WITHIN: Duration = Duration::from_secs(15 * 60);
/// Where WAHA can't list messages, such a silence is strange even in a small shop.
const STRANGE_SILENCE: Duration = Duration::from_secs(4 * 24 * 3600);
/// How many chats, and messages of each, are looked at.
const CHATS_MAX: u32 = 20;
/// See [`CHATS_MAX`].
const CHATS_READ_MAX: usize = 3;

/// A session that works, and what is known about it.
#[derive(Clone)]
pub(super) struct HeardSession {
    pub(super) session: SessionName,
    pub(super) is_noweb: bool,
    /// When WAHA last posted a customer's message.
    pub(super) heard_at: Option<Millis>,
    /// When WAHA was started.
    pub(super) waha_started_at: Option<Millis>,
    /// When the daemon was.
    pub(super) daemon_started_at: Option<Millis>,
}

/// A message of a customer, as WAHA lists it. It should have come by now.
struct DueMessage {
    id: Option<MessageId>,
    sent_at: Millis,
}

/// What WAHA lists of a session.
enum Listed {
    /// The messages since the last one was heard.
    Due(Vec<DueMessage>),
    /// It can't list them.
    Unsupported,
    /// It failed.
    Unknown,
}

/// Asks WAHA, and Redis for what we have of it.
///
/// # Errors
/// Redis does not answer.
pub(super) async fn ask(
    client: &Arc<Client>,
    store: &Store,
    of: HeardSession,
    now: Millis,
) -> Result<Vec<Finding>, StoreError> {
    let since = of.heard_at.map_or(now - WINDOW, |at| {
        // Of older ones we don't know whether we have them.
        (at + TOLERANCE).max(now - SEEN_TTL + FILE_COMES_WITHIN)
    });
    let asking = spawn_blocking({
        let (client, session) = (client.clone(), of.session.clone());
        move || list(&client, &session, since, now)
    });
    // If the thread ended early, its panic is logged where it happened.
    let mut due = match asking.await.unwrap_or(Listed::Unknown) {
        Listed::Due(due) => due,
        Listed::Unsupported => {
            let quiet = of.heard_at.filter(|at| now.since(*at) > STRANGE_SILENCE);
            let quiet = quiet.map(|heard_at| Finding::SessionQuiet {
                session: of.session.clone(),
                heard_at,
            });
            let store_off = of
                .is_noweb
                .then(|| Finding::NowebStoreOff(of.session.clone()));
            return Ok(store_off.into_iter().chain(quiet).collect());
        }
        Listed::Unknown => return Ok(Vec::new()),
    };
    due.sort_by_key(|message| message.sent_at);
    let until = store.caught_up_until(&of.session).await?;
    let mut listed = Vec::new();
    for DueMessage { id, sent_at } in due {
        let has_it = match &id {
            Some(id) => store.has_message(&of.session, id).await?,
            None => false,
        };
        listed.push((sent_at, has_it));
    }
    Ok(judge(&of, until, &listed).into_iter().collect())
}

/// `listed`: when each message was sent that should have come by now, the oldest first, and whether we have it. `caught_up_until`: see
/// [`Store::caught_up_until`].
fn judge(
    of: &HeardSession,
    caught_up_until: Option<Millis>,
    listed: &[(Millis, bool)],
) -> Option<Finding> {
    let (session, heard_at) = (of.session.clone(), of.heard_at);
    // Older ones were written before we first saw the session, or we caught up with them.
    let first = caught_up_until.map(|until| until - (CATCH_UP_OVERLAP + TOLERANCE));
    let is_old = |sent_at: Millis| heard_at.is_none() && first.is_some_and(|first| sent_at < first);
    let missing = listed.iter().find(|(at, has_it)| !has_it && !is_old(*at));
    if let Some((sent_at, _)) = missing {
        let sent_at = *sent_at;
        let is_new = of.daemon_started_at.is_none_or(|began| sent_at > began);
        return Some(match heard_at.is_some() || is_new {
            true => Finding::SessionDeaf {
                session,
                sent_at,
                heard_at,
            },
            false => Finding::SessionNotHeardYet { session, sent_at },
        });
    }
    // One that came without a webhook is no wonder if one of the two programs was down when it was written.
    let began = of.daemon_started_at?;
    let both_ran = began.max(of.waha_started_at.unwrap_or(began)) + TOLERANCE;
    let (sent_at, _) = *listed.iter().find(|(at, _)| *at > both_ran)?;
    Some(Finding::SessionCaughtUp { session, sent_at })
}

/// The messages since `since` that should have come by now. This blocks.
fn list(client: &Client, session: &SessionName, since: Millis, now: Millis) -> Listed {
    let chats = match client.chats(session, CHATS_MAX, 0) {
        Ok(chats) => chats.items,
        Err(AskError::Unsupported { .. }) => return Listed::Unsupported,
        Err(_) => return Listed::Unknown,
    };
    let recent = chats
        .into_iter()
        .filter(|chat| chat.last_message_at.is_some_and(|at| at > since));
    Listed::Due(
        recent
            .take(CHATS_READ_MAX)
            .flat_map(|chat| due_in(client, session, &chat.chat, since, now))
            .collect(),
    )
}

fn due_in(
    client: &Client,
    session: &SessionName,
    chat: &ChatId,
    since: Millis,
    now: Millis,
) -> Vec<DueMessage> {
    let Ok(messages) = client.messages(session, Some(chat), since, CHATS_MAX, 0) else {
        return Vec::new();
    };
    let due = |json: String| match listed(&json, Millis::default(), now) {
        Meaning::Inbound(message) => {
            let comes_within = match message.kind {
                Kind::Text => TEXT_COMES_WITHIN,
                _ => FILE_COMES_WITHIN,
            };
            let is_due = message.sent_at > since && now.since(message.sent_at) > comes_within;
            is_due.then_some(DueMessage {
                id: message.id,
                sent_at: message.sent_at,
            })
        }
        _ => None,
    };
    messages.items.into_iter().filter_map(due).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_a_fault_only_if_a_webhook_should_have_come() {
        let began = Millis::new(1_790_000_000_000);
        let after = |seconds: u64| began + Duration::from_secs(seconds);
        let of = |heard_at: Option<Millis>| HeardSession {
            session: SessionName::stored("shop"),
            is_noweb: false,
            heard_at,
            waha_started_at: Some(began),
            daemon_started_at: Some(after(60)),
        };
        let introduced = Some(after(100) + CATCH_UP_OVERLAP);
        let name = |found: Option<Finding>| match found {
            None => "nothing",
            Some(Finding::SessionDeaf { .. }) => "deaf",
            Some(Finding::SessionNotHeardYet { .. }) => "not heard yet",
            Some(Finding::SessionCaughtUp { .. }) => "caught up",
            Some(_) => "another",
        };
        for (heard_at, caught_up_until, listed, wanted) in [
            (None, None, vec![], "nothing"),
            // It was written before we were installed.
            (None, None, vec![(after(10), false)], "not heard yet"),
            (None, introduced, vec![(after(10), false)], "nothing"),
            (None, introduced, vec![(after(200), false)], "deaf"),
            (None, None, vec![(after(200), false)], "deaf"),
            (
                Some(after(10)),
                introduced,
                vec![(after(20), false)],
                "deaf",
            ),
            // WAHA, or we, were down.
            (Some(began), introduced, vec![(after(20), true)], "nothing"),
            (
                Some(began),
                introduced,
                vec![(after(200), true)],
                "caught up",
            ),
            (
                Some(began),
                introduced,
                vec![(after(20), true), (after(30), false)],
                "deaf",
            ),
        ] {
            let found = judge(&of(heard_at), caught_up_until, &listed);
            assert_eq!(name(found), wanted, "{heard_at:?} {listed:?}");
        }
        let unknown = HeardSession {
            waha_started_at: None,
            ..of(Some(began))
        };
        let found = judge(&unknown, introduced, &[(after(200), true)]);
        assert_eq!(name(found), "caught up");
    }
}
