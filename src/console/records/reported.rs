//! What a report is about: a period, and a session or all.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::asked::period;
use crate::clock::Millis;
use crate::console::request::Request;
use crate::console::texts::{HistoryTexts, fill};
use crate::console::who::Who;
use crate::history::Query;

/// The periods to choose from, in days.
pub(in crate::console) const PERIODS: [i32; 3] = [7, 30, 90];
/// The period if none is chosen.
const DAYS: i32 = 7;
/// The longest period that is asked for in days.
const DAYS_MAX: i32 = 3_660;

/// See the file.
#[derive(Clone, Debug)]
pub(in crate::console) struct AskedReport {
    pub(in crate::console) query: Query,
    /// The time zone of its hours and days.
    pub(in crate::console) zone: TimeZone,
    /// The last so many days, today included; `None`: from one date to another.
    pub(in crate::console) days: Option<i32>,
}

impl AskedReport {
    /// Reads what is asked for.
    ///
    /// # Errors
    /// What is wrong with it, in the agent's language.
    pub(in crate::console) fn read(
        request: &Request,
        who: &Who,
        zone: TimeZone,
    ) -> Result<Self, String> {
        let texts = HistoryTexts::of(who.language);
        let dates = period(request, &zone).map_err(|text| fill(texts.bad_time, &[text]))?;
        let (days, (since, until)) = match dates {
            (None, None) => {
                let days = request.query("days").and_then(|days| days.parse().ok());
                let days = days.unwrap_or(DAYS).clamp(1, DAYS_MAX);
                (Some(days), (start_of(days, &zone), None))
            }
            dates => (None, dates),
        };
        Ok(Self {
            query: Query {
                since,
                until,
                session: request.query("session").map(str::to_owned),
                sessions: who.agent.sessions.clone(),
                ..Query::default()
            },
            zone,
            days,
        })
    }

    /// The first and the last day, as far as they are limited.
    pub(in crate::console) fn dates(&self) -> (Option<Date>, Option<Date>) {
        let date = |at: Millis| {
            let at = Timestamp::from_millisecond(at.as_i64()).ok()?;
            Some(at.to_zoned(self.zone.clone()).date())
        };
        // The period ends before this moment.
        let last = |until: Millis| date(Millis::new(until.as_i64() - 1));
        (
            self.query.since.and_then(date),
            self.query.until.and_then(last),
        )
    }
}

/// When the first of the last `days` days began.
fn start_of(days: i32, zone: &TimeZone) -> Option<Millis> {
    let today = Timestamp::now().to_zoned(zone.clone()).date();
    let first = today.checked_sub((days - 1).days()).ok()?;
    let start = first.to_zoned(zone.clone()).ok()?;
    Some(Millis::new(start.timestamp().as_millisecond()))
}
