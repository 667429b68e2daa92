//! Lists chats and messages from WAHA. Engines differ in what they can list, in which order, and how much at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::waha::client::{AskError, Client, Page};
use crate::waha::event;
use crate::waha::event::Meaning;
use crate::waha::message::Message;

/// Messages per request.
const PAGE: u32 = 100;
/// Chats per request. Some engines look up the picture and the last message of each chat.
const CHATS_PAGE: u32 = 25;
/// The most chats, and the most messages of a chat, that one round reads.
const LISTED_MAX: u32 = 5_000;
/// Pause between requests, so that WAHA can also serve customers.
const PAUSE: Duration = Duration::from_millis(50);

/// Why messages could not be listed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListError {
    /// WAHA did not answer, or answered with an error.
    #[error("{0}")]
    Waha(String),
    /// WAHA's engine can't list them.
    #[error("{0}")]
    Unsupported(String),
    /// Some chats could not be listed; the messages of the others were found.
    #[error("{chats} chats could not be listed, e.g.: {reason}")]
    Chats { chats: usize, reason: String },
}

impl From<AskError> for ListError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Unsupported { reason } => Self::Unsupported(reason),
            AskError::Unavailable { reason } | AskError::Failed { reason } => Self::Waha(reason),
        }
    }
}

/// All messages since `since`, and the error if some could not be listed.
pub(super) async fn messages(
    client: &Arc<Client>,
    session: &SessionName,
    since: Millis,
) -> Result<(Vec<Message>, Option<ListError>), ListError> {
    let mut found = Vec::new();
    let chats = match chats(client, session, since).await {
        Ok(chats) => chats,
        // Some engines can't list chats, but can list all messages.
        Err(ListError::Unsupported(reason)) => {
            return match list(client, session, None, since, &mut found).await {
                Ok(()) => Ok((found, None)),
                Err(ListError::Unsupported(_)) => Err(ListError::Unsupported(reason)),
                Err(failure) => Err(failure),
            };
        }
        Err(failure) => return Err(failure),
    };
    let (listed, mut failed) = (chats.len(), Vec::new());
    for chat in chats {
        if let Err(failure) = list(client, session, Some(chat), since, &mut found).await {
            failed.push(failure);
        }
    }
    let chats = failed.len();
    let failure = match failed.pop() {
        None => None,
        Some(ListError::Unsupported(reason)) if chats == listed => {
            return Err(ListError::Unsupported(reason));
        }
        Some(failure) => Some(ListError::Chats {
            chats,
            reason: failure.to_string(),
        }),
    };
    Ok((found, failure))
}

/// The chats with messages since `since`.
async fn chats(
    client: &Arc<Client>,
    session: &SessionName,
    since: Millis,
) -> Result<Vec<ChatId>, ListError> {
    let mut chats = Vec::new();
    let mut offset = 0;
    while offset < LISTED_MAX {
        let page = ask(client, {
            let session = session.clone();
            move |client| client.chats(&session, CHATS_PAGE, offset)
        })
        .await?;
        let recent = |at: Option<Millis>| at.is_none_or(|at| at >= since);
        let persons = page.items.len();
        let before = chats.len();
        for one in page.items {
            if recent(one.last_message_at) && !chats.contains(&one.chat) {
                chats.push(one.chat);
            }
        }
        // The newest come first. `listed` also counts chats that are left out, such as groups.
        if page.listed == 0 || (persons > 0 && chats.len() == before) {
            break;
        }
        offset += CHATS_PAGE;
    }
    Ok(chats)
}

/// The messages since `since` of one chat, or of all chats.
async fn list(
    client: &Arc<Client>,
    session: &SessionName,
    chat: Option<ChatId>,
    since: Millis,
    found: &mut Vec<Message>,
) -> Result<(), ListError> {
    let mut known = HashSet::new();
    let mut offset = 0;
    while offset < LISTED_MAX {
        let page = ask(client, {
            let (session, chat) = (session.clone(), chat.clone());
            move |client| client.messages(&session, chat.as_ref(), since, PAGE, offset)
        })
        .await?;
        let (before, now) = (known.len(), Millis::now());
        for listed in &page.items {
            // A message without a time counts as old.
            if let Meaning::Inbound(message) | Meaning::Own(message) =
                event::listed(listed, Millis::default(), now)
                && message.sent_at >= since
                && known.insert((message.direction, message.chat.clone(), message.id.clone()))
            {
                found.push(message);
            }
        }
        // Pages may have gaps. A page with nothing new means that we are past the end.
        if known.len() == before {
            break;
        }
        offset += PAGE;
    }
    Ok(())
}

async fn ask<T: Send + 'static>(
    client: &Arc<Client>,
    question: impl FnOnce(&Client) -> Result<Page<T>, AskError> + Send + 'static,
) -> Result<Page<T>, ListError> {
    sleep(PAUSE).await;
    let client = client.clone();
    let asked = tokio::task::spawn_blocking(move || question(&client)).await;
    Ok(asked.map_err(|_| {
        ListError::Waha("the thread of the request to WAHA ended early".to_owned())
    })??)
}
