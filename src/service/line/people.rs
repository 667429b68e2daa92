//! How fast the lines for people move: how many customers each team's people attend, how long that takes, and whether anybody is at
//! work. It is read only when somebody in such a line is looked at.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::clock::Millis;
use crate::flow::{self, LinePace};
use crate::ids::SessionName;
use crate::store::{Agent, PRESENT_FOR, QueuePace, Store, StoreError, WaitingConversation};

/// How long it is used again which agents are at work.
const AT_WORK_VALID_FOR: Duration = Duration::from_secs(1);

/// The agents who are at work, as they were read a moment ago.
#[derive(Default)]
pub(super) struct AgentsAtWork {
    read: Option<(Instant, Vec<Agent>)>,
}

impl AgentsAtWork {
    /// Those who were seen a short while ago, and were not switched off.
    async fn get(&mut self, store: &Store, now: Millis) -> Result<&[Agent], StoreError> {
        let read = match self.read.take() {
            Some((at, agents)) if at.elapsed() < AT_WORK_VALID_FOR => (at, agents),
            _ => {
                let seen = store.agents_seen().await?;
                let mut agents = store.agents().await?;
                agents.retain(|agent| {
                    let seen = seen.get(&agent.name);
                    !agent.off && seen.is_some_and(|at| now.since(*at) < PRESENT_FOR)
                });
                (Instant::now(), agents)
            }
        };
        Ok(&self.read.insert(read).1)
    }
}

/// The lines for people of one session.
#[derive(Default)]
pub(super) struct PeopleLines {
    lines: HashMap<String, PeopleLine>,
}

/// The line of one team.
struct PeopleLine {
    pace: QueuePace,
    at_work: u64,
}

impl PeopleLines {
    /// Those in which these customers wait.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn of(
        waiting: &[WaitingConversation],
        session: &SessionName,
        store: &Store,
        agents: &mut AgentsAtWork,
        now: Millis,
    ) -> Result<Self, StoreError> {
        let for_person = waiting.iter().filter(|one| one.for_person);
        let teams: BTreeSet<&str> = for_person.map(|one| one.team.as_str()).collect();
        let teams: Vec<String> = teams.into_iter().map(str::to_owned).collect();
        if teams.is_empty() {
            return Ok(Self::default());
        }
        let paces = store.paces_of_teams(session, &teams).await?;
        // There is no estimate before a first time has been measured, whoever is there.
        let agents = match paces.iter().any(|pace| pace.measured > 0) {
            true => agents.get(store, now).await?,
            false => &[],
        };
        let serving = agents.iter().filter(|agent| agent.serves(session));
        let at_work = |team: &str| {
            serving
                .clone()
                .filter(|agent| agent.takes_from(team))
                .count()
        };
        let lines = teams.into_iter().zip(paces).map(|(team, pace)| {
            let at_work = at_work(&team) as u64;
            (team, PeopleLine { pace, at_work })
        });
        Ok(Self {
            lines: lines.collect(),
        })
    }

    /// How long the customer at this position waits for a person of this team, who has waited since `since`; `None` while too
    /// little is known, or nobody is at work.
    pub(super) fn wait(
        &self,
        team: &str,
        position: u64,
        since: Millis,
        now: Millis,
    ) -> Option<Duration> {
        let PeopleLine { pace, at_work } = self.lines.get(team)?;
        let moved = pace.called_at.unwrap_or(since).max(since);
        let line = LinePace {
            handling: pace.handling,
            measured: pace.measured,
            active: pace.active,
            waiting: pace.waiting,
            stalled_for: now.since(moved),
        };
        flow::estimate_for_person(&line, *at_work, position)
    }
}
