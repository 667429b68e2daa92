//! The report of a period: how long customers waited and how long they were served, by the bot and by people, how many were lost, and how
//! they rated. In all, by hour of the day, and by day.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rusqlite::{Row, params_from_iter};
use serde::Serialize;

use super::error::{HistoryError, failed};
use super::query::{BEGAN, Filter, History, Query};
use super::spread::{Lengths, Spread};
use super::times::length;
use crate::clock::Millis;

/// If the days are further apart, those without a conversation are left out.
const DAYS_MAX: usize = 3_660;

/// See the module. A conversation belongs to the hour and the day in which it began.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// All of the period.
    pub all: ReportRow,
    /// Each of the 24 hours of the day, over all days.
    pub hours: Vec<ReportRow>,
    /// Each day from the first to the last one with a conversation.
    pub days: Vec<ReportRow>,
    /// How many conversations ended with each outcome.
    pub outcomes: BTreeMap<String, u64>,
}

/// What a row of a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportSpan {
    /// The whole period.
    All,
    /// An hour of the day.
    Hour,
    /// A day.
    Day,
}

impl ReportSpan {
    /// Its name in JSON and in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReportSpan::All => "all",
            ReportSpan::Hour => "hour",
            ReportSpan::Day => "day",
        }
    }
}

/// The numbers of a period, an hour of the day, or a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportRow {
    /// What it is about.
    pub span: ReportSpan,
    /// Which one: empty, `09`, or `2026-11-21`.
    pub name: String,
    /// Conversations that began.
    pub conversations: u64,
    /// How many of them are closed.
    pub closed: u64,
    /// How many of them we lost: the customer left the line, or the conversation was closed before the bot, or the person it waited
    /// for, took it.
    pub abandoned: u64,
    /// How many of them were handed off to people.
    pub handed_off: u64,
    /// How long customers waited in line for the bot.
    pub waiting: Spread,
    /// How long those who needed a person waited for one.
    pub person_waiting: Spread,
    /// How long the bot served them: until the handoff, or until a person took the conversation, or until it was closed.
    pub by_bot: Spread,
    /// How long people served them: from when the first one took the conversation until it was closed.
    pub by_people: Spread,
    /// How many of them were rated.
    pub ratings: u64,
    /// The mean of their ratings.
    pub rating_mean: Option<f64>,
}

impl Report {
    /// All rows, as they are in a table.
    pub fn rows(&self) -> impl Iterator<Item = &ReportRow> {
        [&self.all].into_iter().chain(&self.hours).chain(&self.days)
    }
}

impl History {
    /// The report of the conversations that `query` asks for and that began in its period, with hours and days in `zone`.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn report(&self, query: &Query, zone: &TimeZone) -> Result<Report, HistoryError> {
        let mut filter = Filter::conversations(query);
        filter.all(&format!("{BEGAN} IS NOT NULL"), []);
        if let Some(since) = query.since {
            filter.all(&format!("{BEGAN} >= ?"), [since.as_i64().into()]);
        }
        if let Some(until) = query.until {
            filter.all(&format!("{BEGAN} < ?"), [until.as_i64().into()]);
        }
        let sql = format!("{} {}", include_str!("sql/report.sql"), filter.sql());
        let read = || {
            let mut counted = Counted::default();
            let mut statement = self.db.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(filter.values))?;
            while let Some(row) = rows.next()? {
                counted.add(&Facts::of(row)?, zone);
            }
            Ok(counted.report())
        };
        read().map_err(failed(&self.path, "reading a report"))
    }
}

/// What is known of a conversation.
struct Facts {
    began: Millis,
    closed: Option<Millis>,
    outcome: Option<String>,
    is_abandoned: bool,
    is_handed_off: bool,
    waiting: Option<Duration>,
    person_waiting: Option<Duration>,
    by_bot: Option<Duration>,
    by_people: Option<Duration>,
    rating: Option<i64>,
}

