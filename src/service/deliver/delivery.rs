//! A delivery is responsible for one lane in hand: it sends reply after reply and settles each, until the lane is
//! empty or has to wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::clock;
use crate::ids::{ChatId, ConversationId, MessageId, ProcessId, SessionName};
use crate::service::deliver::doubt;
use crate::service::deliver::doubt::{MessageIds, Settled};
use crate::service::deliver::reply_content;
use crate::service::deliver::reply_content::{Unsent, history};
use crate::service::deliver::send_config::{InDoubt, Pacing};
use crate::service::deliver::typing::typing;
use crate::service::kit::backoff;
use crate::service::kit::lease::Lease;
use crate::service::owner::notifier::Owner;
use crate::store::{Lane, Reply, Settlement, Store, Verdict};
use crate::throttle::Throttle;
use crate::waha::client::{Client, SendError, Sent};

const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(30);
/// A reply that could not be sent for so long is given up on: a customer of yesterday is confused by it.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);
/// An engine may fail at a file for ever, for what is in it or because nobody has it at its address any more. Then the
/// chat goes on without it, after about a minute and a half.
const FILE_ATTEMPTS_MAX: u32 = 8;
/// Files that are read, held and sent at once: each takes up to three times its size of memory.
const FILES_MAX: usize = 4;
/// How often it is told that replies are not sent; the metrics count each.
const UNSENT_INTERVAL: Duration = Duration::from_secs(5);
/// Between tries to settle while Redis is away: a chat goes on only after that, and what is not settled is in doubt.
const SETTLE_FIRST: Duration = Duration::from_millis(50);
const SETTLE_LONGEST: Duration = Duration::from_millis(200);
/// Who is sent something so soon after its lane was taken is not asked for again.
const AT_ONCE: Duration = Duration::from_millis(200);
const UNDECIDABLE_INTERVAL: Duration = Duration::from_secs(3600);

/// How and for whom to send.
pub struct Context {
    /// The process that holds the lanes.
    pub(crate) process: ProcessId,
    /// Where lanes are.
    pub(crate) store: Store,
    /// The way to WAHA.
    pub(crate) client: Arc<Client>,
    /// Replies may go to them, too.
    pub(crate) owner: Owner,
    /// This process' right to its lanes.
    lease: Arc<Lease>,
    /// Whether to type like a person.
    pub(crate) pacing: Pacing,
    /// What to do with a reply of which nobody can tell whether it was sent.
    pub(crate) in_doubt: InDoubt,
    /// Which sessions' engines hand out message ids.
    message_ids: MessageIds,
    /// While WAHA is away, every waiting reply fails in the same way.
    unsent: Throttle,
    /// That an engine can't tell is no news the second time.
    pub(crate) undecidable: Throttle,
    /// Limits requests under way, each on a blocking thread.
    requests: Arc<Semaphore>,
    /// Limits those that carry a file.
    files: Semaphore,
}

/// The settings of sending.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Whether to type like a person.
    pub pacing: Pacing,
    /// What to do with a reply of which nobody can tell whether it was sent.
    pub in_doubt: InDoubt,
    /// How many requests may be under way at once.
    pub requests: usize,
}

impl Context {
    /// Sends for `process` what is in the lanes of `store`.
    pub fn new(
        process: ProcessId,
        store: Store,
        client: Arc<Client>,
        owner: Owner,
        lease: Arc<Lease>,
        manner: Manner,
    ) -> Self {
        Self {
            process,
            store,
            client,
            owner,
            lease,
            pacing: manner.pacing,
            in_doubt: manner.in_doubt,
            message_ids: MessageIds::default(),
            undecidable: Throttle::new(UNDECIDABLE_INTERVAL),
            unsent: Throttle::new(UNSENT_INTERVAL),
            requests: Arc::new(Semaphore::new(manner.requests)),
            files: Semaphore::new(FILES_MAX),
        }
    }

    /// For one request. Always there sooner or later: nobody closes the semaphore.
    pub(crate) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        self.requests.clone().acquire_owned().await.ok()
    }
}

