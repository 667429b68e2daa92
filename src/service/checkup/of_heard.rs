//! Looks for sessions that are connected and hear nothing: WAHA has messages of customers that it did not post to us. Silence alone
//! proves nothing, because a small shop has nights and Sundays.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::service::checkup::finding::Finding;
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

/// Asks WAHA about one session that works. `heard_at`: when WAHA last posted a customer's message. This blocks.
pub(super) fn ask(
    client: &Client,
    (session, is_noweb): (&SessionName, bool),
    heard_at: Option<Millis>,
    now: Millis,
) -> Vec<Finding> {
    let since = heard_at.map_or(now - WINDOW, |at| at + TOLERANCE);
    let chats = match client.chats(session, CHATS_MAX, 0) {
        Ok(chats) => chats.items,
        Err(AskError::Unsupported { .. }) => {
            let quiet = heard_at.filter(|at| now.since(*at) > STRANGE_SILENCE);
            let quiet = quiet.map(|heard_at| Finding::SessionQuiet {
                session: session.clone(),
                heard_at,
            });
            let store = is_noweb.then(|| Finding::NowebStoreOff(session.clone()));
            return store.into_iter().chain(quiet).collect();
        }
        Err(_) => return Vec::new(),
    };
    let unheard = chats
        .into_iter()
        .filter(|chat| chat.last_message_at.is_some_and(|at| at > since))
        .take(CHATS_READ_MAX)
        .filter_map(|chat| first_unheard(client, session, &chat.chat, since, now))
        .min();
    let deaf = unheard.map(|sent_at| Finding::SessionDeaf {
        session: session.clone(),
        sent_at,
        heard_at,
    });
    deaf.into_iter().collect()
}

/// When the first message of a customer in this chat was sent that WAHA should have posted by now.
fn first_unheard(
    client: &Client,
    session: &SessionName,
    chat: &ChatId,
    since: Millis,
    now: Millis,
) -> Option<Millis> {
    let messages = client
        .messages(session, Some(chat), since, CHATS_MAX, 0)
        .ok()?;
    let sent_at = |json: String| match listed(&json, Millis::default(), now) {
        Meaning::Inbound(message) => {
            let comes_within = match message.kind {
                Kind::Text => TEXT_COMES_WITHIN,
                _ => FILE_COMES_WITHIN,
            };
            let is_late = message.sent_at > since && now.since(message.sent_at) > comes_within;
            is_late.then_some(message.sent_at)
        }
        _ => None,
    };
    messages.items.into_iter().filter_map(sent_at).min()
}
