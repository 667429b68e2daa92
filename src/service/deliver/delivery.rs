//! A delivery is responsible for one lane that this process has taken: it sends the replies one by one and settles each,
//! until the lane is empty or has to wait.

use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::clock::{self, Millis};
use crate::ids::{ChatId, ConversationId, MessageId, SessionName};
use crate::service::deliver::doubt;
use crate::service::deliver::doubt::Settled;
use crate::service::deliver::reply_content;
use crate::service::deliver::reply_content::{Unsent, history};
use crate::service::deliver::retry;
use crate::service::deliver::send_config::{InDoubt, Pacing};
use crate::service::deliver::send_context::SendContext;
use crate::service::deliver::typing::{mark_as_seen, simulate_typing};
use crate::service::kit::backoff;
use crate::store::{Lane, Reply, Settlement, Verdict};
use crate::waha::client::{SendError, SentMessage};

/// Delays between attempts to settle a reply while Redis is down. Meanwhile the chat waits. If we stop before it is settled,
/// the reply is in doubt.
const SETTLE_FIRST: Duration = Duration::from_millis(50);
const SETTLE_LONGEST: Duration = Duration::from_millis(200);
/// A reply sent this soon after its lane was taken needs no second check whether the owner took over the chat.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Sends from a lane until it is empty, has to wait, or is no longer ours. `taken`: when we asked Redis for the lane.
pub(crate) async fn deliver(
    context: &SendContext,
    session: &SessionName,
    lane: Lane,
    mut taken: Instant,
    shutdown: &CancellationToken,
) {
    let mut next = Some(lane);
    while let Some(lane) = next {
        let chat = lane.address.as_ref().unwrap_or(&lane.chat);
        let (verdict, permit) = match &lane.reply {
            Ok(reply) if context.notifier.may_write_to(chat) => {
                let delivery = Delivery {
                    context,
                    session,
                    lane: &lane,
                    chat,
                    reply,
                    taken,
                };
                delivery.run(shutdown).await
            }
            Ok(reply) => (dead_without_recipient(session, chat, reply), None),
            Err(element) => (dead_unreadable(session, &lane.chat, element), None),
        };
        taken = Instant::now();
        next = settle(context, session, &lane.settled(verdict)).await;
        // Released only now: after a crash, each reply that was sent but not settled is in doubt, and the permits limit how
        // many these are.
        drop(permit);
    }
}

/// One reply on its way to one chat.
struct Delivery<'a> {
    context: &'a SendContext,
    session: &'a SessionName,
    lane: &'a Lane,
    /// The chat id to send to.
    chat: &'a ChatId,
    reply: &'a Reply,
    /// The lane was taken at this time or later.
    taken: Instant,
}

