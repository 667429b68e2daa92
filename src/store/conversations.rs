//! Conversations: taken in, claimed, carried on step by step, closed, given back.

use std::time::Duration;

use fred::interfaces::{HashesInterface, SetsInterface};

use super::batch::Batch;
use super::echo::EchoContent;
use super::scripts::{Arguments, StateChange};
use super::{Answer, Error, Millis, Reply, SEEN_TTL, Store};
use crate::clock;
use crate::ids::{ChatId, ConversationId, MessageId, ProcessId, SessionName};

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

/// Something for the history alone.
#[derive(Clone, Debug)]
pub struct Record {
    /// What tells it apart from a repetition, or empty.
    pub seen: String,
    /// The kind of history entry.
    pub kind: &'static str,
    /// The id of the chat that it came from, in its normal form.
    pub from: ChatId,
    /// The customer's other id, if the event tells it.
    pub other: Option<ChatId>,
    /// A message makes its chat known; all else is recorded only in known chats.
    pub message: bool,
    /// The message, if it is one of ours: it may settle whether a reply was sent.
    pub echo: Option<MessageId>,
    /// What it says, if it is a message of ours.
    pub says: Option<EchoContent>,
    /// What it means if our sender did not send it; `None`: nothing.
    pub phone: Option<ByPhone>,
    /// The entry as JSON.
    pub data: String,
}

/// What a message of ours means if the owner wrote it on their own phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByPhone {
    /// For how long (ms) without a word from either the owner answers the chat; 0: the bot never steps aside.
    pub quiet: Millis,
    /// It is the word that ends that.
    pub ends: bool,
    /// When the last word was said, by either, of those that are known to have followed it in time; 0: none is.
    pub followed_at: Millis,
}

/// What became of a [`Record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the history.
    Recorded,
    /// We had it already.
    Duplicate,
    /// It is in the history, and the owner wrote it: from now on they answer that chat from their own phone, or no more.
    ByPhone {
        /// No more.
        ends: bool,
    },
    /// It is about a chat that we know nothing of.
    Ignored,
}

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

/// One step of a conversation.
#[derive(Clone, Debug)]
pub struct Step {
    /// The chat, in its normal form.
    pub chat: ChatId,
    /// From [`Claimed`].
    pub epoch: String,
    /// The number of steps before this one.
    pub rev: u64,
    /// How many messages of the inbox it consumed.
    pub consumed: usize,
    /// The flow's state after it, JSON.
    pub state: String,
    /// The outcome, if it closes the conversation.
    pub close: Option<Close>,
    /// How long it waits for a person from now on, in ms, if it is handed to one; 0: for as long as it takes.
    pub handoff: Option<Millis>,
    /// What the customer is told.
    pub replies: Vec<Reply>,
    /// Now.
    pub now: Millis,
}

/// How a conversation closes.
#[derive(Clone, Debug)]
pub struct Close {
    /// In the flow's words.
    pub outcome: String,
    /// What was saved, JSON.
    pub variables: String,
    /// How long its state is kept, in ms; 0 where it can't be resumed.
    pub resume_within: i64,
}

/// What became of a [`Step`].
#[derive(Clone, Debug)]
pub enum Committed {
    /// Done.
    Done {
        /// Messages in the inbox that are still to be consumed.
        unread: u64,
    },
    /// Refused: the conversation is another owner's by now, or this step was committed before.
    Stale,
}

impl Store {
    /// Takes an inbound message: durable when this returns.
    ///
    /// # Errors
    /// As [`Error`] says; the message may or may not have been taken, and can be offered again.
    pub async fn ingest(&self, session: &SessionName, message: Ingest) -> Result<Ingested, Error> {
        self.remember_session(session, message.now).await?;
        self.inner.ingest.call(session, message).await
    }