/// Sends from a lane until it is empty, has to wait, or is no longer ours. `taken`: before Redis was asked for it.
pub(crate) async fn deliver(
    context: &Context,
    session: &SessionName,
    lane: Lane,
    mut taken: Instant,
    shutdown: &CancellationToken,
) {
    let mut next = Some(lane);
    let mut first = true;
    while let Some(lane) = next {
        let chat = lane.address.as_ref().unwrap_or(&lane.chat);
        let (verdict, permit) = match &lane.reply {
            Ok(reply) if context.owner.may_write_to(chat) => {
                let delivery = Delivery {
                    context,
                    session,
                    lane: &lane,
                    chat,
                    reply,
                    taken,
                };
                delivery.run(first, shutdown).await
            }
            Ok(reply) => (unaddressed(session, chat, reply), None),
            Err(element) => (unreadable(session, &lane.chat, element), None),
        };
        first = false;
        taken = Instant::now();
        next = settle(context, session, &lane.settled(verdict)).await;
        // Only now: what was sent and not settled is in doubt after a crash, so there is never more of it than permits.
        drop(permit);
    }
}

/// One reply on its way to one chat.
struct Delivery<'a> {
    context: &'a Context,
    session: &'a SessionName,
    lane: &'a Lane,
    /// Where it is sent to.
    chat: &'a ChatId,
    reply: &'a Reply,
    /// Not later than the lane was taken.
    taken: Instant,
}

