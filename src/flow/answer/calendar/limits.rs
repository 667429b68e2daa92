//! `min` and `max` of days and times, and what the opening times say about a time like "3".

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::{Span, ToSpan as _};

use crate::flow::answer::calendar::clock::Clock;
use crate::flow::answer::calendar::date::SideOfToday;

/// The earliest or the latest day that a step accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DayLimit {
    On(Date),
    /// This much later than today.
    FromToday(Span),
}

impl fmt::Display for DayLimit {
    /// As in a flow file: "today", "+60d".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = match self {
            DayLimit::On(date) => return date.fmt(f),
            DayLimit::FromToday(span) if span.is_zero() => return f.write_str("today"),
            DayLimit::FromToday(span) => span,
        };
        match (span.get_days(), span.get_weeks(), span.get_months()) {
            (0, 0, 0) => write!(f, "{:+} years", span.get_years()),
            (0, 0, months) => write!(f, "{months:+} months"),
            (0, weeks, _) => write!(f, "{weeks:+}w"),
            (days, ..) => write!(f, "{days:+}d"),
        }
    }
}

/// Which days a step accepts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DayLimits {
    pub(crate) min: Option<DayLimit>,
    pub(crate) max: Option<DayLimit>,
}

/// What a day means within limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayMeaning {
    Day(Date),
    /// It is too early or too late.
    OutOfRange,
    /// It is no day, or several.
    Nothing,
}

impl DayLimits {
    /// The first and the last day that fit today.
    pub(crate) fn days(self, today: Date) -> (Option<Date>, Option<Date>) {
        let day = |limit: Option<DayLimit>| limit.map(|limit| limit.day(today));
        (day(self.min), day(self.max))
    }

    /// What a day means that `read` reads. Where only the past fits, a day without a year is the last such day.
    pub(crate) fn meaning(
        self,
        today: Date,
        read: impl Fn(SideOfToday) -> Option<Date>,
    ) -> DayMeaning {
        let (min, max) = self.days(today);
        let fits =
            |date: &Date| min.is_none_or(|min| *date >= min) && max.is_none_or(|max| *date <= max);
        let Some(date) = read(SideOfToday::Ahead) else {
            return DayMeaning::Nothing;
        };
        let back = || match max {
            Some(max) if max <= today => read(SideOfToday::Back).filter(fits),
            _ => None,
        };
        match Some(date).filter(fits).or_else(back) {
            Some(date) => DayMeaning::Day(date),
            None => DayMeaning::OutOfRange,
        }
    }
}

impl DayLimit {
    /// Reads "2026-12-01", "today", "+60d", "-2 weeks", "+3 months".
    pub(crate) fn read(text: &str) -> Option<DayLimit> {
        let text = text.trim();
        if text == "today" {
            return Some(DayLimit::FromToday(0.days()));
        }
        let Some(sign @ (b'+' | b'-')) = text.bytes().next() else {
            // jiff also reads "20261201", which few people do.
            let is_long = text.len() == 10;
            return text.parse().ok().filter(|_| is_long).map(DayLimit::On);
        };
        let rest = text[1..].trim();
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok().filter(|number| *number < 10_000)?;
        let number = if sign == b'-' { -number } else { number };
        let span = Span::new();
        let span = match rest[end..].trim() {
            "d" | "day" | "days" => span.try_days(number),
            "w" | "week" | "weeks" => span.try_weeks(number),
            "month" | "months" => span.try_months(number),
            "y" | "year" | "years" => span.try_years(number),
            _ => return None,
        };
        span.ok().map(DayLimit::FromToday)
    }

    /// The day that this is today.
    pub(crate) fn day(self, today: Date) -> Date {
        match self {
            DayLimit::On(date) => date,
            DayLimit::FromToday(span) => today.saturating_add(span),
        }
    }
}

/// Reads the earliest or the latest time of day that a step accepts: "09:00".
pub(crate) fn read_time_limit(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 || !digits(hour) || !digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// Which times of day a step accepts, and when the shop is open.
#[derive(Debug, Clone, Default)]
pub(crate) struct TimeLimits {
    pub(crate) min: Option<Time>,
    pub(crate) max: Option<Time>,
    /// The opening times of all weekdays, in minutes since midnight; an end may be on the next day. `None`: not known.
    pub(crate) open: Option<Vec<(i64, i64)>>,
}

/// What a time of day means within limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeMeaning {
    Time(Time),
    /// This time, or half a day later.
    Either(Time),
    /// It is too early or too late.
    OutOfRange,
    /// It is no time of day, or several.
    Nothing,
}