    /// Puts something into the history.
    ///
    /// # Errors
    /// As for [`Store::ingest`].
    pub async fn record(
        &self,
        session: &SessionName,
        record: &Record,
        now: Millis,
    ) -> Result<Recorded, Error> {
        self.remember_session(session, now).await?;
        let ours = record
            .echo
            .as_ref()
            .is_some_and(|echo| self.inner.sent.knows(session, echo));
        let sent_as = record.says.as_ref().map(EchoContent::sent_as_names);
        let arguments = Arguments::new()
            .number(clock::millis(SEEN_TTL))
            .text(&record.seen)
            .text(record.kind)
            .text(&record.from)
            .text(record.other.as_ref().map_or("", ChatId::as_str))
            .text(if record.message { "1" } else { "" })
            .text(record.echo.as_ref().map_or("", MessageId::as_str))
            .text(record.says.as_ref().map_or("", EchoContent::wording))
            .text(sent_as.unwrap_or_default())
            .text(&record.data)
            .number(record.phone.map_or(0, |phone| phone.quiet))
            .text(match record.phone {
                _ if ours => "ours",
                Some(phone) if phone.ends => "ends",
                Some(_) => "says",
                None => "",
            })
            .number(record.phone.map_or(0, |phone| phone.followed_at));
        match Answer::of(
            self.inner
                .scripts
                .record
                .run(session, now, arguments)
                .await?,
        )?
        .text()?
        .as_str()
        {
            "recorded" => Ok(Recorded::Recorded),
            "duplicate" => Ok(Recorded::Duplicate),
            "begins" => Ok(Recorded::ByPhone { ends: false }),
            "ends" => Ok(Recorded::ByPhone { ends: true }),
            "ignored" => Ok(Recorded::Ignored),
            _ => Err(Error::Garbled("a result")),
        }
    }

    /// Claims up to `count` conversations, the longest waiting first.
    ///
    /// # Errors
    /// As [`Error`] says. What was claimed all the same is found by [`Store::held`].
    pub async fn claim(
        &self,
        session: &SessionName,
        process: &ProcessId,
        count: usize,
        now: Millis,
    ) -> Result<Vec<Claimed>, Error> {
        self.claim_some(session, process, count, now, "").await
    }

    /// Claims up to `count` of the conversations that were opened at `closed_since` or later, whoever waits before them.
    ///
    /// # Errors
    /// As for [`Store::claim`].
    pub async fn claim_closed(
        &self,
        session: &SessionName,
        process: &ProcessId,
        count: usize,
        now: Millis,
        closed_since: Millis,
    ) -> Result<Vec<Claimed>, Error> {
        let since = closed_since.to_string();
        self.claim_some(session, process, count, now, &since).await
    }

    async fn claim_some(
        &self,
        session: &SessionName,
        process: &ProcessId,
        count: usize,
        now: Millis,
        closed_since: &str,
    ) -> Result<Vec<Claimed>, Error> {
        let arguments = Arguments::new()
            .text(process)
            .number(count as i64)
            .text(closed_since);
        let answer = Answer::of(
            self.inner
                .scripts
                .claim
                .run(session, now, arguments)
                .await?,
        )?;
        answer.arrays().map(|one| claimed(one?)).collect()
    }

    /// Commits one step of a conversation.
    ///
    /// # Errors
    /// As [`Error`] says; the step may or may not have been committed: [`Store::read`] tells.
    pub async fn commit(&self, session: &SessionName, step: Step) -> Result<Committed, Error> {
        self.inner.commit.call(session, step).await
    }

