//! See the room.

use std::sync::Arc;

use crate::clock::Millis;
use crate::flow::State;
use crate::flows::Flows;
use crate::ids::{AgentName, ChatId, ConversationId, SessionName};
use crate::service::desk::refusal::Refusal;
use crate::service::kit::session_pages::PAGE;
use crate::service::kit::session_rounds::in_each;
use crate::store::{
    Acted, Action, ActionKind, Agent, CloseByHand, ConversationView, GiveTo, HeldBy, MoveTo,
    PRESENT_FOR, Reply, Seat, Store, StoreError,
};

/// How much of a conversation's inbox and lane is read to act on it.
const PEEK: usize = 1;
/// How often words are tried to be said while the conversation goes on at the same moment.
const SAY_TRIES: usize = 3;

/// The desk of one agent.
pub struct Desk {
    store: Store,
    /// The flows, if they are known here: they say which steps and teams there are, and what a closed conversation asks.
    flows: Option<Arc<Flows>>,
    agent: Agent,
}

/// An action at the desk.
#[derive(Clone, Debug)]
pub struct Doing {
    /// Unique for this action: repeating it within a day does nothing, and has the same answer.
    pub id: String,
    /// The session.
    pub session: SessionName,
    /// The chat.
    pub chat: ChatId,
    /// What the person saw; `None`: what is there now.
    pub seen: Option<Seen>,
}

/// A conversation as the person saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which one.
    pub conversation: ConversationId,
    /// How many messages were unread, and in which revision of the conversation; `None`: all that are unread now count as seen.
    pub unread: Option<(u64, u64)>,
}

/// Where a conversation is given to, as a person says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GiveAway {
    /// To the bot, at its last question.
    Bot,
    /// To the bot, at this step.
    Step(String),
    /// To the line of a team; empty: of no team in particular.
    Team(String),
    /// To a colleague.
    Agent(AgentName),
}

impl Desk {
    /// The desk of an agent. Only what they do for customers counts as a sign that they are at work.
    ///
    /// # Errors
    /// [`Refusal::NoAgent`], [`Refusal::Off`], and those of Redis.
    pub async fn of(
        store: &Store,
        flows: Option<Arc<Flows>>,
        name: &AgentName,
    ) -> Result<Self, Refusal> {
        let agent = store.agent(name).await?;
        let agent = agent.ok_or_else(|| Refusal::NoAgent(name.clone()))?;
        if agent.off {
            return Err(Refusal::Off(name.clone()));
        }
        Ok(Self {
            store: store.clone(),
            flows,
            agent,
        })
    }

