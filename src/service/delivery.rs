//! A delivery is responsible for one lane in hand: it sends reply after reply and settles each, until the lane is
//! empty or has to wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::backoff;
use super::complaint::Throttle;
use crate::clock;
use crate::config::Pacing;
use crate::store::{Lane, Reply, Settlement, Store, Verdict};
use crate::waha::chat_id::ChatId;
use crate::waha::client::{Client, SendError, Sent};
use crate::waha::message::{Author, Direction, Kind, Message};

const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(30);
/// A reply that could not be sent for so long is given up on: a customer of yesterday is confused by it.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How long a person needs to start and to type a letter. WAHA's docs advise it and give no numbers
/// (overview/how-to-avoid-blocking).
const TYPING_START: Duration = Duration::from_millis(500);
const TYPING_PER_LETTER: Duration = Duration::from_millis(30);
const TYPING_LONGEST: Duration = Duration::from_secs(6);

/// How often it is told that replies are not sent; the metrics count each.
const UNSENT_INTERVAL: Duration = Duration::from_secs(5);

/// How and for whom to send.
pub struct Context {
    /// The process that holds the lanes.
    pub(crate) process: String,
    /// Where lanes are.
    pub(crate) store: Store,
    /// The way to WAHA.
    pub(crate) client: Arc<Client>,
    /// Whether to type like a person.
    pacing: Pacing,
    /// While WAHA is away, every waiting reply fails in the same way.
    unsent: Throttle,
    /// Limits requests under way, each on a blocking thread.
    requests: Arc<Semaphore>,
}

impl Context {
    /// `requests` is how many may be under way at once.
    pub fn new(
        process: String,
        store: Store,
        client: Client,
        pacing: Pacing,
        requests: usize,
    ) -> Self {
        Self {
            process,
            store,
            client: Arc::new(client),
            pacing,
            unsent: Throttle::new(UNSENT_INTERVAL),
            requests: Arc::new(Semaphore::new(requests)),
        }
    }

    /// For one request. Always there sooner or later: nobody closes the semaphore.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        self.requests.clone().acquire_owned().await.ok()
    }
}

/// Sends from a lane until it is empty, has to wait, or is no longer ours.
pub(crate) async fn deliver(
    context: &Context,
    session: &str,
    lane: Lane,
    shutdown: &CancellationToken,
) {
    let mut next = Some(lane);
    let mut first = true;
    while let Some(lane) = next {
        let (verdict, permit) = match (&lane.reply, ChatId::person(&lane.chat)) {
            (Ok(reply), Some(chat)) => {
                attempt(context, session, &chat, reply, first, shutdown).await
            }
            (Err(element), _) => (unreadable(session, &lane.chat, element), None),
            (Ok(reply), None) => (unreadable(session, &lane.chat, &reply.text), None),
        };
        first = false;
        next = settle(context, session, &lane.settled(verdict), shutdown).await;
        // Only now: what was sent and not settled is in doubt after a crash, so there is never more of it than permits.
        drop(permit);
    }
}

/// Sends one reply, once. The permit is for the request, and kept until its outcome is settled.
async fn attempt(
    context: &Context,
    session: &str,
    chat: &ChatId,
    reply: &Reply,
    first: bool,
    shutdown: &CancellationToken,
) -> (Verdict, Option<OwnedSemaphorePermit>) {
    if clock::now() - reply.queued_at > clock::millis(GIVE_UP_AFTER) {
        return (given_up(session, chat, reply), None);
    }
    if context.pacing == Pacing::Human {
        tokio::select! {
            paced = pace(context, session, chat, &reply.text, first) => if let Err(error) = paced {
                return (judge(context, session, chat, reply, Err(error)).await, None);
            },
            () = shutdown.cancelled() => return (Verdict::Release { due: clock::now() }, None),
        }
    }
    let permit = context.permit().await;
    if shutdown.is_cancelled() {
        return (Verdict::Release { due: clock::now() }, None);
    }
    let text = reply.text.clone();
    let sent = call(context, session, chat, move |client, session, chat| {
        client.send_text(session, chat, &text)
    })
    .await;
    (judge(context, session, chat, reply, sent).await, permit)
}

