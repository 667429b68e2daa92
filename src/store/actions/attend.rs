//! What an agent does with customers: takes a conversation, speaks, notes, gives it away, closes it.

use crate::clock::Millis;
use crate::ids::{AgentName, ChatId, SessionName};
use crate::store::actions::action::{Acted, Action, ActionKind, acted};
use crate::store::error::StoreError;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::scripts::registry::StateChange;
use crate::store::store::Store;

/// What an agent may take.
#[derive(Clone, Debug)]
pub struct Seat {
    /// How many conversations they may hold at once, over all sessions.
    pub max_chats: u32,
    /// How many they hold in other sessions.
    pub elsewhere: u64,
    /// The teams from whose lines they take; empty: all lines.
    pub teams: Vec<String>,
}

/// Where a conversation is given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GiveTo {
    /// To the bot, which continues with this state of the flow, JSON. `step`: the step that the person chose, for the history.
    Bot {
        /// The state.
        state: String,
        /// The step, if the person chose one.
        step: Option<String>,
    },
    /// To the line of a team; empty: of no team in particular.
    Team(String),
    /// To a colleague, who may hold `room` conversations of this session.
    Agent {
        /// Who.
        name: AgentName,
        /// How many.
        room: u64,
    },
}

/// How a person closes a conversation.
#[derive(Clone, Debug)]
pub struct CloseByHand {
    /// The outcome, in the person's own word.
    pub outcome: String,
    /// The reply that asks the customer to rate it, if any.
    pub asks_rating: Option<Reply>,
}

/// The conversation at the head of a line for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadOfLine {
    /// Its chat.
    pub chat: ChatId,
    /// Its place, as a score: below zero if it is urgent.
    pub place: i64,
    /// When it was opened.
    pub opened: Millis,
}

impl Store {
    /// An agent takes the next conversation in their lines. Of `action` only the id and who acts count.
    ///
    /// # Errors
    /// See [`StoreError`]. It may or may not have been done: the same action can be repeated.
    pub async fn take_next(
        &self,
        session: &SessionName,
        action: &Action,
        seat: &Seat,
        now: Millis,
    ) -> Result<Acted, StoreError> {
        let arguments = action.arguments_for_the_next();
        self.take_as(session, arguments, seat, now).await
    }

    /// An agent takes the conversation of a chat: from the line, the bot, the phone, or from the colleague who is the action's
    /// holder.
    ///
    /// # Errors
    /// As [`Store::take_next`].
    pub async fn take(
        &self,
        session: &SessionName,
        action: &Action,
        seat: &Seat,
        now: Millis,
    ) -> Result<Acted, StoreError> {
        self.take_as(session, action.arguments(ActionKind::Take), seat, now)
            .await
    }

    async fn take_as(
        &self,
        session: &SessionName,
        arguments: Arguments,
        seat: &Seat,
        now: Millis,
    ) -> Result<Acted, StoreError> {
        let mut arguments = arguments
            .number(seat.max_chats.into())
            .number(seat.elsewhere.cast_signed())
            .text(if seat.teams.is_empty() { "1" } else { "" });
        for team in &seat.teams {
            arguments.push_text(team);
        }
        self.act(session, &self.inner.scripts.take, arguments, now)
            .await
    }

    /// An agent says something to the customer whose conversation they hold; without a reply, the customer needs no answer. `seen`:
    /// how many of the unread messages they have seen, and answer with it; `None`: all.
    ///
    /// # Errors
    /// As [`Store::take_next`].
    pub async fn say(
        &self,
        session: &SessionName,
        action: &Action,
        seen: Option<u64>,
        reply: Option<&Reply>,
        now: Millis,
    ) -> Result<Acted, StoreError> {
        let arguments = action
            .arguments(ActionKind::Say)
            .text(lua_seen(seen))
            .text(reply.map(Reply::element).unwrap_or_default());
        self.act(session, &self.inner.scripts.say, arguments, now)
            .await
    }

    /// A person notes something about a conversation, which the customer never sees. Who has it does not matter.
    ///
    /// # Errors
    /// As [`Store::take_next`].
    pub async fn note(
        &self,
        session: &SessionName,
        action: &Action,
        text: &str,
        now: Millis,
    ) -> Result<Acted, StoreError> {
        let arguments = action.arguments(ActionKind::Note).text(text);
        self.act(session, &self.inner.scripts.note, arguments, now)
            .await
    }

