//! A doubt: WAHA's answer to an attempt was lost, so we don't know whether the reply was sent.
//!
//! There are three ways to settle it: WAHA has reported the message since (its echo or its ack); we ask WAHA for the message
//! id that it was sent with; or we look for its text, or its file with the same caption, among our messages in the chat.

use std::time::Duration;

use tracing::{info, warn};

use crate::clock::Millis;
use crate::ids::{MessageId, SessionName};
use crate::service::deliver::send_config::{InDoubt, Pacing};
use crate::service::deliver::send_context::SendContext;
use crate::service::kit::echo_content::echo_content;
use crate::store;
use crate::store::{Attempt, Lane, Reply};
use crate::waha::client::AskError;
use crate::waha::event;
use crate::waha::event::Meaning;

/// WAHA continues a request even if the connection is lost. After this time we assume that it has finished.
const SETTLE_AFTER: Duration = Duration::from_secs(1);
/// WAHA gives times in whole seconds, and its clock may differ from ours.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(10);
/// How many messages of a chat we search for a text. Since the attempt there are hardly more.
const MESSAGES_MAX: u32 = 100;
/// After this time and this many failed requests, we assume that WAHA can't tell.
const PATIENCE: Duration = Duration::from_secs(10);
const ASKED_MAX: u32 = 3;
/// With IN_DOUBT=hold, a reply waits this long for its echo before we give up on it.
const HELD_FOR: Duration = Duration::from_secs(10);

/// The result of settling a doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was sent, as this message.
    Sent(MessageId),
    /// It was not sent, as far as WAHA knows.
    NotSent,
    /// WAHA can't tell: send the reply, perhaps a second time. The doubt stays until that succeeds.
    Unknown,
    /// Not known yet, for this reason: ask again later.
    AskLater(String),
    /// It will never be known, for this reason, and the reply must not be sent twice.
    Undecidable(String),
}

/// Finds out whether the attempt on the first reply of `lane` succeeded.
pub(crate) async fn settle(
    context: &SendContext,
    session: &SessionName,
    lane: &Lane,
    reply: &Reply,
    attempt: &Attempt,
) -> Settled {
    if let Some(echo) = &attempt.echo {
        return Settled::Sent(echo.clone());
    }
    if context.in_doubt == InDoubt::Hold && !attempt.send_begun {
        // With IN_DOUBT=hold, each attempt is stored before it is made. This one was not stored, so it was never made.
        return Settled::NotSent;
    }
    tokio::time::sleep(time_to_settle(context.pacing, attempt)).await;
    let chat = &lane.chat;
    let settled = match ask(context, session, reply, attempt).await {
        Ok(Some(message)) => Settled::Sent(message),
        Ok(None) => Settled::NotSent,
        // If a webhook reported the message meanwhile, that answers the question.
        Err(error) => match context.store.attempt(session, chat).await {
            Ok(Some(Attempt {
                echo: Some(echo), ..
            })) => Settled::Sent(echo),
            _ => match error {
                AskError::Unavailable { reason } => Settled::AskLater(reason),
                AskError::Failed { reason } if should_keep_asking(reply, attempt) => {
                    Settled::AskLater(reason)
                }
                AskError::Failed { reason } | AskError::Unsupported { reason } => {
                    apply_in_doubt_setting(context, session, attempt, reason)
                }
            },
        },
    };
    match &settled {
        Settled::Sent(_) => info!(
            %session,
            %chat,
            reply = reply.id,
            "WAHA has the reply whose answer was lost, so it is not sent again"
        ),
        Settled::NotSent => info!(
            %session,
            %chat,
            reply = reply.id,
            "WAHA does not have the reply whose answer was lost, so it is sent again"
        ),
        Settled::Unknown | Settled::AskLater(_) | Settled::Undecidable(_) => {}
    }
    settled
}

/// How long to wait until WAHA has surely finished the request.
fn time_to_settle(pacing: Pacing, attempt: &Attempt) -> Duration {
    match pacing {
        // With typing, the reply is sent long after the lane was taken, and that time may not be stored.
        Pacing::Human => SETTLE_AFTER,
        Pacing::Off => {
            let settled_at = attempt.since + SETTLE_AFTER;
            Millis::now().until(settled_at).min(SETTLE_AFTER)
        }
    }
}

/// Whether to keep asking. Some WAHA servers can send, but fail for weeks to list messages.
fn should_keep_asking(reply: &Reply, attempt: &Attempt) -> bool {
    reply.attempts < ASKED_MAX || Millis::now().since(attempt.since) < PATIENCE
}

