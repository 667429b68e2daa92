//! Settles the first replies of lanes, in batches.

use std::sync::Arc;

use crate::clock::Millis;
use crate::ids::{MessageId, SessionName};
use crate::store::lanes::lane::{Lane, Settlement, Verdict};
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::batch::Batch;
use crate::store::scripts::keys::SEEN_TTL;
use crate::store::scripts::registry::StateChange;

/// How many dead letters are kept per session; each has about 1 KB.
const DEAD_MAX: i64 = 10_000;

/// A settlement, and when it was made. The process also remembers it.
pub(crate) type Settling = (Arc<Settlement>, Millis);

pub(crate) fn settle_batch(script: StateChange) -> Batch<Settling, Option<Lane>> {
    Batch::start(
        |(settlement, _): &Settling| settlement.element.len(),
        move |session: SessionName, items: Vec<Settling>| {
            let script = script.clone();
            async move {
                let now = items.iter().map(|(_, now)| *now).max().unwrap_or_default();
                let mut arguments = Arguments::new().number(DEAD_MAX).length(SEEN_TTL);
                for (settlement, _) in &items {
                    push_settlement(&mut arguments, settlement);
                }
                let mut answer = ScriptAnswer::of(script.run(&session, now, arguments).await?)?;
                let mut next = |(settlement, _): Settling| {
                    let element = answer.text()?;
                    let (chat, token) = (settlement.chat.clone(), settlement.token.clone());
                    Lane::from_answer(chat, element, token, &mut answer)
                };
                items.into_iter().map(&mut next).collect()
            }
        },
    )
}

fn push_settlement(arguments: &mut Arguments, settlement: &Settlement) {
    let none = ("", "", "", "");
    let (verdict, due, again, doubt, (message, conversation, data, reason)) =
        match &settlement.verdict {
            Verdict::Sent {
                message,
                conversation,
                data,
            } => {
                let message = message.as_ref().map_or("", MessageId::as_str);
                let entry = (message, conversation.as_str(), data.as_str(), "");
                ("sent", Millis::default(), String::new(), false, entry)
            }
            Verdict::Dead {
                conversation,
                data,
                reason,
            } => {
                let entry = ("", conversation.as_str(), data.as_str(), reason.as_str());
                ("dead", Millis::default(), String::new(), false, entry)
            }
            Verdict::Retry {
                due,
                again,
                doubt,
                id,
            } => {
                let entry = (id.as_ref().map_or("", MessageId::as_str), "", "", "");
                ("retry", *due, again.element(), *doubt, entry)
            }
            Verdict::Release { due, doubt } => ("release", *due, String::new(), *doubt, none),
        };
    arguments.push_text(&settlement.chat);
    arguments.push_text(&settlement.token);
    arguments.push_text(&settlement.element);
    arguments.push_text(verdict);
    arguments.push_time(due);
    let doubt = if doubt { "1" } else { "" };
    for text in [again.as_str(), doubt, message, conversation, data, reason] {
        arguments.push_text(text);
    }
}
