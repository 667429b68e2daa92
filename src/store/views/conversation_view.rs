//! One open conversation as a person sees it.

use std::collections::HashMap;

use crate::clock::Millis;
use crate::ids::{AgentName, ChatId, ConversationId, ProcessId, SessionName};
use crate::store::conversations::held_by::HeldBy;
use crate::store::error::StoreError;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;
use crate::store::views::line_view::time;
use crate::store::views::unread_words::UnreadWords;

/// One open conversation, or a chat that the owner attends from their phone.
#[derive(Clone, Debug)]
pub struct ConversationView {
    /// The chat. The person may have been asked for under another id.
    pub chat: ChatId,
    /// The conversation; `None` if the owner's phone has a chat in which none was open.
    pub id: Option<ConversationId>,
    /// Which of its steps was committed last.
    pub rev: u64,
    /// `waiting`, `active`, `handoff`, `agent` or `phone`.
    pub status: String,
    /// The customer's WhatsApp name, or empty.
    pub name: String,
    /// The ticket.
    pub ticket: u64,
    /// The place in line; 1 is next. `None`: it is attended.
    pub place: Option<u64>,
    /// When it was opened.
    pub opened: Option<Millis>,
    /// Since when it waits, or is attended.
    pub since: Option<Millis>,
    /// The team for whose people it waits or waited; empty: none.
    pub team: String,
    /// It stands before those that are not urgent.
    pub urgent: bool,
    /// The agent who holds it.
    pub holder: Option<AgentName>,
    /// The process whose worker has it.
    pub process: Option<ProcessId>,
    /// Until when the owner's phone has it, if nothing more is written.
    pub phone_until: Option<Millis>,
    /// Since when the customer waits for an answer of the agent; `None`: they were answered.
    pub unanswered_since: Option<Millis>,
    /// The flow's state, JSON, or empty.
    pub state: String,
    /// How many messages are not handled yet.
    pub unread_count: u64,
    /// The last of them. Those that the customer withdrew are left out.
    pub unread: Vec<UnreadWords>,
    /// How many replies WAHA has not taken yet.
    pub unsent_count: u64,
    /// The first of them. Those that we can't read are left out.
    pub unsent: Vec<Reply>,
}

impl ConversationView {
    /// Who has it, as actions compare it.
    #[must_use]
    pub fn holder(&self) -> HeldBy {
        match (self.status.as_str(), &self.holder) {
            ("agent", Some(agent)) => HeldBy::Agent(agent.clone()),
            ("active", _) => HeldBy::Bot,
            ("phone", _) => HeldBy::Phone,
            _ => HeldBy::Nobody,
        }
    }
}

impl Store {
    /// The open conversation of a chat, with the last `count` messages and the first `count` replies. The chat of a hidden id
    /// is found under its phone number.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn conversation_view(
        &self,
        session: &SessionName,
        chat: &ChatId,
        count: usize,
        now: Millis,
    ) -> Result<Option<ConversationView>, StoreError> {
        let arguments = Arguments::new().text(chat).number(count as i64);
        let script = &self.inner.scripts.show;
        let answer = ScriptAnswer::of(script.run(session, now, arguments).await?)?;
        if !answer.more() {
            return Ok(None);
        }
        view(answer).map(Some)
    }
}

fn view(mut answer: ScriptAnswer) -> Result<ConversationView, StoreError> {
    let (chat, place) = (ChatId::stored(answer.text()?), answer.text()?);
    let (phone_until, unanswered_since) = (time(&answer.text()?), time(&answer.text()?));
    let mut fields = HashMap::new();
    let mut texts = answer.array()?.texts().into_iter();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        fields.insert(name, value);
    }
    let (unread_count, unread) = (answer.number()?, answer.array()?.texts());
    let (unsent_count, unsent) = (answer.number()?, answer.array()?.texts());
    let mut take = |name: &str| fields.remove(name).unwrap_or_default();
    let status = match phone_until {
        Some(_) => "phone".to_owned(),
        None => take("status"),
    };
    let opened = time(&take("opened"));
    let (waiting_since, claimed, taken) = (
        time(&take("waiting_since")),
        time(&take("claimed")),
        time(&take("taken")),
    );
    let since = match status.as_str() {
        "waiting" | "handoff" => waiting_since,
        "agent" => taken,
        "active" => claimed,
        _ => None,
    };
    let present = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(ConversationView {
        chat,
        id: present(take("id")).map(ConversationId::stored),
        rev: take("rev").parse().unwrap_or(0),
        name: take("name"),
        ticket: take("ticket").parse().unwrap_or(0),
        place: place.parse().ok().filter(|place| *place > 0),
        opened,
        since: since.or(opened),
        team: take("team"),
        urgent: take("priority") == "urgent",
        holder: present(take("holder")).map(AgentName::stored),
        process: present(take("owner")).map(ProcessId::stored),
        phone_until,
        unanswered_since,
        state: take("state"),
        unread_count: unread_count.unsigned_abs(),
        unread: unread
            .iter()
            .filter_map(|one| UnreadWords::read(one))
            .collect(),
        unsent_count: unsent_count.unsigned_abs(),
        unsent: unsent
            .iter()
            .filter_map(|one| Reply::from_element(one))
            .collect(),
        status,
    })
}
