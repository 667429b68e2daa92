//! Acts like a person before a reply is sent: marks the chat as read and shows typing.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, info, warn};

use crate::ids::{ChatId, SessionName};
use crate::service::deliver::send_context::SendContext;
use crate::waha::client::{Client, SendError};
use crate::waha::serialised_id::SerialisedId;

/// How long a person takes to start typing, and to type a letter. WAHA's docs recommend typing but give no numbers
/// (overview/how-to-avoid-blocking).
const TYPING_START: Duration = Duration::from_millis(500);
const TYPING_PER_LETTER: Duration = Duration::from_millis(30);
const TYPING_LONGEST: Duration = Duration::from_secs(6);

/// Marks what the customer wrote as seen, and shows typing for as long as a person would type this text. `lane`: the chat of
/// the lane, `chat`: the id that the reply is sent to. Other failures are ignored, because only the appearance suffers.
///
/// # Errors
/// Only if the session can't send, or WAHA refuses our key: the reply itself would fail in the same way.
pub(crate) async fn simulate_typing(
    context: &SendContext,
    session: &SessionName,
    lane: &ChatId,
    chat: &ChatId,
    text: &str,
) -> Result<(), SendError> {
    mark_as_seen(context, session, lane).await?;
    let _ = cosmetic_request(context, session, chat, |client, session, chat| {
        client.start_typing(session, chat)
    })
    .await?;
    sleep(typing(text.chars().count(), fastrand::f64())).await;
    cosmetic_request(context, session, chat, |client, session, chat| {
        client.stop_typing(session, chat)
    })
    .await
    .map(drop)
}

/// Marks what the customer wrote in this chat as seen. What WAHA does not mark stays noted for the next time.
///
/// # Errors
/// As `simulate_typing`.
pub(crate) async fn mark_as_seen(
    context: &SendContext,
    session: &SessionName,
    lane: &ChatId,
) -> Result<(), SendError> {
    let unseen = match context.store.unseen_messages(session, lane).await {
        Ok(unseen) => unseen,
        Err(error) => {
            debug!(%error, %session, "could not read which messages are not marked as seen");
            return Ok(());
        }
    };
    // A person may have written from both of their ids.
    let mut by_chat: BTreeMap<ChatId, Vec<String>> = BTreeMap::new();
    for message in unseen {
        let chat = SerialisedId::parse(&message).and_then(|id| ChatId::person(&id.chat?));
        if let Some(chat) = chat {
            by_chat.entry(chat).or_default().push(message);
        }
    }
    for (chat, messages) in by_chat {
        let marked = cosmetic_request(context, session, &chat, {
            let messages = messages.clone();
            move |client, session, chat| client.send_seen(session, chat, &messages)
        })
        .await?;
        match marked {
            Ok(()) => {
                if context.seen_refused.ends(session) {
                    info!(%session, "WAHA marks messages as seen again");
                }
                if let Err(error) = context.store.note_seen(session, lane, messages).await {
                    debug!(%error, %session, "could not note that messages are marked as seen");
                }
            }
            Err(error @ (SendError::Refused { .. } | SendError::Busy { .. })) => {
                if context.seen_refused.begins(session) {
                    warn!(
                        %session, %error,
                        "WAHA does not mark messages as seen; replies are sent all the same. This is logged once, until \
                        it works again"
                    );
                }
            }
            // WAHA is down: the reply will fail too, and log it.
            Err(_) => {}
        }
    }
    Ok(())
}

/// A request that only changes the appearance. The inner result is its own.
///
/// # Errors
/// Only if the session can't send, or WAHA refuses our key.
async fn cosmetic_request(
    context: &SendContext,
    session: &SessionName,
    chat: &ChatId,
    request: impl FnOnce(&Client, &SessionName, &ChatId) -> Result<(), SendError> + Send + 'static,
) -> Result<Result<(), SendError>, SendError> {
    let _permit = context.permit().await;
    let interrupted = |reason| Err(SendError::Interrupted { reason });
    match context
        .waha
        .call(session, chat, request)
        .await
        .unwrap_or_else(interrupted)
    {
        Err(
            error @ (SendError::SessionNotWorking { .. }
            | SendError::Refused {
                status: 401 | 403, ..
            }),
        ) => Err(error),
        result => Ok(result),
    }
}

/// How long to type this many letters. `chance` (0 to 1) varies it by up to a fifth, up or down.
fn typing(letters: usize, chance: f64) -> Duration {
    let letters = u32::try_from(letters).unwrap_or(u32::MAX);
    let typing = TYPING_START
        .saturating_add(TYPING_PER_LETTER.saturating_mul(letters))
        .min(TYPING_LONGEST);
    typing.mul_f64(0.8 + 0.4 * chance)
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