/// WAHA can't tell whether the reply was sent, so `IN_DOUBT` decides.
fn apply_in_doubt_setting(
    context: &SendContext,
    session: &SessionName,
    attempt: &Attempt,
    reason: String,
) -> Settled {
    match context.in_doubt {
        InDoubt::Resend => {
            if context.undecidable.due() {
                warn!(
                    %session,
                    reason,
                    "the answer to a reply was lost, and WAHA can't tell whether the reply was sent; it is sent \
                    again, perhaps twice (IN_DOUBT=resend). {}",
                    advice(&reason)
                );
            }
            Settled::Unknown
        }
        InDoubt::Hold => {
            let held_until = attempt.since + HELD_FOR;
            if Millis::now() < held_until {
                Settled::AskLater(reason)
            } else {
                Settled::Undecidable(format!(
                    "perhaps sent: its answer was lost, and WAHA can't tell ({reason}); IN_DOUBT=hold"
                ))
            }
        }
    }
}

/// What the operator can do, so that WAHA can tell. Only NOWEB's own words name its store: no other engine has that setting.
fn advice(reason: &str) -> &'static str {
    if reason.contains("NOWEB store") {
        "Turn on NOWEB's store in the session's configuration, so that WAHA can tell"
    } else {
        "If this happens again, look at WAHA's log"
    }
}

/// Asks WAHA for the message that the attempt became. `None`: WAHA doesn't have one.
async fn ask(
    context: &SendContext,
    session: &SessionName,
    reply: &Reply,
    attempt: &Attempt,
) -> Result<Option<MessageId>, AskError> {
    let chat = &attempt.address;
    if !context.notifier.may_write_to(chat) {
        return Ok(None);
    }
    let _permit = context.permit().await;
    if let Some(id) = attempt.id.clone() {
        let has = context
            .waha
            .call(session, chat, {
                let id = id.clone();
                move |client, session, chat| client.has_own_message(session, chat, &id)
            })
            .await;
        match has.unwrap_or_else(ended_early) {
            Ok(has) => return Ok(has.then_some(id)),
            Err(AskError::Unsupported { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if chat.is_group() {
        let reason = "messages of a group are not looked through".to_owned();
        return Err(AskError::Unsupported { reason });
    }
    let since = attempt.since - CLOCKS_APART_MAX;
    let listed = context
        .waha
        .call(session, chat, move |client, session, chat| {
            client.messages(session, Some(chat), since, MESSAGES_MAX, 0)
        })
        .await;
    let listed = listed.unwrap_or_else(ended_early)?;
    let candidates: Vec<MessageId> = listed
        .items
        .iter()
        .filter_map(|message| matching_id(message, reply, attempt))
        .collect();
    // If two replies have the same text, a found message may belong to the other one.
    context
        .store
        .first_unknown_message(session, chat, &candidates)
        .await
        .map_err(|error: store::StoreError| AskError::Failed {
            reason: error.to_string(),
        })
}

fn ended_early<T>(reason: String) -> Result<T, AskError> {
    Err(AskError::Failed { reason })
}

/// The id of a listed message, if the attempt may have become this message.
fn matching_id(listed: &str, reply: &Reply, attempt: &Attempt) -> Option<MessageId> {
    let now = Millis::now();
    let Meaning::Own(message) = event::listed(listed, now, now) else {
        return None;
    };
    let id = message.id.clone()?;
    let earliest = attempt.since - CLOCKS_APART_MAX;
    let by_id = attempt.id.as_ref() == Some(&id);
    let by_content = message.sent_at >= earliest && echo_content(&message).is_of(reply);
    (by_id || by_content).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ChatId, ConversationId};

    fn reply(text: &str) -> Reply {
        Reply {
            id: "1".into(),
            conversation: ConversationId::stored("1"),
            text: text.into(),
            media: None,
            queued_at: Millis::new(0),
            attempts: 0,
            by: None,
            notice: false,
        }
    }

    fn listed(message: &str, text: &str, seconds: i64, ours: bool) -> String {
        serde_json::json!({
            "id": format!("{ours}_5511999990000@c.us_{message}"), "timestamp": seconds, "from": "5511999990000@c.us",
            "fromMe": ours, "body": text, "hasMedia": false,
        })
        .to_string()
    }

    #[test]
    fn an_attempt_became_a_message_of_ours_with_its_text_since_then_or_with_its_id() {
        let attempt = Attempt {
            since: Millis::new(1_789_900_801_123),
            send_begun: true,
            id: MessageId::parse("3EB0AA"),
            echo: None,
            address: ChatId::stored("5511999990000@c.us"),
        };
        let matching_id = |listed: String| matching_id(&listed, &reply("Olá\nAna"), &attempt);
        assert_eq!(
            matching_id(listed("3EB01", "Olá\r\nAna ", 1_789_900_801, true)),
            MessageId::parse("3EB01")
        );
        assert_eq!(
            matching_id(listed("3EB02", "Olá", 1_789_900_801, true)),
            None
        );
        assert_eq!(
            matching_id(listed("3EB03", "Olá\nAna", 1_789_900_801, false)),
            None
        );
        assert_eq!(
            matching_id(listed("3EB04", "Olá\nAna", 1_789_900_700, true)),
            None
        );
        assert_eq!(
            matching_id(listed("3EB0AA", "(edited)", 1_789_900_801, true)),
            MessageId::parse("3EB0AA")
        );
    }
}
