//! The lines that the owner has paused: which pause a customer is told of, and what the log says.

use std::collections::HashMap;

use tracing::info;

use crate::ids::SessionName;
use crate::store::{LinePause, PausedLine, WaitingConversation};

/// The paused lines of one session.
pub(super) struct Pauses<'a>(pub(super) &'a [PausedLine]);

impl<'a> Pauses<'a> {
    /// The pause of the line in which this customer waits: of the whole session, or of the team.
    pub(super) fn of(&self, waiting: &WaitingConversation) -> Option<&'a LinePause> {
        let of_team = |team: &str| {
            let line = self.0.iter().find(|line| line.team == team);
            line.map(|line| &line.pause)
        };
        let own = waiting.for_person.then_some(waiting.team.as_str());
        of_team("").or_else(|| of_team(own.filter(|team| !team.is_empty())?))
    }
}

/// How a pause is named in what is stored of a customer who was told of it. With other words it is another one.
pub(super) fn name_of(pause: &LinePause) -> String {
    format!("{} {}", pause.since, pause.text)
}

/// Which pauses the log has named.
#[derive(Default)]
pub(super) struct PauseLog {
    named: HashMap<SessionName, Vec<PausedLine>>,
}

impl PauseLog {
    /// Names each pause once when it begins, and once when it ends.
    pub(super) fn see(&mut self, session: &SessionName, paused: &[PausedLine]) {
        let before = self.named.get(session).map_or(&[][..], Vec::as_slice);
        let is_in = |one: &PausedLine, all: &[PausedLine]| {
            all.iter()
                .any(|other| other.team == one.team && other.pause.since == one.pause.since)
        };
        for ended in before.iter().filter(|one| !is_in(one, paused)) {
            match ended.team.as_str() {
                "" => info!(%session, "the line is open again"),
                team => info!(%session, team, "the line of a team is open again"),
            }
        }
        for begun in paused.iter().filter(|one| !is_in(one, before)) {
            let (by, text) = (&begun.pause.by, &begun.pause.text);
            match begun.team.as_str() {
                "" => {
                    info!(%session, by, text, "the line is paused, and no customer is called from it")
                }
                team => {
                    info!(%session, team, by, text, "the line of a team is paused, and no customer is called from it")
                }
            }
        }
        if before.is_empty() && paused.is_empty() {
            return;
        }
        match paused {
            [] => drop(self.named.remove(session)),
            paused => drop(self.named.insert(session.clone(), paused.to_vec())),
        }
    }
}