    /// Who works here.
    #[must_use]
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Takes the next conversation that waits for a person, in the lines that the agent serves: urgent ones first, then the
    /// oldest, over all these sessions. Returns in which session.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn take_next(
        &self,
        id: &str,
        session: Option<&SessionName>,
        now: Millis,
    ) -> Result<(Option<SessionName>, Acted), Refusal> {
        self.is_at_work(now).await?;
        let sessions = match session {
            Some(session) => {
                self.serves(session)?;
                vec![session.clone()]
            }
            None => self.sessions().await?,
        };
        for session in &sessions {
            // Repeated, it must not take the next one of another session.
            if let Ok(Some(before)) = self
                .store
                .acted_before(session, (ActionKind::Take, ""), id)
                .await
            {
                return Ok((Some(session.clone()), before));
            }
        }
        let (mut heads, mut failed) = (Vec::new(), None);
        for session in sessions {
            // A session that can't be read keeps nobody from taking a customer of another.
            match self.store.head_of_line(&session, &self.agent.teams).await {
                Ok(Some(head)) => heads.push((head.place >= 0, head.opened, session)),
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed.filter(|_| heads.is_empty()) {
            return Err(error.into());
        }
        heads.sort();
        let mut last = (None, Acted::NobodyWaits);
        for (_, _, session) in heads {
            let action = self.action(id, ChatId::stored(""), HeldBy::Nobody);
            let seat = self.seat(&session).await?;
            let acted = self.store.take_next(&session, &action, &seat, now).await?;
            // Somebody else was faster, or this line is paused: perhaps the next one has somebody.
            let goes_on = matches!(acted, Acted::NobodyWaits | Acted::Paused(_));
            last = (Some(session), acted);
            if !goes_on {
                break;
            }
        }
        Ok(last)
    }

    /// Takes the conversation of a chat, from the line, the bot or the phone, or from this colleague.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn take(
        &self,
        doing: &Doing,
        from: Option<&AgentName>,
        now: Millis,
    ) -> Result<Acted, Refusal> {
        self.is_at_work(now).await?;
        self.serves(&doing.session)?;
        let holder = from.map_or(HeldBy::Nobody, |agent| HeldBy::Agent(agent.clone()));
        let action = self.action_on(doing, holder);
        let seat = self.seat(&doing.session).await?;
        Ok(self.store.take(&doing.session, &action, &seat, now).await?)
    }

    /// Says something to the customer of a conversation that the agent holds.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn say(&self, doing: &Doing, text: &str, now: Millis) -> Result<Acted, Refusal> {
        if text.trim().is_empty() {
            return Err(Refusal::NoWords);
        }
        self.answer(doing, Some(text), now).await
    }

    /// Notes that a customer needs no answer to what they wrote.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn needs_none(&self, doing: &Doing, now: Millis) -> Result<Acted, Refusal> {
        self.answer(doing, None, now).await
    }

    async fn answer(
        &self,
        doing: &Doing,
        text: Option<&str>,
        now: Millis,
    ) -> Result<Acted, Refusal> {
        let mut said = Acted::NotOpen(doing.chat.clone());
        for _ in 0..SAY_TRIES {
            let Some(view) = self.view(doing, now).await? else {
                return self.not_open(ActionKind::Say, doing).await;
            };
            let action = self.action_on(doing, HeldBy::Agent(self.agent.name.clone()));
            // What is read of a conversation and what is done to it must be about the same one, and about the same messages.
            let action = Action {
                conversation: action.conversation.or(view.id.clone()),
                rev: Some(view.rev),
                ..action
            };
            let reply = text.map(|text| self.reply(&view, &doing.id, text, now));
            let seen = Some(unread(doing, &view));
            let store = &self.store;
            said = store
                .say(&doing.session, &action, seen, reply.as_ref(), now)
                .await?;
            // The agent may have said something else in this moment, perhaps on another screen.
            match &said {
                Acted::Changed(standing) if Some(&standing.conversation) == view.id.as_ref() => {}
                _ => break,
            }
        }
        Ok(said)
    }

    /// Notes something about a conversation, whoever has it.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn note(&self, doing: &Doing, text: &str, now: Millis) -> Result<Acted, Refusal> {
        if text.trim().is_empty() {
            return Err(Refusal::NoWords);
        }
        self.is_at_work(now).await?;
        self.serves(&doing.session)?;
        let action = self.action_on(doing, HeldBy::Nobody);
        Ok(self.store.note(&doing.session, &action, text, now).await?)
    }

    /// Gives a conversation away. An attendant gives what they hold; an owner, any.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn give(&self, doing: &Doing, to: &GiveAway, now: Millis) -> Result<Acted, Refusal> {
        // The colleague who got it may be gone since.
        if let Some(before) = self.done_before(ActionKind::Give, doing).await? {
            return Ok(before);
        }
        self.knows(&doing.session, to)?;
        let Some(view) = self.view(doing, now).await? else {
            return Ok(Acted::NotOpen(doing.chat.clone()));
        };
        let action = self.action_on_seen(doing, &view);
        let to = match to {
            GiveAway::Bot => GiveTo::Bot {
                state: json(&state(&view).given_back()),
                step: None,
            },
            GiveAway::Step(step) => GiveTo::Bot {
                state: json(&state(&view).sent_to(step)),
                step: Some(step.clone()),
            },
            GiveAway::Team(team) => GiveTo::Team(team.clone()),
            GiveAway::Agent(name) => self.colleague(name, &doing.session, now).await?,
        };
        let seen = Some(unread(doing, &view));
        let store = &self.store;
        Ok(store.give(&doing.session, &action, seen, &to, now).await?)
    }

    /// Closes a conversation. An attendant closes what they hold; an owner, any. If an agent attended the customer and the flow has a
    /// rating, the customer is asked for it.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn close(&self, doing: &Doing, outcome: &str, now: Millis) -> Result<Acted, Refusal> {
        let Some(view) = self.view(doing, now).await? else {
            return self.not_open(ActionKind::Close, doing).await;
        };
        let close = CloseByHand {
            outcome: outcome.to_owned(),
            asks_rating: self.rating_question(&view, doing, now),
        };
        let action = self.action_on_seen(doing, &view);
        let seen = Some(unread(doing, &view));
        let store = &self.store;
        let closed = store.close_by_hand(&doing.session, &action, seen, &close, now);
        Ok(closed.await?)
    }

    /// Moves a waiting conversation in its line.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn move_to(&self, doing: &Doing, to: MoveTo, now: Millis) -> Result<Acted, Refusal> {
        self.steers("move customers in line")?;
        self.serves(&doing.session)?;
        let action = self.action_on(doing, HeldBy::Nobody);
        let store = &self.store;
        Ok(store.move_in_line(&doing.session, &action, to, now).await?)
    }

    /// Pauses the line of a team (empty: of the whole session), with these words for customers who write meanwhile. Returns whether
    /// it was not paused before.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn pause(
        &self,
        id: &str,
        (session, team): (&SessionName, &str),
        words: &str,
        now: Millis,
    ) -> Result<bool, Refusal> {
        self.steers("pause the line")?;
        self.serves(session)?;
        if !team.is_empty() {
            self.knows(session, &GiveAway::Team(team.to_owned()))?;
        }
        let by = (id, &self.agent.name);
        Ok(self.store.pause_line(session, by, team, words, now).await?)
    }

    /// Ends the pause of a line. Returns whether it was paused.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn resume(
        &self,
        id: &str,
        (session, team): (&SessionName, &str),
        now: Millis,
    ) -> Result<bool, Refusal> {
        self.steers("end a pause of the line")?;
        self.serves(session)?;
        let by = (id, &self.agent.name);
        Ok(self.store.resume_line(session, by, team, now).await?)
    }

    async fn is_at_work(&self, now: Millis) -> Result<(), StoreError> {
        self.store.note_agent_seen(&self.agent.name, now).await
    }

    fn steers(&self, what: &'static str) -> Result<(), Refusal> {
        match self.agent.may_steer() {
            true => Ok(()),
            false => Err(Refusal::NotAnOwner(self.agent.name.clone(), what)),
        }
    }

    fn serves(&self, session: &SessionName) -> Result<(), Refusal> {
        match self.agent.serves(session) {
            true => Ok(()),
            false => Err(Refusal::OtherSession(
                self.agent.name.clone(),
                session.to_string(),
            )),
        }
    }

    /// Whether the flow has the step or the team, if the flows are known here.
    fn knows(&self, session: &SessionName, to: &GiveAway) -> Result<(), Refusal> {
        let Some(flows) = &self.flows else {
            return Ok(());
        };
        let script = flows.of(session);
        match to {
            GiveAway::Step(step) if !script.has_step(step) => {
                Err(Refusal::Unknown("step", step.clone()))
            }
            GiveAway::Team(team) if !team.is_empty() && !script.has_team(team) => {
                Err(Refusal::Unknown("team", team.clone()))
            }
            _ => Ok(()),
        }
    }

    /// The colleague who gets a conversation, if they can.
    async fn colleague(
        &self,
        name: &AgentName,
        session: &SessionName,
        now: Millis,
    ) -> Result<GiveTo, Refusal> {
        let colleague = self.store.agent(name).await?;
        let colleague = colleague.ok_or_else(|| Refusal::NoAgent(name.clone()))?;
        if colleague.off {
            return Err(Refusal::Off(name.clone()));
        }
        if !colleague.serves(session) {
            return Err(Refusal::OtherSession(name.clone(), session.to_string()));
        }
        // What somebody holds who is gone goes back to the line at once.
        let gone_after = self
            .flows
            .as_ref()
            .map(|flows| flows.of(session).agent_gone());
        let seen = self.store.agents_seen().await?;
        let is_here = seen
            .get(name)
            .is_some_and(|seen| now.since(*seen) < gone_after.unwrap_or(PRESENT_FOR));
        if !is_here {
            return Err(Refusal::Gone(name.clone()));
        }
        let elsewhere = self.held_elsewhere(&colleague, session).await?;
        Ok(GiveTo::Agent {
            name: name.clone(),
            room: u64::from(colleague.max_chats).saturating_sub(elsewhere),
        })
    }

    async fn seat(&self, session: &SessionName) -> Result<Seat, Refusal> {
        Ok(Seat {
            max_chats: self.agent.max_chats,
            elsewhere: self.held_elsewhere(&self.agent, session).await?,
            teams: self.agent.teams.clone(),
        })
    }

    /// How many conversations an agent holds in other sessions.
    async fn held_elsewhere(&self, agent: &Agent, session: &SessionName) -> Result<u64, Refusal> {
        let mut others = self.sessions_of(agent).await?;
        others.retain(|other| other != session);
        let reading = in_each(others, |other| {
            let store = self.store.clone();
            async move { store.held_by(&other).await }
        });
        // If one session can't be read, people can still work in the others.
        let counts = reading.await.into_iter().filter_map(|(_, held)| held.ok());
        let of_agent = counts.flatten().filter(|(name, _)| *name == agent.name);
        Ok(of_agent.map(|(_, count)| count).sum())
    }

    async fn sessions(&self) -> Result<Vec<SessionName>, Refusal> {
        Ok(self.sessions_of(&self.agent).await?)
    }

    /// The sessions that an agent serves and in which somebody waits or is attended.
    async fn sessions_of(&self, agent: &Agent) -> Result<Vec<SessionName>, StoreError> {
        if !agent.sessions.is_empty() {
            return Ok(agent.sessions.clone());
        }
        let (mut sessions, mut from) = (Vec::new(), 0);
        loop {
            let page = self.store.busy_sessions_from(from, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            sessions.extend(page);
            if is_last {
                return Ok(sessions);
            }
            from += PAGE;
        }
    }

    async fn view(&self, doing: &Doing, now: Millis) -> Result<Option<ConversationView>, Refusal> {
        self.is_at_work(now).await?;
        self.serves(&doing.session)?;
        let view = self
            .store
            .conversation_view(&doing.session, &doing.chat, PEEK, now)
            .await?;
        Ok(view.filter(|view| view.id.is_some()))
    }

    async fn done_before(&self, kind: ActionKind, doing: &Doing) -> Result<Option<Acted>, Refusal> {
        let (session, what) = (&doing.session, (kind, doing.chat.as_str()));
        Ok(self.store.acted_before(session, what, &doing.id).await?)
    }

    /// No conversation is open. The same action may have closed it before.
    async fn not_open(&self, kind: ActionKind, doing: &Doing) -> Result<Acted, Refusal> {
        let before = self.done_before(kind, doing).await?;
        Ok(before.unwrap_or_else(|| Acted::NotOpen(doing.chat.clone())))
    }

    fn action(&self, id: &str, chat: ChatId, holder: HeldBy) -> Action {
        Action {
            id: id.to_owned(),
            by: self.agent.name.clone(),
            chat,
            conversation: None,
            rev: None,
            holder,
        }
    }

    fn action_on(&self, doing: &Doing, holder: HeldBy) -> Action {
        let seen = doing.seen.as_ref();
        Action {
            conversation: seen.map(|seen| seen.conversation.clone()),
            ..self.action(&doing.id, doing.chat.clone(), holder)
        }
    }

    /// An action on the conversation as it was read just now. An attendant acts on what they hold; an owner, on any.
    fn action_on_seen(&self, doing: &Doing, view: &ConversationView) -> Action {
        let holder = match self.agent.may_steer() {
            true => view.holder(),
            false => HeldBy::Agent(self.agent.name.clone()),
        };
        let action = self.action_on(doing, holder);
        Action {
            conversation: action.conversation.or(view.id.clone()),
            rev: Some(view.rev),
            ..action
        }
    }

    fn rating_question(
        &self,
        view: &ConversationView,
        doing: &Doing,
        now: Millis,
    ) -> Option<Reply> {
        let script = self.flows.as_ref()?.of(&doing.session);
        if !matches!(view.holder(), HeldBy::Agent(_)) {
            return None;
        }
        let question = script.rating_question(&state(view), now)?;
        // The flow asks, not the agent.
        Some(Reply {
            by: None,
            ..self.reply(view, &doing.id, &question, now)
        })
    }

    fn reply(&self, view: &ConversationView, id: &str, text: &str, now: Millis) -> Reply {
        let conversation = view.id.clone().unwrap_or(ConversationId::stored(""));
        Reply {
            id: format!("{conversation}:{id}"),
            conversation,
            text: text.trim().to_owned(),
            media: None,
            by: Some(self.agent.name.to_string()),
            queued_at: now,
            attempts: 0,
            notice: false,
        }
    }
}

/// How many unread messages the person has seen: those that were there when they looked, or that are read here for them. If
/// something was said since they looked, those were answered, and none of the later ones is.
fn unread(doing: &Doing, view: &ConversationView) -> u64 {
    match doing.seen.as_ref().and_then(|seen| seen.unread) {
        None => view.unread_count,
        Some((rev, unread)) if rev == view.rev => unread,
        Some(_) => 0,
    }
}

/// The state of the flow. If it can't be read, or none was saved yet, the flow begins from its start.
fn state(view: &ConversationView) -> State {
    let name = Some(view.name.as_str()).filter(|name| !name.is_empty());
    serde_json::from_str(&view.state).unwrap_or_else(|_| State::new(name))
}

fn json(state: &State) -> String {
    // A state has only texts, numbers and lists, which JSON can always hold.
    serde_json::to_string(state).unwrap_or_default()
}