    /// A conversation as Redis has it, if `process` owns it: to look into its inbox, or after an answer of Redis' was
    /// lost.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn read(
        &self,
        session: &SessionName,
        chat: &ChatId,
        process: &ProcessId,
    ) -> Result<Option<Claimed>, Error> {
        let arguments = Arguments::new().text(chat).text(process);
        let script = &self.inner.scripts.read;
        let answer = Answer::of(script.run(session, clock::now(), arguments).await?)?;
        if answer.more() {
            claimed(answer).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The attended chats of a session whose inbox holds something, whoever attends them.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn unread(&self, session: &SessionName) -> Result<Vec<ChatId>, Error> {
        self.connected()?;
        Ok(self
            .inner
            .client
            .smembers(self.inner.keys.unread(session))
            .await?)
    }

    /// The chats of a session that `process` holds according to Redis.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn held(
        &self,
        session: &SessionName,
        process: &ProcessId,
    ) -> Result<Vec<ChatId>, Error> {
        self.connected()?;
        let active: Vec<(ChatId, ProcessId)> = self
            .inner
            .client
            .hgetall(self.inner.keys.active(session))
            .await?;
        Ok(active
            .into_iter()
            .filter(|(_, owner)| owner == process)
            .map(|(chat, _)| chat)
            .collect())
    }

    /// Takes back all that `process` holds in a session: conversations return to the line under their old
    /// tickets, lanes become due. Returns how many of each.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn release(
        &self,
        session: &SessionName,
        process: &ProcessId,
        now: Millis,
    ) -> Result<(u64, u64), Error> {
        let arguments = Arguments::new().text(process);
        let script = &self.inner.scripts.release;
        let mut answer = Answer::of(script.run(session, now, arguments).await?)?;
        Ok((
            answer.number()?.unsigned_abs(),
            answer.number()?.unsigned_abs(),
        ))
    }
}

fn claimed(mut answer: Answer) -> Result<Claimed, Error> {
    Ok(Claimed {
        chat: ChatId::stored(answer.text()?),
        id: ConversationId::stored(answer.text()?),
        epoch: answer.text()?,
        rev: answer
            .text()?
            .parse()
            .map_err(|_| Error::Garbled("a rev"))?,
        state: answer.text()?,
        name: answer.text()?,
        quiet_for: quiet_for(&answer.text()?),
        opened: answer
            .text()?
            .parse()
            .map_err(|_| Error::Garbled("a time"))?,
        inbox: answer.texts(),
    })
}

/// A clock that was set back makes it negative: then something came in just now.
fn quiet_for(millis: &str) -> Option<Duration> {
    let millis: i64 = millis.parse().ok()?;
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

pub(super) fn ingest_batch(script: StateChange) -> Batch<Ingest, Ingested> {
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
            let mut answer = Answer::of(script.run(&session, now, arguments).await?)?;
            items
                .iter()
                .map(|_| ingested(&answer.text()?, answer.number()?))
                .collect()
        }
    })
}

fn ingested(result: &str, position: i64) -> Result<Ingested, Error> {
    match result {
        "queued" => Ok(Ingested::Queued {
            position: position.unsigned_abs(),
        }),
        "active" => Ok(Ingested::Active),
        "duplicate" => Ok(Ingested::Duplicate),
        "phone" => Ok(Ingested::Phone),
        "full" => Ok(Ingested::Recorded { first: true }),
        "recorded" => Ok(Ingested::Recorded { first: false }),
        _ => Err(Error::Garbled("a result")),
    }
}

pub(super) fn commit_batch(script: StateChange) -> Batch<Step, Committed> {
    Batch::start(move |session: SessionName, steps: Vec<Step>| {
        let script = script.clone();
        async move {
            let now = steps.iter().map(|step| step.now).max().unwrap_or(0);
            let mut arguments = Arguments::new();
            for step in &steps {
                push_step(&mut arguments, step);
            }
            let mut answer = Answer::of(script.run(&session, now, arguments).await?)?;
            steps.iter().map(|_| committed(answer.number()?)).collect()
        }
    })
}

fn committed(unread: i64) -> Result<Committed, Error> {
    Ok(u64::try_from(unread).map_or(Committed::Stale, |unread| Committed::Done { unread }))
}

fn push_step(arguments: &mut Arguments, step: &Step) {
    let (outcome, variables, resume_within) = step.close.as_ref().map_or(("", "", 0), |close| {
        (&close.outcome, &close.variables, close.resume_within)
    });
    arguments.push_text(&step.chat);
    arguments.push_text(&step.epoch);
    arguments.push_text(step.rev.to_string());
    arguments.push_number(step.consumed as i64);
    arguments.push_text(&step.state);
    arguments.push_text(outcome);
    arguments.push_text(variables);
    arguments.push_number(resume_within);
    match step.handoff {
        Some(within) => arguments.push_number(within),
        None => arguments.push_text(""),
    }
    arguments.push_number(step.replies.len() as i64);
    for reply in &step.replies {
        arguments.push_text(reply.element());
    }
}
