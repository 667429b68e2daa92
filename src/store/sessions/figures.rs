//! Figures for the metrics and for the estimated wait, read from Redis.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::store::connection::redis_command::RedisCommand;
use crate::store::error::StoreError;
use crate::store::sessions::catch_up::CAUGHT_UP_COUNTER;
use crate::store::store::Store;

/// Pickups are counted by how long they took; these are the upper bounds (ms).
pub const PICKUP_BOUNDS_MS: [u64; 8] = [1, 2, 5, 10, 50, 200, 1_000, 10_000];

const ANSWERED: &str = "answered";

const FAILED: &str = "failed";

/// See `ingest`.
const HEARD_AT: &str = "heard_at";

fn call_counter(result: &str) -> String {
    format!("calls:{result}")
}

/// The figures of a session at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Conversations in line.
    pub waiting: u64,
    /// When the one that has waited longest was opened.
    pub oldest_opened_at: Option<Millis>,
    /// Conversations that a worker has.
    pub active: u64,
    /// Conversations that wait for a person.
    pub waiting_for_person: u64,
    /// The same by team; empty: of no team in particular.
    pub waiting_for_team: BTreeMap<String, u64>,
    /// Conversations that agents hold.
    pub with_agent: u64,
    /// Whether each team's line is paused; empty: the whole session.
    pub line_paused: BTreeMap<String, bool>,
    /// Chats that the owner answers from their own phone.
    pub with_phone: u64,
    /// Conversations closed so far.
    pub closed: u64,
    /// Lanes that wait for a sender, or for the time of a retry.
    pub lanes_due: u64,
    /// Lanes that a sender holds.
    pub lanes_sending: u64,
    /// When the first of the waiting lanes is due; if that is in the future, nothing is due.
    pub oldest_lane_due_at: Option<Millis>,
    /// Whether the session is paused.
    pub paused: bool,
    /// Replies by result so far: `sent`, `retried`, `dead`.
    pub replies: Vec<(&'static str, u64)>,
    /// Calls to the shop's own system by result so far: `answered`, `failed`.
    pub calls: Vec<(&'static str, u64)>,
    /// Messages that catching up has found so far.
    pub caught_up: u64,
    /// Dead letters that are kept.
    pub dead_letters: u64,
    /// History entries that are not archived yet.
    pub history_entries: u64,
    /// When the oldest of these entries was written.
    pub oldest_history_at: Option<Millis>,
    /// How long a worker is busy with one conversation: the smoothed mean.
    pub handling: Option<Duration>,
    /// When WAHA last posted a customer's message; `None` if it never did.
    pub heard_at: Option<Millis>,
}

impl Gauges {
    /// Adds the figures of another session. The sum of times is the longest.
    pub fn add(&mut self, other: &Gauges) {
        let earlier = |one: Option<Millis>, other: Option<Millis>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        for (sum, more) in [
            (&mut self.waiting, other.waiting),
            (&mut self.active, other.active),
            (&mut self.waiting_for_person, other.waiting_for_person),
            (&mut self.with_agent, other.with_agent),
            (&mut self.with_phone, other.with_phone),
            (&mut self.closed, other.closed),
            (&mut self.lanes_due, other.lanes_due),
            (&mut self.lanes_sending, other.lanes_sending),
            (&mut self.caught_up, other.caught_up),
            (&mut self.dead_letters, other.dead_letters),
            (&mut self.history_entries, other.history_entries),
        ] {
            *sum = sum.saturating_add(more);
        }
        for (sums, more) in [
            (&mut self.replies, &other.replies),
            (&mut self.calls, &other.calls),
        ] {
            for (result, count) in more {
                match sums.iter_mut().find(|(known, _)| known == result) {
                    Some((_, sum)) => *sum = sum.saturating_add(*count),
                    None => sums.push((result, *count)),
                }
            }
        }
        for (team, waiting) in &other.waiting_for_team {
            let sum = self.waiting_for_team.entry(team.clone()).or_default();
            *sum = sum.saturating_add(*waiting);
        }
        for (team, paused) in &other.line_paused {
            *self.line_paused.entry(team.clone()).or_default() |= paused;
        }
        self.oldest_opened_at = earlier(self.oldest_opened_at, other.oldest_opened_at);
        self.oldest_lane_due_at = earlier(self.oldest_lane_due_at, other.oldest_lane_due_at);
        self.oldest_history_at = earlier(self.oldest_history_at, other.oldest_history_at);
        self.paused |= other.paused;
        self.heard_at = self.heard_at.max(other.heard_at);
        self.handling = self.handling.max(other.handling);
    }
}

/// How fast a line moves.
#[derive(Clone, Copy, Debug)]
pub struct QueuePace {
    /// How long a worker is busy with one conversation: the smoothed mean.
    pub handling: Duration,
    /// How many conversations were measured for that.
    pub measured: u64,
    /// How many conversations workers have now.
    pub active: u64,
    /// How many conversations wait in line.
    pub waiting: u64,
    /// When workers last claimed a conversation from the line.
    pub called_at: Option<Millis>,
}

impl Store {
    /// The figures of a session.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn gauges(&self, session: &SessionName) -> Result<Gauges, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let counters: HashMap<String, i64> = client.hgetall(keys.counters(session)).await?;
        let count = |name: &str| counters.get(name).copied().unwrap_or(0).unsigned_abs();
        let head: Vec<ChatId> = client.zrange(keys.queue(session), 0, 0).await?;
        let oldest_opened_at = match head.first() {
            Some(chat) => client.hget(keys.chat(session, chat), "opened").await?,
            None => None,
        };
        let lane: Vec<(String, f64)> = client.zrange_with_scores(keys.lanes(session), 0, 0).await?;
        let entries = self.history(session, None, 1).await?;
        let waiting_for_team = self.waiting_for_team(session).await?;
        let paused: Vec<String> = client.hkeys(keys.line_paused(session)).await?;
        let teams = waiting_for_team.keys().chain(&paused);
        Ok(Gauges {
            waiting: client.zcard(keys.queue(session)).await?,
            oldest_opened_at,
            active: client.hlen(keys.active(session)).await?,
            waiting_for_person: waiting_for_team.values().sum(),
            with_agent: client.hlen(keys.held(session)).await?,
            line_paused: teams
                .map(|team| (team.clone(), paused.contains(team)))
                .collect(),
            waiting_for_team,
            with_phone: client.zcard(keys.takeover_until(session)).await?,
            closed: count("closed"),
            lanes_due: client.zcard(keys.lanes(session)).await?,
            lanes_sending: client.hlen(keys.sending(session)).await?,
            oldest_lane_due_at: lane.first().map(|(_, due)| Millis::new(*due as i64)),
            paused: client.exists(keys.paused(session)).await?,
            replies: ["sent", "retried", "dead"]
                .map(|result| (result, count(&format!("replies:{result}"))))
                .into(),
            calls: [ANSWERED, FAILED]
                .map(|result| (result, count(&call_counter(result))))
                .into(),
            caught_up: count(CAUGHT_UP_COUNTER),
            dead_letters: client.xlen(keys.dead(session)).await?,
            history_entries: client.xlen(keys.history(session)).await?,
            oldest_history_at: entries
                .first()
                .and_then(|entry| entry.stream_id.split('-').next()?.parse().ok())
                .map(Millis::new),
            handling: counters.get("handling").copied().map(length),
            heard_at: counters.get(HEARD_AT).copied().map(Millis::new),
        })
    }

    /// How many conversations of a session wait for a person of each team that ever had a line, and of no team.
    async fn waiting_for_team(
        &self,
        session: &SessionName,
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let mut teams: Vec<String> = client.smembers(keys.teams(session)).await?;
        teams.push(String::new());
        let lines = teams.iter().map(|team| keys.handoff(session, team));
        let counts = lines.map(|line| RedisCommand::new("ZCARD", line, []));
        let counts: Vec<u64> = client.answers(counts.collect()).await?;
        Ok(teams.into_iter().zip(counts).collect())
    }

    /// Counts a call to the shop's own system. `answered`: its answer was useful.
    ///
    /// # Errors
    /// See [`StoreError`]. One lost count does not matter.
    pub async fn count_call(
        &self,
        session: &SessionName,
        answered: bool,
    ) -> Result<(), StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let counter = call_counter(if answered { ANSWERED } else { FAILED });
        let _: i64 = client.hincrby(keys.counters(session), &counter, 1).await?;
        Ok(())
    }

    /// How fast the line of a session moves.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn pace(&self, session: &SessionName) -> Result<QueuePace, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let counters: Vec<Option<i64>> = client
            .hmget(
                keys.counters(session),
                ["handling", "measured", "called_at"],
            )
            .await?;
        let [handling, measured, called_at] = counters[..] else {
            return Err(StoreError::UnexpectedAnswer("three counters"));
        };
        Ok(QueuePace {
            handling: length(handling.unwrap_or(0)),
            measured: measured.unwrap_or(0).unsigned_abs(),
            active: client.hlen(keys.active(session)).await?,
            waiting: client.zcard(keys.queue(session)).await?,
            called_at: called_at.map(Millis::new),
        })
    }

    /// How many pickups there were within each bound of [`PICKUP_BOUNDS_MS`] (the last count: longer than all bounds),
    /// and the sum of their times in µs.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn pickup_latency(&self) -> Result<(Vec<u64>, u64), StoreError> {
        let counts: HashMap<String, u64> = self
            .inner
            .client
            .hgetall(self.inner.keys.pickup_latency())
            .await?;
        let count = |name: &str| counts.get(name).copied().unwrap_or(0);
        Ok((
            (0..=PICKUP_BOUNDS_MS.len())
                .map(|bound| count(&bound.to_string()))
                .collect(),
            count("sum"),
        ))
    }
}

fn length(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
