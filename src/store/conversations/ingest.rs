//! An inbound message on its way in, and the result.

use std::time::Duration;

use crate::clock;
use crate::clock::Millis;
use crate::flow::Limits;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::store::error::StoreError;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::batch::Batch;
use crate::store::scripts::keys::SEEN_TTL;
use crate::store::scripts::registry::StateChange;

/// An inbound message on its way in.
#[derive(Clone, Debug)]
pub struct Ingest {
    /// The id of the message, unique for its session and direction.
    pub id: MessageId,
    /// The id that it came from.
    pub from: ChatId,
    /// The sender's other id, if the event has it.
    pub other_id: Option<ChatId>,
    /// The customer's WhatsApp name, or empty.
    pub name: String,
    /// The message as JSON, as it is heard.
    pub message: String,
    /// The whole message as JSON, for the history; `None` if it is the same.
    pub whole: Option<String>,
    /// The parts of its content, one letter each. If a later copy of the message has more, it completes this one.
    pub parts: String,
    /// When it was sent.
    pub sent_at: Millis,
    /// Whether WAHA posted it. If we found it in a list, that says nothing about WAHA's webhooks.
    pub by_webhook: bool,
    /// What it may do.
    pub hearing: Hearing,
    /// If the owner answers the chat from their own phone: how long that lasts after this message.
    pub phone_quiet: Duration,
    /// The words of the message, to see whether a machine wrote it; `None` if they can't tell.
    pub words: Option<AnswerWords>,
    /// When the bot leaves the chat alone.
    pub limits: Limits,
    /// 1 to 5, if the message is nothing but a rating, and the reply to it.
    pub rating: Option<(u8, Option<Reply>)>,
    /// Now.
    pub now: Millis,
}

/// The words of a message, for comparison with the answer before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerWords {
    /// What it says, perhaps shortened; empty if people say it again and again, too.
    pub text: String,
    /// Nobody types that much at once.
    pub is_long: bool,
}

/// What an inbound message may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// It opens or continues a conversation.
    Opens,
    /// It continues a conversation, but opens none. If none is open, it is only recorded.
    Continues,
    /// It is only recorded. It does not use up the turn of a copy that comes later and can be heard.
    HistoryOnly,
}

impl Hearing {
    fn name(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Continues => "continues",
            Self::HistoryOnly => "history",
        }
    }
}

/// The result of taking in an inbound message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// It opened a conversation, or belongs to one that waits, at this place in line.
    Queued {
        /// 1 is next.
        position: u64,
    },
    /// It belongs to a conversation that a worker has.
    Active,
    /// It belongs to a conversation that an agent has.
    Agent,
    /// The customer rates their last conversation with it; no conversation opens.
    Rated,
    /// We had it already; nothing changed.
    Duplicate,
    /// The owner answers this chat from their own phone, or did after this message was sent: it is in the history.
    Phone,
    /// The chat reached a limit, and the bot leaves it alone for a while: the message is in the history only.
    Limit,
    /// As `Recorded`, and the first of its conversation, because the inboxes of its session hold too much.
    Crowded,
    /// It is only in the history: it may not be heard, was withdrawn before it came, or opens no conversation and none is
    /// open; too many messages of its conversation are not consumed yet; or it is so late that what the customer wrote
    /// afterwards was handled.
    Recorded {
        /// It is the first message of its conversation that found the inbox full.
        first: bool,
    },
}

/// How many messages of one chat may wait to be consumed, and how many bytes. The scripts keep these limits (`shared/inbox`).
pub const INBOX_MAX: u64 = 1_000;
/// See [`INBOX_MAX`].
pub const INBOX_BYTES_MAX: u64 = 256 << 10;
/// How many bytes of a session may wait to be consumed.
pub const SESSION_INBOX_BYTES_MAX: u64 = 64 << 20;

pub(crate) fn ingest_batch(script: StateChange) -> Batch<Ingest, Ingested> {
    let weight = |item: &Ingest| item.message.len() + item.whole.as_ref().map_or(0, String::len);
    Batch::start(weight, move |session: SessionName, items: Vec<Ingest>| {
        let script = script.clone();
        async move {
            let now = items.iter().map(|item| item.now).max().unwrap_or_default();
            let posted = items.iter().filter(|item| item.by_webhook);
            let heard_at = posted.map(|item| item.now).max().unwrap_or_default();
            let mut arguments = Arguments::new().length(SEEN_TTL).time(heard_at);
            for item in &items {
                arguments.push_text(&item.id);
                arguments.push_text(&item.from);
                arguments.push_text(item.other_id.as_ref().map_or("", ChatId::as_str));
                arguments.push_text(&item.name);
                arguments.push_text(&item.message);
                arguments.push_text(item.whole.as_deref().unwrap_or_default());
                arguments.push_text(&item.parts);
                arguments.push_time(item.sent_at);
                arguments.push_text(item.hearing.name());
                arguments.push_length(item.phone_quiet);
                arguments.push_text(item.words.as_ref().map_or_else(String::new, lua_words));
                arguments.push_text(lua_limits(item.limits));
                let (rating, thanks) = match &item.rating {
                    Some((rating, thanks)) => (rating.to_string(), thanks.as_ref()),
                    None => (String::new(), None),
                };
                arguments.push_text(rating);
                arguments.push_text(thanks.map(Reply::element).unwrap_or_default());
            }
            let mut answer = ScriptAnswer::of(script.run(&session, now, arguments).await?)?;
            items
                .iter()
                .map(|_| ingested(&answer.text()?, answer.number()?))
                .collect()
        }
    })
}

/// As `note_answer` in the scripts compares them: one letter for their length, then the words.
fn lua_words(words: &AnswerWords) -> String {
    format!("{}{}", if words.is_long { 'l' } else { 's' }, words.text)
}

/// As `read_limits` in the scripts reads them.
fn lua_limits(limits: Limits) -> String {
    if limits.is_off() {
        return String::new();
    }
    format!(
        "{} {} {} {}",
        limits.conversations_per_hour,
        limits.replies_per_hour,
        limits.machine_answers,
        // Redis keeps nothing for no time at all.
        clock::millis(limits.leave_alone_for).max(1),
    )
}

fn ingested(result: &str, position: i64) -> Result<Ingested, StoreError> {
    match result {
        "queued" => Ok(Ingested::Queued {
            position: position.unsigned_abs(),
        }),
        "active" => Ok(Ingested::Active),
        "agent" => Ok(Ingested::Agent),
        "rated" => Ok(Ingested::Rated),
        "duplicate" => Ok(Ingested::Duplicate),
        "phone" => Ok(Ingested::Phone),
        "limit" => Ok(Ingested::Limit),
        "full" => Ok(Ingested::Recorded { first: true }),
        "crowded" => Ok(Ingested::Crowded),
        "recorded" => Ok(Ingested::Recorded { first: false }),
        _ => Err(StoreError::UnexpectedAnswer("a known result")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_keep_these_limits() {
        let limits = format!("{INBOX_MAX}, {INBOX_BYTES_MAX}, {SESSION_INBOX_BYTES_MAX}");
        assert!(
            include_str!("../lua/shared/inbox.lua").contains(&limits),
            "{limits}"
        );
    }
}