impl TimeLimits {
    /// What a time like "3" means: if the limits are known, it is the half of the day that they allow.
    pub(crate) fn meaning(&self, clock: Clock) -> TimeMeaning {
        let Some(time) = time_of(clock.hour, clock.minute) else {
            return TimeMeaning::Nothing;
        };
        let other = match clock.hour {
            _ if clock.is_settled => None,
            12 => time_of(0, clock.minute),
            hour => time_of(hour + 12, clock.minute),
        };
        let mut both = [Some(time), other].into_iter().flatten();
        let accepted: Vec<Time> = both.by_ref().filter(|time| self.accepts(*time)).collect();
        match accepted[..] {
            [] => TimeMeaning::OutOfRange,
            [one] => TimeMeaning::Time(one),
            _ if self.min.is_none() && self.max.is_none() && self.open.is_none() => {
                TimeMeaning::Time(time)
            }
            _ => {
                let mut open = accepted.iter().filter(|time| self.is_open(**time));
                match (open.next(), open.next()) {
                    (Some(one), None) => TimeMeaning::Time(*one),
                    // "12" is noon to nearly everybody.
                    _ if clock.hour == 12 => TimeMeaning::Time(time),
                    _ => TimeMeaning::Either(time),
                }
            }
        }
    }

    fn accepts(&self, time: Time) -> bool {
        self.min.is_none_or(|min| time >= min) && self.max.is_none_or(|max| time <= max)
    }

    /// Whether the shop is open at this time on some day, or closes then.
    fn is_open(&self, time: Time) -> bool {
        let minute = i64::from(time.hour()) * 60 + i64::from(time.minute());
        let minutes = [minute, minute + 24 * 60];
        self.open.iter().flatten().any(|(from, to)| {
            let open = *from..=*to;
            minutes.iter().any(|minute| open.contains(minute))
        })
    }
}

fn time_of(hour: i16, minute: i16) -> Option<Time> {
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_days_is_read_and_shown_as_people_write_it() {
        let today = jiff::civil::date(2026, 11, 26);
        for (text, day, shown) in [
            ("today", "2026-11-26", "today"),
            ("+0d", "2026-11-26", "today"),
            ("+60d", "2027-01-25", "+60d"),
            ("+1 day", "2026-11-27", "+1d"),
            ("-7 days", "2026-11-19", "-7d"),
            ("+2w", "2026-12-10", "+2w"),
            ("+ 3 months", "2027-02-26", "+3 months"),
            ("-18 years", "2008-11-26", "-18 years"),
            ("2026-12-01", "2026-12-01", "2026-12-01"),
        ] {
            let limit = DayLimit::read(text).unwrap();
            assert_eq!(limit.day(today).to_string(), day, "{text}");
            assert_eq!(limit.to_string(), shown, "{text}");
        }
        for wrong in [
            "",
            "tomorrow",
            "60d",
            "+d",
            "+60",
            "+2m",
            "+60h",
            "2026-02-30",
            "20261201",
            "1/12/2026",
            "+99999d",
        ] {
            assert!(DayLimit::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_of_times_has_hours_and_minutes() {
        for (text, time) in [
            ("09:00", "09:00:00"),
            ("9:30", "09:30:00"),
            ("23:59", "23:59:00"),
        ] {
            assert_eq!(read_time_limit(text).unwrap().to_string(), time);
        }
        for wrong in ["", "9", "9h", "24:00", "9:5", "+9:00", "09:60"] {
            assert_eq!(read_time_limit(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_outside_the_limits_do_not_fit() {
        let today = jiff::civil::date(2026, 11, 26);
        let limits = |min: &str, max: &str| DayLimits {
            min: DayLimit::read(min),
            max: DayLimit::read(max),
        };
        let day = |text: &str| text.parse::<Date>().unwrap();
        let meaning = |limits: DayLimits, ahead: &str, back: &str| {
            limits.meaning(today, |side| match side {
                SideOfToday::Ahead => Some(day(ahead)),
                SideOfToday::Back => Some(day(back)),
            })
        };
        let (soon, past) = (limits("today", "+60d"), limits("", "today"));
        for (limits, ahead, meant) in [
            (soon, "2026-11-26", DayMeaning::Day(day("2026-11-26"))),
            (soon, "2027-01-25", DayMeaning::Day(day("2027-01-25"))),
            (soon, "2027-01-26", DayMeaning::OutOfRange),
            (soon, "2026-11-25", DayMeaning::OutOfRange),
            (past, "2027-11-05", DayMeaning::Day(day("2026-11-05"))),
        ] {
            assert_eq!(meaning(limits, ahead, "2026-11-05"), meant, "{ahead}");
        }
        assert_eq!(soon.meaning(today, |_| None), DayMeaning::Nothing);
    }
}
