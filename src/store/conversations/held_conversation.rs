//! A conversation that a process holds.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId};
use crate::store::error::StoreError;
use crate::store::scripts::answer::ScriptAnswer;

/// A conversation that this process now holds.
#[derive(Clone, Debug)]
pub struct HeldConversation {
    /// The chat.
    pub chat: ChatId,
    /// The conversation.
    pub id: ConversationId,
    /// Shuts out the process that held it before: late commits with another epoch are refused.
    pub epoch: String,
    /// How many steps have been committed.
    pub rev: u64,
    /// The flow's state as JSON, empty before the first step. If `rev` is 0: the state of the previous conversation, which
    /// was closed for silence.
    pub state: String,
    /// The customer's WhatsApp name, or empty.
    pub name: String,
    /// How long ago the last message came in, by the clock of Redis; `None` if not known.
    pub silent_for: Option<Duration>,
    /// When the conversation was opened.
    pub opened: Millis,
    /// If it was claimed just now: what the flow remembers of the customer, JSON, or empty.
    pub known: String,
    /// If it was claimed just now: when and how the customer's last conversation ended.
    pub last: Option<(Millis, String)>,
    /// The messages that are not consumed yet, JSON.
    pub inbox: Vec<String>,
}

pub(crate) fn held_conversation(mut answer: ScriptAnswer) -> Result<HeldConversation, StoreError> {
    Ok(HeldConversation {
        chat: ChatId::stored(answer.text()?),
        id: ConversationId::stored(answer.text()?),
        epoch: answer.text()?,
        rev: answer
            .text()?
            .parse()
            .map_err(|_| StoreError::UnexpectedAnswer("a revision"))?,
        state: answer.text()?,
        name: answer.text()?,
        silent_for: silent_for(&answer.text()?),
        opened: answer
            .text()?
            .parse()
            .map(Millis::new)
            .map_err(|_| StoreError::UnexpectedAnswer("a time"))?,
        known: answer.text()?,
        last: last(&answer.text()?, answer.text()?),
        inbox: answer.texts(),
    })
}

fn last(at: &str, outcome: String) -> Option<(Millis, String)> {
    Some((Millis::new(at.parse().ok()?), outcome))
}

/// If a clock was set back, the number is negative and counts as zero.
fn silent_for(millis: &str) -> Option<Duration> {
    let millis: i64 = millis.parse().ok()?;
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}
