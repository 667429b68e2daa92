//! Customers in line: which of them to look at now, and what to tell them.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, SessionName};
use crate::store::actions::steer::{PausedLine, paused_lines};
use crate::store::error::StoreError;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// If a process dies after its look, another looks after this time: longer than a short stall, and short enough for
/// customers.
const LEASE: Duration = Duration::from_secs(5);

/// The customers of a session to look at now.
#[derive(Clone, Debug)]
pub struct DueWaiting {
    /// Who they are.
    pub waiting: Vec<WaitingConversation>,
    /// The lines of the session that are paused.
    pub paused: Vec<PausedLine>,
    /// There may be more to look at now.
    pub more: bool,
}

/// A conversation in line.
#[derive(Clone, Debug)]
pub struct WaitingConversation {
    /// The chat.
    pub chat: ChatId,
    /// The conversation.
    pub id: ConversationId,
    /// Its place in line; 1 is next.
    pub position: u64,
    /// Since when it waits: since its opening, or since it went back to the line.
    pub since: Millis,
    /// The place in line that the customer was last told, and when.
    pub announced: Option<(u64, Millis)>,
    /// How many messages of the inbox were looked at before.
    pub examined: u64,
    /// The flow has begun: a worker had it, and it went back to the line.
    pub begun: bool,
    /// The flow's state at that time, JSON, or empty.
    pub state: String,
    /// It waits for a person, and `position` is the place in that line.
    pub for_person: bool,
    /// The team for whose people it waits; empty: any person, or it waits for a worker.
    pub team: String,
    /// When it was moved in its line, if it has not been told its place since.
    pub moved: Option<Millis>,
    /// The pause that its customer was last told of, as [`Announcement::told_pause`] named it, or empty.
    pub told_pause: String,
    /// Among those who wait for a person, it stands before those that are not urgent.
    pub urgent: bool,
    /// It is its turn to get a notice that nobody asked for.
    pub turn: bool,
    /// The customer's WhatsApp name, or empty.
    pub name: String,
    /// The messages not looked at yet, JSON.
    pub unexamined: Vec<String>,
}

/// The result of looking at a customer in line.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// The chat.
    pub chat: ChatId,
    /// The conversation. If the chat has another one now, nothing changes.
    pub id: ConversationId,
    /// From [`WaitingConversation`].
    pub turn: bool,
    /// The place that `reply` tells, if any.
    pub announced: Option<u64>,
    /// From [`WaitingConversation`]. If it was moved since, it is due again at once.
    pub moved: Option<Millis>,
    /// The pause that `reply` tells of, if any.
    pub told_pause: Option<String>,
    /// When to look again.
    pub due: Millis,
    /// How many messages of the inbox have been looked at, without `words`.
    pub examined: u64,
    /// How many had been looked at before. If another process has looked since, nothing is done.
    pub examined_before: u64,
    /// From [`WaitingConversation`]. If a worker had the conversation since and it is back in line, nothing is done.
    pub since: Millis,
    /// Set if the customer leaves.
    pub leave: Option<Leave>,
    /// The notice or answer to the customer; it replaces a notice that is not sent yet. A notice that can't be sent in this minute
    /// is not written, and the customer is looked at again when it is their turn.
    pub reply: Option<Reply>,
    /// The messages that were words for the queue, as they are in `unexamined`. They are removed from the inbox.
    pub words: Vec<String>,
}

/// A customer leaves the line.
#[derive(Clone, Debug)]
pub struct Leave {
    /// The outcome of the conversation.
    pub outcome: String,
    /// The variables that the flow saved, JSON.
    pub variables: String,
}

impl Store {
    /// The customers in a session's lines to look at now, at most `count`, and which of these lines are paused. `per_minute`: how
    /// many notices that nobody asked for the session may send in a minute.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn due_waiting(
        &self,
        session: &SessionName,
        count: usize,
        per_minute: u32,
        now: Millis,
    ) -> Result<DueWaiting, StoreError> {
        let arguments = Arguments::new()
            .number(count as i64)
            .length(LEASE)
            .number(per_minute.into());
        let script = &self.inner.scripts.due_waiting;
        let mut answer = ScriptAnswer::of(script.run(session, now, arguments).await?)?;
        let more = !answer.text()?.is_empty();
        let paused = paused_lines(answer.array()?.texts());
        let waiting = answer.arrays().map(|one| waiting(one?));
        Ok(DueWaiting {
            waiting: waiting.collect::<Result<_, _>>()?,
            paused,
            more,
        })
    }

    /// When it is time to look at the next customer in a session's line, or when it is the turn of those who are put off; `None` if
    /// nobody waits.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn next_look_at(&self, session: &SessionName) -> Result<Option<Millis>, StoreError> {
        let key = self.inner.keys.look_at(session);
        let first: Vec<(String, f64)> = self.inner.client.zrange_with_scores(key, 0, 0).await?;
        Ok(first.first().map(|(_, due)| Millis::new(*due as i64)))
    }

    /// Stores the results of looking. Returns how many customers still waited. `per_minute` as in [`Store::due_waiting`].
    ///
    /// # Errors
    /// See [`StoreError`]. The customers are looked at again after a few seconds.
    pub async fn announce(
        &self,
        session: &SessionName,
        announcements: &[Announcement],
        per_minute: u32,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let mut arguments = Arguments::new().number(per_minute.into());
        for one in announcements {
            let text = |number: Option<String>| number.unwrap_or_default();
            arguments = arguments
                .text(&one.chat)
                .text(&one.id)
                .text(if one.turn { "1" } else { "" })
                .text(text(one.announced.map(|place| place.to_string())))
                .text(text(one.moved.map(|at| at.to_string())))
                .text(one.told_pause.as_deref().unwrap_or_default())
                .time(one.due)
                .number(one.examined.cast_signed())
                .number(one.examined_before.cast_signed())
                .time(one.since)
                .text(one.leave.as_ref().map_or("", |leave| &leave.outcome))
                .text(one.leave.as_ref().map_or("", |leave| &leave.variables))
                .text(one.reply.as_ref().map(Reply::element).unwrap_or_default())
                .number(one.words.len() as i64);
            for word in &one.words {
                arguments.push_text(word);
            }
        }
        let script = &self.inner.scripts.announce;
        let value = script.run(session, now, arguments).await?;
        value
            .as_u64()
            .ok_or(StoreError::UnexpectedAnswer("a number"))
    }
}

fn waiting(mut answer: ScriptAnswer) -> Result<WaitingConversation, StoreError> {
    let chat = ChatId::stored(answer.text()?);
    let id = ConversationId::stored(answer.text()?);
    let mut number = || -> Result<Option<u64>, StoreError> { Ok(answer.text()?.parse().ok()) };
    let (position, since, announced, announced_at, examined) =
        (number()?, number()?, number()?, number()?, number()?);
    let time = |number: Option<u64>| Millis::new(number.unwrap_or(0).cast_signed());
    Ok(WaitingConversation {
        chat,
        id,
        position: position.ok_or(StoreError::UnexpectedAnswer("a position"))?,
        since: time(since),
        announced: announced.map(|position| (position, time(announced_at))),
        examined: examined.unwrap_or(0),
        name: answer.text()?,
        begun: answer.text()? != "0",
        state: answer.text()?,
        for_person: !answer.text()?.is_empty(),
        team: answer.text()?,
        moved: answer.text()?.parse().ok().map(Millis::new),
        told_pause: answer.text()?,
        urgent: !answer.text()?.is_empty(),
        turn: !answer.text()?.is_empty(),
        unexamined: answer.texts(),
    })
}
