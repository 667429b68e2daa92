//! The sum of each day: how many conversations, customers and messages, how long they took, and how they ended.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use super::error::HistoryError;
use super::print::duration;
use super::query::{History, Query};
use crate::clock::{self, Millis};
use crate::terminal::{jsonl, line};

/// The sum of one day. A conversation belongs to the day on which it was opened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DailySum {
    /// The day, in the time zone that was asked for.
    #[serde(serialize_with = "as_text")]
    pub day: Date,
    /// Conversations opened.
    pub conversations: u64,
    /// Different chats in which something was said.
    pub customers: u64,
    /// Messages from customers.
    pub received: u64,
    /// Messages to customers; those that failed don't count.
    pub sent: u64,
    /// How long half of the conversations waited at most.
    #[serde(rename = "waiting_ms_median", serialize_with = "in_millis")]
    pub waiting: Option<Duration>,
    /// How long half of the conversations took at most.
    #[serde(rename = "handling_ms_median", serialize_with = "in_millis")]
    pub handling: Option<Duration>,
    /// How many conversations ended with each outcome; those that are open are under their status.
    pub outcomes: BTreeMap<String, u64>,
    /// How many conversations were handed off to people.
    pub handed_off: u64,
    /// How many of all conversations each team had last.
    pub teams: BTreeMap<String, u64>,
    /// How long half of those who waited for a person waited at most.
    #[serde(rename = "person_waiting_ms_median", serialize_with = "in_millis")]
    pub person_waiting: Option<Duration>,
    /// How many conversations each agent had last.
    pub holders: BTreeMap<String, u64>,
    /// How many conversations were rated.
    pub ratings: u64,
    /// The mean of their ratings.
    pub rating_mean: Option<f64>,
}

fn as_text<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

fn in_millis<S: Serializer>(length: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    length.map(clock::millis).serialize(serializer)
}

/// What is counted while the history is read.
#[derive(Default)]
struct DayCount {
    conversations: u64,
    customers: HashSet<(String, String)>,
    received: u64,
    sent: u64,
    waiting: Vec<Duration>,
    handling: Vec<Duration>,
    outcomes: BTreeMap<String, u64>,
    handed_off: u64,
    teams: BTreeMap<String, u64>,
    person_waiting: Vec<Duration>,
    holders: BTreeMap<String, u64>,
    ratings: Vec<i64>,
}

impl History {
    /// The sums of the days that `query` asks for, the first day first. Days on which nothing happened are left out.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn daily(&self, query: &Query, zone: &TimeZone) -> Result<Vec<DailySum>, HistoryError> {
        let mut days: BTreeMap<Date, DayCount> = BTreeMap::new();
        self.messages(query, |message| {
            if let Some(day) = day_of(message.at, zone) {
                let day = days.entry(day).or_default();
                day.customers
                    .insert((message.session.to_string(), message.chat.to_string()));
                match message.direction.as_str() {
                    "inbound" => day.received += 1,
                    _ if message.state.as_deref() != Some("failed") => day.sent += 1,
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        })?;
        self.conversations(query, |conversation| {
            let began = conversation.began();
            let began = began.filter(|began| query.since.is_none_or(|since| *began >= since));
            if let Some(day) = began.and_then(|began| day_of(began, zone)) {
                let day = days.entry(day).or_default();
                day.conversations += 1;
                day.waiting.extend(conversation.waiting);
                day.handling.extend(conversation.handling);
                let ended = conversation
                    .outcome
                    .as_deref()
                    .unwrap_or(conversation.status.name());
                *day.outcomes.entry(ended.to_owned()).or_default() += 1;
                day.handed_off += u64::from(conversation.handed_off_at.is_some());
                if let Some(team) = conversation.team {
                    *day.teams.entry(team).or_default() += 1;
                }
                day.person_waiting.extend(conversation.person_waiting);
                if let Some(holder) = conversation.holder {
                    *day.holders.entry(holder).or_default() += 1;
                }
                day.ratings.extend(conversation.rating);
            }
            ControlFlow::Continue(())
        })?;
        Ok(days
            .into_iter()
            .map(|(day, counted)| counted.sum(day))
            .collect())
    }
}

fn day_of(at: Millis, zone: &TimeZone) -> Option<Date> {
    let at = Timestamp::from_millisecond(at.as_i64()).ok()?;
    Some(at.to_zoned(zone.clone()).date())
}

impl DayCount {
    fn sum(self, day: Date) -> DailySum {
        DailySum {
            day,
            conversations: self.conversations,
            customers: self.customers.len() as u64,
            received: self.received,
            sent: self.sent,
            waiting: median(self.waiting),
            handling: median(self.handling),
            outcomes: self.outcomes,
            handed_off: self.handed_off,
            teams: self.teams,
            person_waiting: median(self.person_waiting),
            holders: self.holders,
            ratings: self.ratings.len() as u64,
            rating_mean: rating_mean(&self.ratings),
        }
    }
}

fn median(mut lengths: Vec<Duration>) -> Option<Duration> {
    lengths.sort_unstable();
    lengths.get(lengths.len().checked_sub(1)? / 2).copied()
}

/// The mean of ratings; `None` if there are none.
#[must_use]
pub fn rating_mean(ratings: &[i64]) -> Option<f64> {
    let sum: i64 = ratings.iter().sum();
    (!ratings.is_empty()).then(|| sum as f64 / ratings.len() as f64)
}

impl DailySum {
    /// Writes the sum for a person; ends with a newline.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let DailySum {
            day,
            conversations,
            customers,
            received,
            sent,
            ..
        } = self;
        write!(
            out,
            "{day}  conversations {conversations}  customers {customers}  received {received}  sent {sent}"
        )?;
        if let Some(length) = self.waiting {
            write!(out, "  waited {} (median)", duration(length))?;
        }
        if let Some(length) = self.handling {
            write!(out, "  handled in {} (median)", duration(length))?;
        }
        if !self.outcomes.is_empty() {
            write!(out, "  outcomes: {}", line(&in_words(&self.outcomes)))?;
        }
        if self.handed_off > 0 {
            write!(out, "  for a person {}", self.handed_off)?;
        }
        if let Some(length) = self.person_waiting {
            write!(out, "  waited for a person {} (median)", duration(length))?;
        }
        for (what, counts) in [("teams", &self.teams), ("agents", &self.holders)] {
            if !counts.is_empty() {
                write!(out, "  {what}: {}", line(&in_words(counts)))?;
            }
        }
        if let Some(mean) = self.rating_mean {
            write!(out, "  rated {mean:.1} (mean of {})", self.ratings)?;
        }
        writeln!(out)
    }

    /// Writes the sum as one line of JSON; ends with a newline.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        jsonl(self, out)
    }
}

/// Such as `booked 30, left 2`: the most frequent first.
pub(super) fn in_words(counts: &BTreeMap<String, u64>) -> String {
    let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let words: Vec<String> = counts
        .into_iter()
        .map(|(what, count)| format!("{what} {count}"))
        .collect();
    words.join(", ")
}