impl Delivery<'_> {
    /// Tries once to send the reply, unless it turns out that an earlier attempt sent it. Also returns the request's permit,
    /// to be kept until the verdict is settled.
    async fn run(&self, shutdown: &CancellationToken) -> (Verdict, Option<OwnedSemaphorePermit>) {
        let Self {
            context,
            session,
            chat,
            reply,
            ..
        } = *self;
        let mut id = None;
        let mut unknown = false;
        if !context.access.may_send(session) {
            return (release(self.lane.doubt.is_some()), None);
        }
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
                Settled::AskLater(reason) if retry::is_too_old(reply) => {
                    let reason = format!("perhaps sent: for a day, WAHA could not tell ({reason})");
                    return (self.dead(reason), None);
                }
                Settled::AskLater(reason) => {
                    return (self.again(&reason, Duration::ZERO, true, None), None);
                }
                Settled::Undecidable(reason) => return (self.dead(reason), None),
            }
        }
        if retry::is_too_old(reply) {
            return (self.dead("could not be sent for a day".to_owned()), None);
        }
        if context.pacing == Pacing::Human {
            tokio::select! {
                paced = self.act_like_a_person() => if let Err(error) = paced {
                    return (self.failed(error, unknown, None).await, None);
                },
                () = shutdown.cancelled() => return (release(unknown), None),
            }
        }
        let _file = match reply_content::reads_a_file(reply) {
            // This is never `None`, because nobody closes the semaphore.
            true => context.files.acquire().await.ok(),
            false => None,
        };
        let permit = context.permit().await;
        // An unsettled doubt stays stored as it is, until an attempt succeeds.
        if !unknown {
            match self.record_attempt(id).await {
                Ok(recorded) => id = recorded,
                Err(MayNotSend) => return (release(false), None),
            }
        } else if self.owner_took_over().await {
            return (release(true), None);
        }
        // If this process stalled past its lease, another may hold the lane: do not send, take it again.
        if shutdown.is_cancelled()
            || !context.access.may_send(session)
            || !context.lease.is_held_since(self.taken)
        {
            return (release(unknown), None);
        }
        let (outgoing, sent_with) = (reply.clone(), id.clone());
        let answer = context
            .waha
            .call(session, chat, move |client, session, chat| {
                reply_content::send(client, session, chat, &outgoing, sent_with.as_ref())
            })
            .await;
        let interrupted = |reason| Err(Unsent::Waha(SendError::Interrupted { reason }));
        let verdict = match answer.unwrap_or_else(interrupted) {
            Ok(SentMessage { message }) => {
                context.access.note_sent(session);
                sent(chat, reply, message)
            }
            Err(Unsent::Waha(error)) => self.failed(error, unknown, id).await,
            Err(Unsent::File(reason)) => self.dead(reason),
        };
        (verdict, permit)
    }

    /// An agent has typed already: their words only mark the chat as seen.
    async fn act_like_a_person(&self) -> Result<(), SendError> {
        let (lane, text) = (&self.lane.chat, &self.reply.text);
        match self.reply.by {
            Some(_) => mark_as_seen(self.context, self.session, lane).await,
            None => simulate_typing(self.context, self.session, lane, self.chat, text).await,
        }
    }

    /// Whether the owner has answered in this chat since the lane was taken or since an earlier attempt. Then the reply is
    /// not sent, and the settlement drops it. Redis is asked only if the owner had time to answer. An agent's words are sent
    /// all the same.
    async fn owner_took_over(&self) -> bool {
        let (store, chat) = (&self.context.store, &self.lane.chat);
        self.reply.by.is_none()
            && (self.lane.doubt.is_some() || self.taken.elapsed() > AT_ONCE)
            && store
                .is_with_phone(self.session, chat)
                .await
                .unwrap_or(false)
    }

    /// Stores the attempt if that is useful, and returns its message id, if WAHA gives one. `again`: the id of an earlier
    /// attempt, to be used again.
    async fn record_attempt(
        &self,
        again: Option<MessageId>,
    ) -> Result<Option<MessageId>, MayNotSend> {
        let context = self.context;
        let id = match again {
            Some(id) => Some(id),
            // WAHA accepts an id only for text.
            None if self.reply.media.is_some() => None,
            None => {
                context
                    .message_ids
                    .next(&context.waha, self.session, self.chat)
                    .await
            }
        };
        // Redis already knows that the reply is being sent. Storing the attempt costs a call, and is needed only for a
        // message id, for a repeated attempt, and with IN_DOUBT=hold.
        if id.is_none() && self.lane.doubt.is_none() && context.in_doubt == InDoubt::Resend {
            return match self.owner_took_over().await {
                true => Err(MayNotSend),
                false => Ok(None),
            };
        }
        let recorded = context.store.record_attempt(
            self.session,
            self.lane,
            id.as_ref(),
            self.chat,
            Millis::now(),
        );
        match recorded.await {
            Ok(true) => Ok(id),
            Ok(false) => Err(MayNotSend),
            Err(error) => {
                debug!(%error, session = %self.session, "could not store an attempt");
                match context.in_doubt {
                    // Redis may have stored it anyway, so this id must be used. If not, the settlement stores it.
                    InDoubt::Resend => Ok(id),
                    // An attempt that Redis does not know was never made: after a crash, nobody looks for its message.
                    InDoubt::Hold => Err(MayNotSend),
                }
            }
        }
    }

    /// The verdict on a reply after an error from WAHA. `unknown`: an earlier attempt may have sent it. `id`: the message id that this
    /// attempt was made with.
    async fn failed(&self, error: SendError, unknown: bool, id: Option<MessageId>) -> Verdict {
        let (session, chat, reply) = (self.session, self.chat, self.reply);
        match &error {
            // The reply is not the cause, and was surely not sent, so this doesn't count as an attempt.
            SendError::Refused { .. } if self.context.access.is_refused(session, &error).await => {
                release(unknown)
            }
            SendError::Refused { .. } => self.dead(error.to_string()),
            SendError::Busy { status: 500, .. } if retry::is_last_attempt_of_file(reply) => {
                let attempts = reply.attempts + 1;
                self.dead(format!(
                    "tried {attempts} times, perhaps sent: {error}; can WAHA get and show this file?"
                ))
            }
            SendError::SessionNotWorking { .. } => {
                match self.context.store.pause(session, Millis::now()).await {
                    Ok(true) => warn!(
                        %session, %error,
                        "the session can't send, so its replies wait until it is WORKING again: look at WAHA's \
                        dashboard, you may have to start it or pair the phone again"
                    ),
                    Ok(false) => {}
                    Err(error) => debug!(%error, %session, "could not pause the session"),
                }
                // It was surely not sent, and the reply is not the cause, so this doesn't count as an attempt.
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
                self.again(&error.to_string(), asked, doubt, id)
            }
        }
    }

    /// Try again, at the earliest after `asked`. `doubt`: it may have been sent, with this `id` if there is one.
    fn again(&self, reason: &str, asked: Duration, doubt: bool, id: Option<MessageId>) -> Verdict {
        let (session, chat, reply) = (self.session, self.chat, self.reply);
        let delay = retry::delay(reply, asked);
        let attempts = reply.attempts.saturating_add(1);
        if self.context.unsent.due() {
            warn!(%session, %chat, attempts, retry_in = %clock::brief(delay), reason, "a reply was not sent; will try again");
        }
        Verdict::Retry {
            due: Millis::now() + delay,
            again: Reply {
                attempts,
                ..reply.clone()
            },
            doubt,
            id,
        }
    }

    fn dead(&self, reason: String) -> Verdict {
        error!(
            session = %self.session,
            chat = %self.chat,
            reply = self.reply.id,
            attempts = self.reply.attempts,
            reason,
            "gave up on a reply; correct what `reason` says, then send it with `waha-sm dead retry`; to see it: \
            `waha-sm dead list`"
        );
        Verdict::Dead {
            conversation: self.reply.conversation.clone(),
            data: history(self.chat, self.reply, None, Millis::now()),
            reason,
        }
    }
}

