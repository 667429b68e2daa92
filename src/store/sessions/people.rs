//! What is known of the lines for people of a session, for the estimate of the wait there.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{AgentName, SessionName};
use crate::store::error::StoreError;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// How many teams are read at most. No shop has as many.
const TEAMS_MAX: i64 = 100;

/// The people of a session, and their lines.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// The lines, by team; empty: of no team in particular.
    pub lines: BTreeMap<String, PeopleLine>,
    /// How many conversations of each team each agent holds.
    pub held: HashMap<AgentName, BTreeMap<String, u64>>,
    /// How many conversations each agent usually holds at once while others wait.
    pub parallel: HashMap<AgentName, f64>,
    /// When each agent last took somebody from a line.
    pub took_at: HashMap<AgentName, Millis>,
}

/// The line of a team.
#[derive(Clone, Debug, Default)]
pub struct PeopleLine {
    /// How many customers wait.
    pub waiting: u64,
    /// Since when the first of them has waited.
    pub first_since: Millis,
    /// How long people have a conversation: the smoothed mean.
    pub handling: Duration,
    /// How many conversations were measured for that.
    pub measured: u64,
    /// When one was last taken.
    pub called_at: Option<Millis>,
    /// The share of those taken that were urgent, smoothed.
    pub urgent_share: f64,
}

impl Store {
    /// The people of a session, and their lines.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn people(&self, session: &SessionName, now: Millis) -> Result<People, StoreError> {
        let arguments = Arguments::new().number(TEAMS_MAX);
        let script = &self.inner.scripts.people;
        let mut answer = ScriptAnswer::of(script.run(session, now, arguments).await?)?;
        let mut people = People::default();
        for one in answer.array()?.texts() {
            let (agent, team) = one.split_once(' ').unwrap_or((&one, ""));
            let held = people.held.entry(AgentName::stored(agent)).or_default();
            *held.entry(team.to_owned()).or_default() += 1;
        }
        let mut fields = answer.array()?.texts().into_iter();
        let mut counters: HashMap<String, i64> = HashMap::new();
        while let (Some(field), Some(value)) = (fields.next(), fields.next()) {
            let value = value.parse().unwrap_or(0);
            if let Some(agent) = field.strip_prefix("parallel:") {
                let agent = AgentName::stored(agent);
                people.parallel.insert(agent, thousandths(value));
            }
            if let Some(agent) = field.strip_prefix("took_at:") {
                let agent = AgentName::stored(agent);
                people.took_at.insert(agent, Millis::new(value));
            }
            counters.insert(field, value);
        }
        for one in answer.arrays() {
            let mut one = one?;
            let (team, waiting, since) = (one.text()?, one.text()?, one.text()?);
            let count = |name: &str| counters.get(&format!("{name}:{team}")).copied();
            let line = PeopleLine {
                waiting: waiting.parse().unwrap_or(0),
                first_since: Millis::new(since.parse().unwrap_or(0)),
                handling: Duration::from_millis(count("handling").unwrap_or(0).unsigned_abs()),
                measured: count("measured").unwrap_or(0).unsigned_abs(),
                called_at: count("called_at").map(Millis::new),
                urgent_share: thousandths(count("urgent").unwrap_or(0)),
            };
            people.lines.insert(team, line);
        }
        Ok(people)
    }
}

fn thousandths(count: i64) -> f64 {
    count as f64 / 1_000.0
}