/// What an answer of WAHA's means for the reply.
async fn judge(
    context: &Context,
    session: &str,
    chat: &ChatId,
    reply: &Reply,
    sent: Result<Sent, SendError>,
) -> Verdict {
    let now = clock::now();
    let error = match sent {
        Ok(sent) => {
            return Verdict::Sent {
                conversation: reply.conversation.clone(),
                data: history(chat, reply, sent.stanza, now),
            };
        }
        Err(error) => error,
    };
    match &error {
        SendError::Refused { .. } => {
            error!(session, chat = chat.as_str(), reply = reply.id, %error, "WAHA refused a reply; it is kept and not tried again: see `waha-sm dead list`");
            dead(chat, reply, error.to_string(), now)
        }
        SendError::SessionNotWorking { .. } => {
            match context.store.pause(session, now).await {
                Ok(true) => warn!(
                    session, %error,
                    "the session can't send; replies wait until it is WORKING again: look at WAHA's dashboard, it may \
                     have to be started or paired anew"
                ),
                Ok(false) => {}
                Err(error) => debug!(%error, session, "could not pause the session"),
            }
            // Surely not sent, and not the reply's fault: not counted as an attempt.
            Verdict::Release { due: now }
        }
        SendError::Unreachable { .. } | SendError::Interrupted { .. } | SendError::Busy { .. } => {
            let asked = match &error {
                SendError::Busy { retry_after, .. } => retry_after.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            let delay = backoff::delay(reply.attempts, RETRY_FIRST, RETRY_LONGEST);
            let delay = backoff::jittered(delay, fastrand::f64()).max(asked.min(GIVE_UP_AFTER));
            let attempts = reply.attempts + 1;
            if context.unsent.due() {
                warn!(session, chat = chat.as_str(), attempts, again_in = ?delay, %error, "a reply was not sent; will try again");
            } else {
                debug!(session, chat = chat.as_str(), attempts, again_in = ?delay, %error, "a reply was not sent; will try again");
            }
            let again = Reply {
                attempts: reply.attempts.saturating_add(1),
                ..reply.clone()
            };
            Verdict::Retry {
                due: now + clock::millis(delay),
                again,
            }
        }
    }
}

fn given_up(session: &str, chat: &ChatId, reply: &Reply) -> Verdict {
    error!(
        session,
        chat = chat.as_str(),
        reply = reply.id,
        attempts = reply.attempts,
        "gave up on a reply that could not be sent for a day; it is kept: see `waha-sm dead list`"
    );
    dead(
        chat,
        reply,
        "could not be sent for a day".to_owned(),
        clock::now(),
    )
}

fn dead(chat: &ChatId, reply: &Reply, reason: String, now: i64) -> Verdict {
    Verdict::Dead {
        conversation: reply.conversation.clone(),
        data: history(chat, reply, None, now),
        reason,
    }
}

/// Seen, and typing for as long as a person would (WAHA's docs, overview/how-to-avoid-blocking). Failures here cost nothing but looks.
///
/// # Errors
/// Only that the session can't send: then the message itself would have to wait for WAHA to say so again.
async fn pace(
    context: &Context,
    session: &str,
    chat: &ChatId,
    text: &str,
    first: bool,
) -> Result<(), SendError> {
    if first {
        gesture(context, session, chat, |client, session, chat| {
            client.send_seen(session, chat)
        })
        .await?;
    }
    gesture(context, session, chat, |client, session, chat| {
        client.start_typing(session, chat)
    })
    .await?;
    sleep(typing(text.chars().count(), fastrand::f64())).await;
    gesture(context, session, chat, |client, session, chat| {
        client.stop_typing(session, chat)
    })
    .await
}

/// A call that matters for looks only.
async fn gesture(
    context: &Context,
    session: &str,
    chat: &ChatId,
    request: impl FnOnce(&Client, &str, &ChatId) -> Result<(), SendError> + Send + 'static,
) -> Result<(), SendError> {
    let _permit = context.permit().await;
    match call(context, session, chat, request).await {
        Err(error @ SendError::SessionNotWorking { .. }) => Err(error),
        _ => Ok(()),
    }
}

/// How long a text of so many letters is typed; `chance` from 0 to 1 varies it by a fifth either way.
fn typing(letters: usize, chance: f64) -> Duration {
    let letters = u32::try_from(letters).unwrap_or(u32::MAX);
    let typing = TYPING_START
        .saturating_add(TYPING_PER_LETTER.saturating_mul(letters))
        .min(TYPING_LONGEST);
    typing.mul_f64(0.8 + 0.4 * chance)
}

/// One request, on a blocking thread. Whoever calls has a permit.
async fn call<T: Send + 'static>(
    context: &Context,
    session: &str,
    chat: &ChatId,
    request: impl FnOnce(&Client, &str, &ChatId) -> Result<T, SendError> + Send + 'static,
) -> Result<T, SendError> {
    let (client, session, chat) = (context.client.clone(), session.to_owned(), chat.clone());
    let called = tokio::task::spawn_blocking(move || request(&client, &session, &chat));
    called.await.map_err(|_| SendError::Interrupted {
        reason: "the request's thread ended early".to_owned(),
    })?
}

/// Settles until Redis has taken it: what WAHA took must not be sent again.
async fn settle(
    context: &Context,
    session: &str,
    settlement: &Settlement,
    shutdown: &CancellationToken,
) -> Option<Lane> {
    let mut failures = 0;
    loop {
        match context
            .store
            .settle(session, settlement.clone(), clock::now())
            .await
        {
            Ok(next) => return next,
            Err(error) => {
                debug!(%error, session, "could not settle a reply; will again");
                // When stopping, the whole drain has a deadline: try until then.
                let longest = if shutdown.is_cancelled() {
                    Duration::from_millis(200)
                } else {
                    Duration::from_secs(2)
                };
                sleep(backoff::delay(failures, Duration::from_millis(50), longest)).await;
                failures += 1;
            }
        }
    }
}

fn unreadable(session: &str, chat: &str, element: &str) -> Verdict {
    error!(
        session,
        chat,
        bytes = element.len(),
        "a reply in the lane can't be read; it is kept: see `waha-sm dead list`"
    );
    Verdict::Dead {
        conversation: String::new(),
        data: "{}".to_owned(),
        reason: "the reply in the lane can't be read: was it written by a newer version?"
            .to_owned(),
    }
}

/// A reply as it goes into the history.
fn history(chat: &ChatId, reply: &Reply, stanza: Option<String>, now: i64) -> String {
    let message = Message {
        chat: chat.clone(),
        stanza,
        direction: Direction::Outbound,
        author: Author::Bot,
        kind: Kind::Text,
        text: reply.text.clone(),
        media: None,
        location: None,
        contacts: Vec::new(),
        quoted: None,
        name: None,
        other_id: None,
        sent_at: now,
        received_at: reply.queued_at,
        reply_id: Some(reply.id.clone()),
    };
    // A plain structure with text keys, which serde_json always can write.
    serde_json::to_string(&message).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_grows_with_the_text_varies_and_has_an_end() {
        assert!(typing(10, 0.5) < typing(100, 0.5));
        assert!(typing(50, 0.0) < typing(50, 1.0));
        assert!(typing(usize::MAX, 1.0) <= TYPING_LONGEST.mul_f64(1.2));
    }
}