impl Delivery<'_> {
    /// Sends the reply, once, unless an earlier attempt turns out to have done so. The permit is for the request, and kept
    /// until its outcome is settled.
    async fn run(
        &self,
        first: bool,
        shutdown: &CancellationToken,
    ) -> (Verdict, Option<OwnedSemaphorePermit>) {
        let Self {
            context,
            session,
            chat,
            reply,
            ..
        } = *self;
        let mut id = None;
        let mut unknown = false;
        if let Some(attempt) = &self.lane.doubt {
            let settled = tokio::select! {
                settled = doubt::settle(context, session, self.lane, reply, attempt) => settled,
                () = shutdown.cancelled() => return (release(true), None),
            };
            match settled {
                Settled::Sent(message) => return (sent(chat, reply, Some(message)), None),
                Settled::NotSent => id.clone_from(&attempt.id),
                Settled::Unknown => {
                    id.clone_from(&attempt.id);
                    unknown = true;
                }
                Settled::NotYet(reason) if self.is_too_old() => {
                    let reason = format!("perhaps sent: WAHA could not tell for a day ({reason})");
                    return (self.dead(reason), None);
                }
                Settled::NotYet(reason) => {
                    return (self.again(&reason, Duration::ZERO, true), None);
                }
                Settled::Never(reason) => return (self.dead(reason), None),
            }
        }
        if self.is_too_old() {
            return (self.dead("could not be sent for a day".to_owned()), None);
        }
        if context.pacing == Pacing::Human {
            tokio::select! {
                paced = pace(context, session, chat, &reply.text, first) => if let Err(error) = paced {
                    return (self.failed(error, unknown).await, None);
                },
                () = shutdown.cancelled() => return (release(unknown), None),
            }
        }
        let _file = match reply_content::reads_a_file(reply) {
            // Always there sooner or later: nobody closes the semaphore.
            true => context.files.acquire().await.ok(),
            false => None,
        };
        let permit = context.permit().await;
        // A doubt that was not settled stays as it is noted, until a send succeeds.
        if !unknown {
            match self.intend(id).await {
                Ok(intended) => id = intended,
                Err(NotOurs) => return (release(false), None),
            }
        } else if self.is_the_owners().await {
            return (release(true), None);
        }
        // Whoever was stopped for so long that others may have the lane, or had it, asks Redis for it again.
        if shutdown.is_cancelled() || !context.lease.is_held_since(self.taken) {
            return (release(unknown), None);
        }
        let outgoing = reply.clone();
        let answer = call(context, session, chat, move |client, session, chat| {
            reply_content::send(client, session, chat, &outgoing, id.as_ref())
        })
        .await;
        let interrupted = |reason| Err(Unsent::Waha(SendError::Interrupted { reason }));
        let verdict = match answer.unwrap_or_else(interrupted) {
            Ok(Sent { message }) => sent(chat, reply, message),
            Err(Unsent::Waha(error)) => self.failed(error, unknown).await,
            Err(Unsent::File(reason)) => self.dead(reason),
        };
        (verdict, permit)
    }

    /// Since it was taken in hand, or at an earlier attempt, the owner may have answered: then it is dropped when settled.
    /// Asked only where there was time for that.
    async fn is_the_owners(&self) -> bool {
        let (store, chat) = (&self.context.store, &self.lane.chat);
        (self.lane.doubt.is_some() || self.taken.elapsed() > AT_ONCE)
            && store
                .is_with_phone(self.session, chat)
                .await
                .unwrap_or(false)
    }

    fn is_too_old(&self) -> bool {
        clock::now() - self.reply.queued_at > clock::millis(GIVE_UP_AFTER)
    }

    /// Notes the attempt where that is of use, with a message id where WAHA hands them out: `again`, if there was one before.
    async fn intend(&self, again: Option<MessageId>) -> Result<Option<MessageId>, NotOurs> {
        let context = self.context;
        let id = match again {
            Some(id) => Some(id),
            // WAHA takes one with a text only.
            None if self.reply.media.is_some() => None,
            None => {
                context
                    .message_ids
                    .next(context, self.session, self.chat)
                    .await
            }
        };
        // That the reply is in hand is noted already. More than that is needed only for an id, for an attempt after
        // another, and by who would hold a reply in doubt; it costs a call.
        if id.is_none() && self.lane.doubt.is_none() && context.in_doubt == InDoubt::Resend {
            return match self.is_the_owners().await {
                true => Err(NotOurs),
                false => Ok(None),
            };
        }
        let noted = context.store.intend(
            self.session,
            self.lane,
            id.as_ref(),
            self.chat,
            clock::now(),
        );
        match noted.await {
            Ok(true) => Ok(id),
            Ok(false) => Err(NotOurs),
            Err(error) => {
                // If it was noted all the same, it must be this one; if not, the attempt is noted by its time.
                debug!(%error, session = %self.session, "could not note an attempt");
                Ok(id)
            }
        }
    }

    /// What an error of WAHA's means for the reply; `unknown`: whether an earlier attempt succeeded.
    async fn failed(&self, error: SendError, unknown: bool) -> Verdict {
        let (session, chat, reply) = (self.session, self.chat, self.reply);
        match &error {
            SendError::Refused { .. } => self.dead(error.to_string()),
            SendError::Busy { status: 500, .. }
                if reply.media.is_some() && reply.attempts + 1 >= FILE_ATTEMPTS_MAX =>
            {
                self.dead(format!(
                    "tried {FILE_ATTEMPTS_MAX} times, perhaps sent: {error}; can WAHA get and show this file?"
                ))
            }
            SendError::SessionNotWorking { .. } => {
                match self.context.store.pause(session, clock::now()).await {
                    Ok(true) => warn!(
                        %session, %error,
                        "the session can't send; replies wait until it is WORKING again: look at WAHA's dashboard, it may \
                         have to be started or paired anew"
                    ),
                    Ok(false) => {}
                    Err(error) => debug!(%error, %session, "could not pause the session"),
                }
                // Surely not sent, and not the reply's fault: not counted as an attempt.
                release(unknown)
            }
            SendError::Unreachable { .. }
            | SendError::Interrupted { .. }
            | SendError::Busy { .. } => {
                let asked = match &error {
                    SendError::Busy { retry_after, .. } => retry_after.unwrap_or_default(),
                    _ => Duration::ZERO,
                };
                let doubt = unknown || !error.is_surely_unsent();
                debug!(%session, %chat, reply = reply.id, doubt, %error, "an attempt failed");
                self.again(&error.to_string(), asked, doubt)
            }
        }
    }

    /// To be tried again, at the earliest after `asked`; `doubt`: it may have been sent all the same.
    fn again(&self, reason: &str, asked: Duration, doubt: bool) -> Verdict {
        let (session, chat, reply) = (self.session, self.chat, self.reply);
        let delay = backoff::delay(reply.attempts, RETRY_FIRST, RETRY_LONGEST);
        let delay = backoff::jittered(delay, fastrand::f64()).max(asked.min(GIVE_UP_AFTER));
        let attempts = reply.attempts.saturating_add(1);
        if self.context.unsent.due() {
            warn!(%session, %chat, attempts, retry_in = %clock::brief(delay), reason, "a reply was not sent; will try again");
        }
        Verdict::Retry {
            due: clock::now() + clock::millis(delay),
            again: Reply {
                attempts,
                ..reply.clone()
            },
            doubt,
        }
    }

    fn dead(&self, reason: String) -> Verdict {
        error!(
            session = %self.session,
            chat = %self.chat,
            reply = self.reply.id,
            attempts = self.reply.attempts,
            reason,
            "gave up on a reply; to see and to repeat it: waha-sm dead list, waha-sm dead retry"
        );
        Verdict::Dead {
            conversation: self.reply.conversation.clone(),
            data: history(self.chat, self.reply, None, clock::now()),
            reason,
        }
    }
}

