//! Stores, in batches, that replies are about to be sent.

use crate::clock::Millis;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::store::lanes::attempt::WITHOUT_ID;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::batch::Batch;
use crate::store::scripts::registry::StateChange;

/// What `Store::record_attempt` stores.
#[derive(Debug)]
pub(crate) struct AttemptRecord {
    pub(crate) chat: ChatId,
    pub(crate) token: String,
    pub(crate) element: String,
    pub(crate) now: Millis,
    pub(crate) id: Option<MessageId>,
    pub(crate) address: ChatId,
}

pub(crate) fn attempt_batch(script: StateChange) -> Batch<AttemptRecord, bool> {
    let weight = |item: &AttemptRecord| item.element.len();
    Batch::start(
        weight,
        move |session: SessionName, items: Vec<AttemptRecord>| {
            let script = script.clone();
            async move {
                let now = items.iter().map(|one| one.now).max().unwrap_or_default();
                let mut arguments = Arguments::new();
                for one in &items {
                    arguments.push_text(&one.chat);
                    arguments.push_text(&one.token);
                    arguments.push_text(&one.element);
                    arguments.push_text(one.id.as_ref().map_or(WITHOUT_ID, MessageId::as_str));
                    arguments.push_text(&one.address);
                }
                let mut answer = ScriptAnswer::of(script.run(&session, now, arguments).await?)?;
                items.iter().map(|_| Ok(answer.number()? == 1)).collect()
            }
        },
    )
}