/// Meanwhile another process took the lane, or the owner took over the chat; or the attempt must be stored first, and Redis does not
/// answer.
struct MayNotSend;

fn release(doubt: bool) -> Verdict {
    Verdict::Release {
        due: Millis::now(),
        doubt,
    }
}

fn sent(chat: &ChatId, reply: &Reply, message: Option<MessageId>) -> Verdict {
    Verdict::Sent {
        conversation: reply.conversation.clone(),
        data: history(chat, reply, message.clone(), Millis::now()),
        message,
    }
}

/// Settles the reply, and repeats this until Redis accepts it: a reply that WAHA accepted must not be sent again.
async fn settle(
    context: &SendContext,
    session: &SessionName,
    settlement: &Settlement,
) -> Option<Lane> {
    let mut failures = 0;
    loop {
        match context
            .store
            .settle(session, settlement.clone(), Millis::now())
            .await
        {
            Ok(next) => return next,
            Err(error) => {
                debug!(%error, %session, "could not record the result of a reply in Redis; will try again");
                sleep(backoff::delay(failures, SETTLE_FIRST, SETTLE_LONGEST)).await;
                failures += 1;
            }
        }
    }
}

fn dead_unreadable(session: &SessionName, chat: &ChatId, element: &str) -> Verdict {
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

/// We write only to people and to NOTIFY_CHAT, which may have changed since the reply was queued.
fn dead_without_recipient(session: &SessionName, chat: &ChatId, reply: &Reply) -> Verdict {
    let reason = "its chat is neither a person's nor NOTIFY_CHAT, nor a step's notify".to_owned();
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
