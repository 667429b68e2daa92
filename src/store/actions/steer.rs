//! What the owner does to a line: moves somebody in it, and pauses it.

use crate::clock::Millis;
use crate::ids::{AgentName, SessionName};
use crate::store::actions::action::{Acted, Action, ActionKind};
use crate::store::error::StoreError;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;
use crate::store::views::line_view::{LinePause, pause};

/// Where a waiting conversation is moved to in its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveTo {
    /// Before all others.
    First,
    /// Among the urgent ones, by ticket.
    Urgent,
    /// Behind all others.
    Last,
}

impl MoveTo {
    /// As the history names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Urgent => "urgent",
            Self::Last => "last",
        }
    }
}

/// The line of a team, or of a whole session.
#[derive(Clone, Debug)]
pub struct PausedLine {
    /// The team; empty: the whole session, its workers too.
    pub team: String,
    /// Its pause.
    pub pause: LinePause,
}

impl Store {
    /// Moves a waiting conversation in its line. Nobody else loses more than one place.
    ///
    /// # Errors
    /// See [`StoreError`]. It may or may not have been done: the same action can be repeated.
    pub async fn move_in_line(
        &self,
        session: &SessionName,
        action: &Action,
        to: MoveTo,
        now: Millis,
    ) -> Result<Acted, StoreError> {
        let arguments = action.arguments(ActionKind::Move).text(to.name());
        self.act(session, &self.inner.scripts.move_in_line, arguments, now)
            .await
    }

    /// Pauses the line of a team (empty: of the whole session): nobody is claimed or taken from it. `words` are for customers who
    /// write meanwhile. Returns whether it was not paused before; a pause that goes on gets the new words.
    ///
    /// # Errors
    /// As [`Store::move_in_line`].
    pub async fn pause_line(
        &self,
        session: &SessionName,
        (id, by): (&str, &AgentName),
        team: &str,
        words: &str,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let arguments = Arguments::new()
            .text(ActionKind::Pause.key(team, id))
            .text(by)
            .text(team)
            .text("1")
            .text(words);
        self.change_pause(session, arguments, now).await
    }

    /// Ends the pause of a line. Returns whether it was paused.
    ///
    /// # Errors
    /// As [`Store::move_in_line`].
    pub async fn resume_line(
        &self,
        session: &SessionName,
        (id, by): (&str, &AgentName),
        team: &str,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let arguments = Arguments::new()
            .text(ActionKind::Resume.key(team, id))
            .text(by)
            .text(team)
            .text("")
            .text("");
        self.change_pause(session, arguments, now).await
    }

    async fn change_pause(
        &self,
        session: &SessionName,
        arguments: Arguments,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let script = &self.inner.scripts.pause_line;
        let changed = Box::pin(script.run(session, now, arguments));
        let changed = self.change_session(session, now, changed).await?;
        match changed.as_i64() {
            Some(changed) => Ok(changed == 1),
            None => Err(StoreError::UnexpectedAnswer("a number")),
        }
    }

    /// The lines of a session that are paused.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn paused_lines(&self, session: &SessionName) -> Result<Vec<PausedLine>, StoreError> {
        let key = self.inner.keys.line_paused(session);
        let paused: Vec<String> = self.inner.client.hgetall(key).await?;
        let mut lines = paused_lines(paused);
        lines.sort_by(|one, other| one.team.cmp(&other.team));
        Ok(lines)
    }
}

/// Reads the teams and their pauses, alternately.
pub(crate) fn paused_lines(fields: Vec<String>) -> Vec<PausedLine> {
    let mut fields = fields.into_iter();
    let mut lines = Vec::new();
    while let (Some(team), Some(json)) = (fields.next(), fields.next()) {
        if let Some(pause) = pause(&json) {
            lines.push(PausedLine { team, pause });
        }
    }
    lines
}