impl Facts {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (claimed, closed): (Option<Millis>, Option<Millis>) = (row.get(1)?, row.get(2)?);
        let outcome: Option<String> = row.get(3)?;
        let (handed_off, taken): (Option<Millis>, Option<Millis>) = (row.get(5)?, row.get(6)?);
        let waited_until: Option<Millis> = row.get(7)?;
        let is_closed_in_line = closed.is_some()
            && taken.is_none()
            && (claimed.is_none() || handed_off.is_some() && waited_until.is_none());
        // The bot is done at the first of these.
        let bot_until = [handed_off, taken, closed].into_iter().flatten().min();
        let between = |from: Option<Millis>, until: Option<Millis>| Some(until?.since(from?));
        Ok(Self {
            began: row.get(0)?,
            closed,
            is_abandoned: is_closed_in_line || outcome.as_deref() == Some("left"),
            outcome,
            is_handed_off: handed_off.is_some(),
            waiting: length(row, 4)?,
            person_waiting: length(row, 8)?,
            // A person may have taken it from the line.
            by_bot: between(
                claimed.filter(|claimed| bot_until >= Some(*claimed)),
                bot_until,
            ),
            by_people: between(taken, closed),
            rating: row.get(9)?,
        })
    }
}

#[derive(Default)]
struct Counted {
    all: Count,
    hours: BTreeMap<i8, Count>,
    days: BTreeMap<Date, Count>,
    outcomes: BTreeMap<String, u64>,
}

impl Counted {
    fn add(&mut self, facts: &Facts, zone: &TimeZone) {
        self.all.add(facts);
        if let Ok(began) = Timestamp::from_millisecond(facts.began.as_i64()) {
            let began = began.to_zoned(zone.clone());
            self.hours.entry(began.hour()).or_default().add(facts);
            self.days.entry(began.date()).or_default().add(facts);
        }
        if let Some(outcome) = &facts.outcome {
            *self.outcomes.entry(outcome.clone()).or_default() += 1;
        }
    }

    fn report(mut self) -> Report {
        self.fill_days();
        let hour = |hour: i8| {
            let count = self.hours.remove(&hour).unwrap_or_default();
            count.row(ReportSpan::Hour, format!("{hour:02}"))
        };
        Report {
            hours: (0..24).map(hour).collect(),
            all: self.all.row(ReportSpan::All, String::new()),
            days: self
                .days
                .into_iter()
                .map(|(day, count)| count.row(ReportSpan::Day, day.to_string()))
                .collect(),
            outcomes: self.outcomes,
        }
    }

    /// Adds the days between on which nothing began.
    fn fill_days(&mut self) {
        let ends = (self.days.first_key_value(), self.days.last_key_value());
        if let (Some((first, _)), Some((last, _))) = ends {
            let (first, last) = (*first, *last);
            let days = first.series(1.day()).take_while(|day| *day <= last);
            let days: Vec<Date> = days.take(DAYS_MAX + 1).collect();
            if days.len() <= DAYS_MAX {
                for day in days {
                    self.days.entry(day).or_default();
                }
            }
        }
    }
}

#[derive(Default)]
struct Count {
    conversations: u64,
    closed: u64,
    abandoned: u64,
    handed_off: u64,
    waiting: Lengths,
    person_waiting: Lengths,
    by_bot: Lengths,
    by_people: Lengths,
    ratings: u64,
    rating_sum: i64,
}

impl Count {
    fn add(&mut self, facts: &Facts) {
        self.conversations += 1;
        self.closed += u64::from(facts.closed.is_some());
        self.abandoned += u64::from(facts.is_abandoned);
        self.handed_off += u64::from(facts.is_handed_off);
        for (lengths, length) in [
            (&mut self.waiting, facts.waiting),
            (&mut self.person_waiting, facts.person_waiting),
            (&mut self.by_bot, facts.by_bot),
            (&mut self.by_people, facts.by_people),
        ] {
            if let Some(length) = length {
                lengths.add(length);
            }
        }
        if let Some(rating) = facts.rating {
            self.ratings += 1;
            self.rating_sum += rating;
        }
    }

    fn row(self, span: ReportSpan, name: String) -> ReportRow {
        ReportRow {
            span,
            name,
            conversations: self.conversations,
            closed: self.closed,
            abandoned: self.abandoned,
            handed_off: self.handed_off,
            waiting: self.waiting.spread(),
            person_waiting: self.person_waiting.spread(),
            by_bot: self.by_bot.spread(),
            by_people: self.by_people.spread(),
            ratings: self.ratings,
            rating_mean: (self.ratings > 0).then(|| self.rating_sum as f64 / self.ratings as f64),
        }
    }
}