/// The lane went to another process meanwhile, or the chat to the owner.
struct NotOurs;

fn release(doubt: bool) -> Verdict {
    Verdict::Release {
        due: clock::now(),
        doubt,
    }
}

fn sent(chat: &ChatId, reply: &Reply, message: Option<MessageId>) -> Verdict {
    Verdict::Sent {
        conversation: reply.conversation.clone(),
        data: history(chat, reply, message.clone(), clock::now()),
        message,
    }
}

/// Seen, and typing for as long as a person would (WAHA's docs, overview/how-to-avoid-blocking). Failures here cost nothing but looks.
///
/// # Errors
/// Only that the session can't send: then the message itself would have to wait for WAHA to say so again.
async fn pace(
    context: &Context,
    session: &SessionName,
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
    session: &SessionName,
    chat: &ChatId,
    request: impl FnOnce(&Client, &SessionName, &ChatId) -> Result<(), SendError> + Send + 'static,
) -> Result<(), SendError> {
    let _permit = context.permit().await;
    match call(context, session, chat, request).await {
        Ok(Err(error @ SendError::SessionNotWorking { .. })) => Err(error),
        _ => Ok(()),
    }
}

/// One request, on a blocking thread. Whoever calls has a permit.
///
/// # Errors
/// That the thread ended early.
pub(crate) async fn call<T: Send + 'static>(
    context: &Context,
    session: &SessionName,
    chat: &ChatId,
    request: impl FnOnce(&Client, &SessionName, &ChatId) -> T + Send + 'static,
) -> Result<T, String> {
    let (client, session, chat) = (context.client.clone(), session.clone(), chat.clone());
    let called = tokio::task::spawn_blocking(move || request(&client, &session, &chat));
    called
        .await
        .map_err(|_| "the request's thread ended early".to_owned())
}

/// Settles until Redis has taken it: what WAHA took must not be sent again.
async fn settle(context: &Context, session: &SessionName, settlement: &Settlement) -> Option<Lane> {
    let mut failures = 0;
    loop {
        match context
            .store
            .settle(session, settlement.clone(), clock::now())
            .await
        {
            Ok(next) => return next,
            Err(error) => {
                debug!(%error, %session, "could not settle a reply; will again");
                sleep(backoff::delay(failures, SETTLE_FIRST, SETTLE_LONGEST)).await;
                failures += 1;
            }
        }
    }
}

fn unreadable(session: &SessionName, chat: &ChatId, element: &str) -> Verdict {
    error!(
        %session,
        %chat,
        bytes = element.len(),
        "a reply in the lane can't be read; to see it: waha-sm dead list"
    );
    Verdict::Dead {
        conversation: ConversationId::none(),
        data: "{}".to_owned(),
        reason: "the reply in the lane can't be read: was it written by a newer version?"
            .to_owned(),
    }
}

/// Only people are written to, and the chat that the owner chose. They may have chosen another since.
fn unaddressed(session: &SessionName, chat: &ChatId, reply: &Reply) -> Verdict {
    let reason = "its chat is neither a person's nor NOTIFY_CHAT".to_owned();
    error!(
        %session,
        %chat,
        reply = reply.id,
        reason,
        "gave up on a reply; to see it: waha-sm dead list"
    );
    Verdict::Dead {
        conversation: reply.conversation.clone(),
        data: "{}".to_owned(),
        reason,
    }
}
