//! A conversation that a process holds.

use std::time::Duration;

use crate::ids::{ChatId, ConversationId};
use crate::store::error::StoreError;
use crate::store::scripts::answer::{Millis, ScriptAnswer};

/// A conversation that this process attends from now on.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The chat, in its normal form.
    pub chat: ChatId,
    /// The conversation.
    pub id: ConversationId,
    /// Fences off whoever attended it before.
    pub epoch: String,
    /// How many steps were committed so far.
    pub rev: u64,
    /// The flow's state, JSON, or empty where it has not begun. With a `rev` of 0: of the conversation
    /// before, closed for silence.
    pub state: String,
    /// The customer's WhatsApp name, or empty.
    pub name: String,
    /// For how long nothing had come in, by the clock of Redis; `None` where that is not known.
    pub quiet_for: Option<Duration>,
    /// When it was opened.
    pub opened: Millis,
    /// Messages not yet consumed, JSON.
    pub inbox: Vec<String>,
}

pub(crate) fn claimed(mut answer: ScriptAnswer) -> Result<Claimed, StoreError> {
    Ok(Claimed {
        chat: ChatId::stored(answer.text()?),
        id: ConversationId::stored(answer.text()?),
        epoch: answer.text()?,
        rev: answer
            .text()?
            .parse()
            .map_err(|_| StoreError::Garbled("a rev"))?,
        state: answer.text()?,
        name: answer.text()?,
        quiet_for: quiet_for(&answer.text()?),
        opened: answer
            .text()?
            .parse()
            .map_err(|_| StoreError::Garbled("a time"))?,
        inbox: answer.texts(),
    })
}

/// A clock that was set back makes it negative: then something came in just now.
fn quiet_for(millis: &str) -> Option<Duration> {
    let millis: i64 = millis.parse().ok()?;
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}
