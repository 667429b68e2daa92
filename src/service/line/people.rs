//! The lines for people of one session: who is at work, whom they hold, and how long a customer waits for them. It is read only when
//! somebody in such a line is looked at.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::clock::Millis;
use crate::flow::{AgentDesk, OtherLine, PersonCustomer, PersonLine, Serves, wait_for_person};
use crate::ids::SessionName;
use crate::store::{
    Agent, PRESENT_FOR, People, PeopleLine, Store, StoreError, WaitingConversation,
};

/// How long it is used again which agents there are, and who of them is at work.
const AGENTS_VALID_FOR: Duration = Duration::from_secs(1);

/// The agents, as they were read a moment ago.
#[derive(Default)]
pub(super) struct KnownAgents {
    read: Option<(Instant, Vec<KnownAgent>)>,
}

/// An agent, and whether they were seen a short while ago.
#[derive(Clone)]
struct KnownAgent {
    agent: Agent,
    at_work: bool,
}

impl KnownAgents {
    async fn get(&mut self, store: &Store, now: Millis) -> Result<&[KnownAgent], StoreError> {
        let read = match self.read.take() {
            Some((at, agents)) if at.elapsed() < AGENTS_VALID_FOR => (at, agents),
            _ => {
                let seen = store.agents_seen().await?;
                let known = store.agents().await?.into_iter().map(|agent| KnownAgent {
                    at_work: !agent.off
                        && seen
                            .get(&agent.name)
                            .is_some_and(|at| now.since(*at) < PRESENT_FOR),
                    agent,
                });
                (Instant::now(), known.collect())
            }
        };
        Ok(&self.read.insert(read).1)
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct PeopleLines {
    people: People,
    /// Those who serve the session.
    agents: Vec<KnownAgent>,
}

impl PeopleLines {
    /// Those of a session, if some of these customers wait for a person.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn of(
        waiting: &[WaitingConversation],
        session: &SessionName,
        store: &Store,
        agents: &Mutex<KnownAgents>,
        now: Millis,
    ) -> Result<Self, StoreError> {
        if !waiting.iter().any(|one| one.for_person) {
            return Ok(Self::default());
        }
        let people = store.people(session, now).await?;
        // There is no estimate before a first time has been measured, whoever is there.
        if people.lines.values().all(|line| line.measured == 0) {
            return Ok(Self::default());
        }
        let mut agents = agents.lock().await;
        let agents = agents.get(store, now).await?.iter();
        let serving = agents.filter(|one| one.agent.serves(session)).cloned();
        let agents = serving.collect();
        Ok(Self { people, agents })
    }

    /// How long this customer waits for a person; `None` while too little is known, or nobody is at work.
    pub(super) fn wait(&self, customer: &WaitingConversation, now: Millis) -> Option<Duration> {
        let team = customer.team.as_str();
        let line = self.people.lines.get(team)?;
        let desks = self.agents.iter();
        let desks = desks.filter_map(|one| self.desk(one, team, now));
        let desks: Vec<AgentDesk> = desks.collect();
        let others = self.people.lines.iter().filter(|(other, line)| {
            line.waiting > 0 && *other != team && self.share_people(team, other)
        });
        let others: Vec<OtherLine> = others
            .map(|(_, line)| OtherLine {
                waiting: line.waiting,
                first_waited: now.since(line.first_since),
            })
            .collect();
        let customer = PersonCustomer {
            position: customer.position,
            waited: now.since(customer.since),
            urgent: customer.urgent,
        };
        let line = PersonLine {
            handling: line.handling,
            measured: line.measured,
            urgent_share: line.urgent_share,
            called_ago: line.called_at.map(|at| now.since(at)),
        };
        wait_for_person(&line, &others, &desks, &customer)
    }

    /// What an agent attends, as seen from the line of this team; `None`: they hold nobody, and are not at work.
    fn desk(&self, one: &KnownAgent, team: &str, now: Millis) -> Option<AgentDesk> {
        let none = BTreeMap::new();
        let held = self.people.held.get(&one.agent.name).unwrap_or(&none);
        let holds: u64 = held.values().sum();
        if holds == 0 && !one.at_work {
            return None;
        }
        let lines = self.people.lines.keys();
        let mut others = lines.filter(|other| *other != team);
        let serves = match (
            one.agent.takes_from(team),
            others.any(|other| one.agent.takes_from(other)),
        ) {
            (true, false) => Serves::This,
            (true, true) => Serves::Both,
            (false, _) => Serves::Others,
        };
        // Who is at work attends at least one.
        let parallel = self.people.parallel.get(&one.agent.name).copied();
        let free = match one.at_work {
            true => (parallel.unwrap_or(1.0).max(1.0) - holds as f64).max(0.0),
            false => 0.0,
        };
        let ending = held
            .iter()
            .map(|(of, holds)| *holds as f64 / self.handling(of, team).as_secs_f64().max(0.001));
        Some(AgentDesk {
            serves,
            ending: ending.sum(),
            free,
            idle_for: self.idle_for(&one.agent, now),
        })
    }

    /// How long an agent has taken nobody while somebody waits in their lines.
    fn idle_for(&self, agent: &Agent, now: Millis) -> Duration {
        let lines = self.people.lines.iter();
        let theirs = lines.filter(|(team, line)| line.waiting > 0 && agent.takes_from(team));
        let waited = theirs.map(|(_, line)| now.since(line.first_since)).max();
        let took_at = self.people.took_at.get(&agent.name);
        let took_ago = took_at.map_or(Duration::MAX, |at| now.since(*at));
        waited.unwrap_or_default().min(took_ago)
    }

    /// How long a conversation of a team lasts, or one of `or` as long as nothing is known of the team.
    fn handling(&self, team: &str, or: &str) -> Duration {
        let known = |team: &str| {
            let line = self.people.lines.get(team);
            line.filter(|line| line.measured > 0)
        };
        let line: Option<&PeopleLine> = known(team).or_else(|| known(or));
        line.map_or(Duration::ZERO, |line| line.handling)
    }

    /// Whether somebody serves both teams.
    fn share_people(&self, team: &str, other: &str) -> bool {
        self.agents
            .iter()
            .any(|one| one.agent.takes_from(team) && one.agent.takes_from(other))
    }
}