    /// A person gives a conversation away. `seen` as in [`Store::say`].
    ///
    /// # Errors
    /// As [`Store::take_next`].
    pub async fn give(
        &self,
        session: &SessionName,
        action: &Action,
        seen: Option<u64>,
        to: &GiveTo,
        now: Millis,
    ) -> Result<Acted, StoreError> {
        let (to, state, room) = match to {
            GiveTo::Bot { state, step: None } => ("bot".to_owned(), state.as_str(), 0),
            GiveTo::Bot {
                state,
                step: Some(step),
            } => (format!("step:{step}"), state.as_str(), 0),
            GiveTo::Team(team) => (format!("team:{team}"), "", 0),
            GiveTo::Agent { name, room } => (format!("agent:{name}"), "", *room),
        };
        let arguments = action
            .arguments(ActionKind::Give)
            .text(lua_seen(seen))
            .text(to)
            .text(state)
            .number(room.cast_signed());
        self.act(session, &self.inner.scripts.give, arguments, now)
            .await
    }

    /// A person closes a conversation. `seen` as in [`Store::say`]: later messages open the next conversation.
    ///
    /// # Errors
    /// As [`Store::take_next`].
    pub async fn close_by_hand(
        &self,
        session: &SessionName,
        action: &Action,
        seen: Option<u64>,
        close: &CloseByHand,
        now: Millis,
    ) -> Result<Acted, StoreError> {
        let rating = close.asks_rating.as_ref();
        let arguments = action
            .arguments(ActionKind::Close)
            .text(lua_seen(seen))
            .text(&close.outcome)
            .text(rating.map(Reply::element).unwrap_or_default())
            .text(if rating.is_some() { "1" } else { "" });
        self.act(session, &self.inner.scripts.close, arguments, now)
            .await
    }

    /// Whether an agent holds the conversation of a chat.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_held(&self, session: &SessionName, chat: &ChatId) -> Result<bool, StoreError> {
        let key = self.inner.keys.held(session);
        self.inner.client.hexists(key, chat.as_str()).await
    }

    /// How many conversations of a session each agent holds.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn held_by(
        &self,
        session: &SessionName,
    ) -> Result<Vec<(AgentName, u64)>, StoreError> {
        let held: Vec<String> = self
            .inner
            .client
            .hvals(self.inner.keys.held(session))
            .await?;
        let mut counts: Vec<(AgentName, u64)> = Vec::new();
        for one in held {
            let agent = AgentName::stored(one.split(' ').next().unwrap_or_default());
            match counts.iter_mut().find(|(known, _)| *known == agent) {
                Some((_, count)) => *count += 1,
                None => counts.push((agent, 1)),
            }
        }
        Ok(counts)
    }

    /// The first conversation that waits for a person in a session, in the lines of these teams; empty: in all lines.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn head_of_line(
        &self,
        session: &SessionName,
        teams: &[String],
    ) -> Result<Option<HeadOfLine>, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let mut lines = teams.to_vec();
        if lines.is_empty() {
            lines = client.smembers(keys.teams(session)).await?;
            lines.push(String::new());
        }
        let mut first: Option<(ChatId, f64)> = None;
        for team in &lines {
            let head: Vec<(ChatId, f64)> = client
                .zrange_with_scores(keys.handoff(session, team), 0, 0)
                .await?;
            for (chat, place) in head {
                if first.as_ref().is_none_or(|(_, best)| place < *best) {
                    first = Some((chat, place));
                }
            }
        }
        let Some((chat, place)) = first else {
            return Ok(None);
        };
        let opened: Option<Millis> = client.hget(keys.chat(session, &chat), "opened").await?;
        Ok(Some(HeadOfLine {
            chat,
            place: place as i64,
            opened: opened.unwrap_or_default(),
        }))
    }

    pub(super) async fn act(
        &self,
        session: &SessionName,
        script: &StateChange,
        arguments: Arguments,
        now: Millis,
    ) -> Result<Acted, StoreError> {
        let done = Box::pin(script.run(session, now, arguments));
        acted(ScriptAnswer::of(
            self.change_session(session, now, done).await?,
        )?)
    }
}

fn lua_seen(seen: Option<u64>) -> String {
    seen.map(|seen| seen.to_string()).unwrap_or_default()
}
