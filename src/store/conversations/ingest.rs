//! An inbound message on its way in, and what became of it.

use crate::clock;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::store::error::StoreError;
use crate::store::scripts::answer::{Millis, ScriptAnswer};
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::batch::Batch;
use crate::store::scripts::keys::SEEN_TTL;
use crate::store::scripts::registry::StateChange;

/// An inbound message on its way in.
#[derive(Clone, Debug)]
pub struct Ingest {
    /// With session and direction it says which message this is.
    pub id: MessageId,
    /// The id it came from, in its normal form.
    pub from: ChatId,
    /// The sender's other id, if the event tells it.
    pub other: Option<ChatId>,
    /// The customer's WhatsApp name, or empty.
    pub name: String,
    /// The message as JSON, for the inbox and for the history.
    pub message: String,
    /// Where no conversation is open it opens one; else it is only recorded there.
    pub opens: bool,
    /// While the owner answers the chat from their own phone: how long that lasts after this, in ms.
    pub phone_quiet: Millis,
    /// Now.
    pub now: Millis,
}

/// What became of an inbound message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// It opened a conversation or belongs to one that waits, at this place in line.
    Queued {
        /// 1 is next.
        position: u64,
    },
    /// It belongs to a conversation that a worker attends.
    Active,
    /// We had it already; nothing changed.
    Duplicate,
    /// The owner answers this chat from their own phone: it is in the history, for them to answer.
    Phone,
    /// Too many messages of its conversation are not consumed yet, or none is open and it opens none: it is in the history,
    /// and nothing more.
    Recorded {
        /// No other message of this conversation met that before.
        first: bool,
    },
}

/// Messages of one conversation that may wait to be consumed. Nobody writes so much who wants an answer; each costs
/// memory in Redis, and all of them are read at once.
pub const INBOX_MAX: i64 = 1_000;

pub(crate) fn ingest_batch(script: StateChange) -> Batch<Ingest, Ingested> {
    Batch::start(move |session: SessionName, items: Vec<Ingest>| {
        let script = script.clone();
        async move {
            let now = items.iter().map(|item| item.now).max().unwrap_or(0);
            let mut arguments = Arguments::new()
                .number(clock::millis(SEEN_TTL))
                .number(INBOX_MAX);
            for item in &items {
                arguments.push_text(&item.id);
                arguments.push_text(&item.from);
                arguments.push_text(item.other.as_ref().map_or("", ChatId::as_str));
                arguments.push_text(&item.name);
                arguments.push_text(&item.message);
                arguments.push_text(if item.opens { "1" } else { "" });
                arguments.push_number(item.phone_quiet);
            }
            let mut answer = ScriptAnswer::of(script.run(&session, now, arguments).await?)?;
            items
                .iter()
                .map(|_| ingested(&answer.text()?, answer.number()?))
                .collect()
        }
    })
}

fn ingested(result: &str, position: i64) -> Result<Ingested, StoreError> {
    match result {
        "queued" => Ok(Ingested::Queued {
            position: position.unsigned_abs(),
        }),
        "active" => Ok(Ingested::Active),
        "duplicate" => Ok(Ingested::Duplicate),
        "phone" => Ok(Ingested::Phone),
        "full" => Ok(Ingested::Recorded { first: true }),
        "recorded" => Ok(Ingested::Recorded { first: false }),
        _ => Err(StoreError::Garbled("a result")),
    }
}
