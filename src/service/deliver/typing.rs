//! Acts like a person before a reply is sent: marks the chat as read and shows typing.

use std::time::Duration;

use tokio::time::sleep;

use crate::ids::{ChatId, SessionName};
use crate::service::deliver::send_context::SendContext;
use crate::service::deliver::waha_call::call;
use crate::waha::client::{Client, SendError};

/// How long a person takes to start typing, and to type a letter. WAHA's docs recommend typing but give no numbers
/// (overview/how-to-avoid-blocking).
const TYPING_START: Duration = Duration::from_millis(500);
const TYPING_PER_LETTER: Duration = Duration::from_millis(30);
const TYPING_LONGEST: Duration = Duration::from_secs(6);

/// Marks the chat as read if `first`, and shows typing for as long as a person would type this text. Other failures are
/// ignored, because only the appearance suffers.
///
/// # Errors
/// Only if the session can't send: the reply itself would fail in the same way.
pub(crate) async fn simulate_typing(
    context: &SendContext,
    session: &SessionName,
    chat: &ChatId,
    text: &str,
    first: bool,
) -> Result<(), SendError> {
    if first {
        cosmetic_request(context, session, chat, |client, session, chat| {
            client.send_seen(session, chat)
        })
        .await?;
    }
    cosmetic_request(context, session, chat, |client, session, chat| {
        client.start_typing(session, chat)
    })
    .await?;
    sleep(typing(text.chars().count(), fastrand::f64())).await;
    cosmetic_request(context, session, chat, |client, session, chat| {
        client.stop_typing(session, chat)
    })
    .await
}

/// A request that only changes the appearance.
async fn cosmetic_request(
    context: &SendContext,
    session: &SessionName,
    chat: &ChatId,
    request: impl FnOnce(&Client, &SessionName, &ChatId) -> Result<(), SendError> + Send + 'static,
) -> Result<(), SendError> {
    let _permit = context.permit().await;
    match call(&context.client, session, chat, request).await {
        Ok(Err(error @ SendError::SessionNotWorking { .. })) => Err(error),
        _ => Ok(()),
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
