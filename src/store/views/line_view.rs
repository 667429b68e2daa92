//! The line of one session as a person sees it: who waits for a person, who waits for the bot, and who is attended.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::ids::{AgentName, ChatId, ConversationId, ProcessId, SessionName};
use crate::store::error::StoreError;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;
use crate::store::views::unread_words::UnreadWords;

/// The line of one session.
#[derive(Clone, Debug)]
pub struct LineView {
    /// The whole session is paused.
    pub paused: Option<LinePause>,
    /// Who waits for whom, and who is attended by whom. Sections without anybody are left out.
    pub sections: Vec<LineSection>,
}

/// Those who wait for the same, or are attended by the same kind.
#[derive(Clone, Debug)]
pub struct LineSection {
    /// What they have in common.
    pub kind: LineKind,
    /// How many there are.
    pub count: u64,
    /// This line is paused.
    pub paused: Option<LinePause>,
    /// The first of them, in the order of the line.
    pub rows: Vec<LineRow>,
}

/// What the customers of a section have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// They wait for a person of this team; empty: of no team in particular.
    ForPerson(String),
    /// They wait for the bot.
    ForBot,
    /// An agent attends them.
    ByAgent,
    /// The owner's phone attends them.
    ByPhone,
    /// The bot attends them.
    ByBot,
}

/// One customer.
#[derive(Clone, Debug)]
pub struct LineRow {
    /// The chat.
    pub chat: ChatId,
    /// The conversation; `None` if the owner's phone has a chat in which none was open.
    pub id: Option<ConversationId>,
    /// The customer's WhatsApp name, or empty.
    pub name: String,
    /// The ticket.
    pub ticket: u64,
    /// The place in line; 1 is next. `None`: they are attended.
    pub place: Option<u64>,
    /// Since when they wait, or are attended; when the owner's phone has the chat: when the owner last wrote.
    pub since: Millis,
    /// They stand before those that are not urgent.
    pub urgent: bool,
    /// The team for whose people they wait or waited; empty: none.
    pub team: String,
    /// The agent who attends them.
    pub holder: Option<AgentName>,
    /// The process whose worker attends them.
    pub process: Option<ProcessId>,
    /// Since when they wait for an answer of the agent who attends them; `None`: they were answered.
    pub unanswered_since: Option<Millis>,
    /// Until when the owner's phone has the chat, if nothing more is written.
    pub phone_until: Option<Millis>,
    /// The place in line that they were last told.
    pub told: Option<u64>,
    /// The flow's state, JSON, or empty.
    pub state: String,
    /// Their last message that is not handled yet.
    pub last: Option<UnreadWords>,
}

/// A line, or a whole session, is paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinePause {
    /// What the customers who write are told.
    #[serde(default)]
    pub text: String,
    /// Since when (ms).
    #[serde(default)]
    pub since: Millis,
    /// Who paused it.
    #[serde(default)]
    pub by: String,
}

/// Which part of a line to look at.
#[derive(Clone, Copy, Debug)]
pub enum LinePart<'a> {
    /// All of it.
    Everything,
    /// Who waits for the people of this team, and whom they attend; empty: of no team.
    Team(&'a str),
}

impl Store {
    /// The line of a session, with at most `rows` rows of each section. It costs the same for any number of customers.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn line_view(
        &self,
        session: &SessionName,
        part: LinePart<'_>,
        rows: usize,
        now: Millis,
    ) -> Result<LineView, StoreError> {
        let arguments = Arguments::new().number(rows as i64).text(match part {
            LinePart::Everything => "*",
            LinePart::Team(team) => team,
        });
        let script = &self.inner.scripts.line;
        let mut answer = ScriptAnswer::of(script.run(session, now, arguments).await?)?;
        Ok(LineView {
            paused: pause(&answer.text()?),
            sections: answer
                .arrays()
                .map(|one| section(one?))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// A pause that another version wrote in a way that we can't read is still one.
pub(crate) fn pause(json: &str) -> Option<LinePause> {
    (!json.is_empty()).then(|| {
        serde_json::from_str(json).unwrap_or(LinePause {
            text: String::new(),
            since: Millis::default(),
            by: String::new(),
        })
    })
}

fn section(mut answer: ScriptAnswer) -> Result<LineSection, StoreError> {
    let (what, team) = (answer.text()?, answer.text()?);
    let kind = match what.as_str() {
        "person" => LineKind::ForPerson(team),
        "bot" => LineKind::ForBot,
        "agent" => LineKind::ByAgent,
        "phone" => LineKind::ByPhone,
        "worker" => LineKind::ByBot,
        _ => return Err(StoreError::UnexpectedAnswer("a known section of the line")),
    };
    let count = number(&answer.text()?)?;
    let paused = pause(&answer.text()?);
    let rows = answer.arrays().map(|one| row(one?, &kind));
    Ok(LineSection {
        rows: rows.collect::<Result<_, _>>()?,
        kind,
        count,
        paused,
    })
}

fn row(mut answer: ScriptAnswer, kind: &LineKind) -> Result<LineRow, StoreError> {
    let chat = ChatId::stored(answer.text()?);
    let id = Some(answer.text()?).filter(|id| !id.is_empty());
    let (name, ticket, place) = (answer.text()?, answer.text()?, number(&answer.text()?)?);
    let since = time(&answer.text()?).unwrap_or_default();
    let urgent = !answer.text()?.is_empty();
    let holder = Some(answer.text()?).filter(|holder| !holder.is_empty());
    let moment = time(&answer.text()?);
    let is_phone = *kind == LineKind::ByPhone;
    let (team, state) = (answer.text()?, answer.text()?);
    let (told, last) = (answer.text()?, answer.text()?);
    let (holder, process) = match kind {
        LineKind::ByAgent => (holder.map(AgentName::stored), None),
        _ => (None, holder.map(ProcessId::stored)),
    };
    Ok(LineRow {
        chat,
        id: id.map(ConversationId::stored),
        name,
        ticket: ticket.parse().unwrap_or(0),
        place: (place > 0).then_some(place),
        since,
        urgent,
        team,
        told: told.parse().ok(),
        holder,
        process,
        unanswered_since: moment.filter(|_| !is_phone),
        phone_until: moment.filter(|_| is_phone),
        state,
        last: UnreadWords::read(&last),
    })
}

fn number(text: &str) -> Result<u64, StoreError> {
    text.parse()
        .map_err(|_| StoreError::UnexpectedAnswer("a number"))
}

/// A time that a script passes on; `None` if there is none.
pub(super) fn time(text: &str) -> Option<Millis> {
    text.parse().ok().map(Millis::new)
}
