//! Opening times: when the shop is open, since when it has been closed, and when it opens next.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};

use crate::clock::Millis;
use crate::flow::words::locale::Locale;

/// Minutes of a day.
pub(crate) const DAY: i64 = 24 * 60;
/// How many days ahead to look for the next opening: a year, with its holidays.
const DAYS_MAX: i64 = 370;

/// The opening times of a flow or of a team.
#[derive(Debug)]
pub(crate) struct Hours {
    /// By day of the week, from Monday.
    pub(crate) week: [Vec<Opening>; 7],
    /// Special days.
    pub(crate) exceptions: Vec<(Day, Vec<Opening>)>,
}

/// Open from one time to another, in minutes since midnight. The end may be on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Day {
    Once(Date),
    /// Month and day of every year.
    Yearly(i8, i8),
}

impl Hours {
    /// Since when it has been closed; `None` if it is open now.
    pub(crate) fn closed_since(&self, timezone: &TimeZone, now: Millis) -> Option<Millis> {
        let at = local(timezone, now);
        if self.is_open(at) {
            return None;
        }
        let closed = self.closed(at).and_then(|at| moment(timezone, at));
        Some(closed.unwrap_or_default().min(now))
    }

    /// When it opens next, as a person would say it; empty if it never does.
    pub(crate) fn opens_phrase(&self, timezone: &TimeZone, locale: Locale, now: Millis) -> String {
        let now = local(timezone, now);
        let opens = self.opens(now);
        opens.map_or_else(String::new, |at| phrase(locale, now.date(), at))
    }

    /// When it opens next.
    pub(crate) fn opens_at(&self, timezone: &TimeZone, now: Millis) -> Option<Millis> {
        moment(timezone, self.opens(local(timezone, now))?)
    }

    /// The openings that begin on a day.
    fn on(&self, date: Date) -> &[Opening] {
        let is = |(day, _): &&(Day, Vec<Opening>)| match day {
            Day::Once(day) => *day == date,
            Day::Yearly(month, day) => (*month, *day) == (date.month(), date.day()),
        };
        // An exception for one year overrides the yearly one.
        let once = |(day, _): &&(Day, Vec<Opening>)| matches!(day, Day::Once(_));
        let exceptions = || self.exceptions.iter().filter(is);
        match exceptions().find(once).or_else(|| exceptions().next()) {
            Some((_, openings)) => openings,
            None => &self.week[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())],
        }
    }

    fn is_open(&self, at: DateTime) -> bool {
        let minute = i64::from(at.hour()) * 60 + i64::from(at.minute());
        let within = |date: Option<Date>, minute: i64| {
            let openings = date.map_or(&[][..], |date| self.on(date));
            openings
                .iter()
                .any(|opening| (opening.from..opening.to).contains(&minute))
        };
        within(Some(at.date()), minute) || within(at.date().yesterday().ok(), minute + DAY)
    }

    /// When it opens next, in local time.
    fn opens(&self, after: DateTime) -> Option<DateTime> {
        (0..=DAYS_MAX).find_map(|days| {
            let date = shifted(after.date(), days)?;
            let openings = self.on(date).iter();
            let openings = openings.filter_map(|opening| minute_of(date, opening.from));
            openings.filter(|at| *at > after).min()
        })
    }

    /// When it last closed, in local time.
    fn closed(&self, before: DateTime) -> Option<DateTime> {
        // An opening may end on the day after it began.
        let days = (-1..=DAYS_MAX).filter_map(|days| shifted(before.date(), -days));
        let mut closings = None;
        for (number, date) in days.enumerate() {
            let ends = self.on(date).iter();
            let ends = ends.filter_map(|opening| minute_of(date, opening.to));
            let last = ends.filter(|at| *at <= before).max();
            let found = closings.is_some();
            closings = closings.max(last);
            // The opening of the day before may end later than this one, past midnight.
            if found && number > 0 {
                break;
            }
        }
        closings
    }
}

fn shifted(date: Date, days: i64) -> Option<Date> {
    let span: Span = Span::new().try_days(days).ok()?;
    date.checked_add(span).ok()
}

fn minute_of(date: Date, minute: i64) -> Option<DateTime> {
    date.to_datetime(Time::midnight())
        .checked_add(minute.minutes())
        .ok()
}

/// The local time at a point in time.
pub(crate) fn local(timezone: &TimeZone, now: Millis) -> DateTime {
    timezone.to_datetime(Timestamp::from_millisecond(now.as_i64()).unwrap_or(Timestamp::MAX))
}

/// A local time of 1970 or later, as a point in time.
pub(crate) fn moment(timezone: &TimeZone, at: DateTime) -> Option<Millis> {
    let at = Millis::new(timezone.to_timestamp(at).ok()?.as_millisecond());
    (at >= Millis::default()).then_some(at)
}

/// "amanhã às 9h": as a person would say it.
fn phrase(locale: Locale, today: Date, at: DateTime) -> String {
    let weekday = usize::from(at.weekday().to_monday_zero_offset().unsigned_abs());
    let days = today
        .until(at.date())
        .map_or(i32::MAX, |span| span.get_days());
    let [today, tomorrow] = match locale {
        Locale::En => ["today", "tomorrow"],
        Locale::PtBr => ["hoje", "amanhã"],
        Locale::Es => ["hoy", "mañana"],
    };
    let day = match days {
        0 => today.to_owned(),
        1 => tomorrow.to_owned(),
        2..7 => WEEKDAYS[weekday][locale as usize].to_owned(),
        _ => match locale {
            Locale::En => at.strftime("on %-d %B %Y").to_string(),
            Locale::PtBr => at.strftime("no dia %d/%m/%Y").to_string(),
            Locale::Es => at.strftime("el %d/%m/%Y").to_string(),
        },
    };
    let (hour, minute) = (at.hour(), at.minute());
    // One o'clock is singular: "à 1h", "a la 1:00".
    match (locale, hour) {
        (Locale::En, _) => format!("{day} at {hour}:{minute:02}"),
        (Locale::PtBr, _) => {
            let at = if hour == 1 { "à" } else { "às" };
            match minute {
                0 => format!("{day} {at} {hour}h"),
                _ => format!("{day} {at} {hour}h{minute:02}"),
            }
        }
        (Locale::Es, 1) => format!("{day} a la {hour}:{minute:02}"),
        (Locale::Es, _) => format!("{day} a las {hour}:{minute:02}"),
    }
}

/// From Monday, in the order of [`Locale::ALL`].
const WEEKDAYS: [[&str; 3]; 7] = [
    ["on Monday", "na segunda-feira", "el lunes"],
    ["on Tuesday", "na terça-feira", "el martes"],
    ["on Wednesday", "na quarta-feira", "el miércoles"],
    ["on Thursday", "na quinta-feira", "el jueves"],
    ["on Friday", "na sexta-feira", "el viernes"],
    ["on Saturday", "no sábado", "el sábado"],
    ["on Sunday", "no domingo", "el domingo"],
];

/// The day of the week that a folded word names, in any locale: "mon", "segunda", "lun".
pub(crate) fn weekday(word: &str) -> Option<Weekday> {
    const WORDS: [&[&str]; 7] = [
        &["mon", "monday", "seg", "segunda", "lun", "lunes"],
        &["tue", "tuesday", "ter", "terca", "mar", "martes"],
        &["wed", "wednesday", "qua", "quarta", "mie", "miercoles"],
        &["thu", "thursday", "qui", "quinta", "jue", "jueves"],
        &["fri", "friday", "sex", "sexta", "vie", "viernes"],
        &["sat", "saturday", "sab", "sabado"],
        &["sun", "sunday", "dom", "domingo"],
    ];
    let day = WORDS.iter().position(|words| words.contains(&word))?;
    Weekday::from_monday_zero_offset(i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::script::checked_flow::Script;

    const SHOP: &str = r#"
        locale = "pt-BR"
        timezone = "America/Sao_Paulo"
        start = "hello"
        [hours]
        mon-fri = ["09:00-12:00", "13:00-18:00"]
        sab = "09:00-13:00"
        closed = "closed"
        [hours.exceptions]
        "2026-12-24" = "09:00-12:00"
        "12-25" = "closed"
        [step.hello]
        ask = "hello"
        save = "said"
        end = "done"
        [step.closed]
        say = "we open {{ opens }}"
        end = "closed"
    "#;

    fn load(source: &str) -> Script {
        Script::load(source, Locale::En).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }

    fn at(script: &Script, text: &str) -> Millis {
        script.moment(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_next_opening_is_named_as_a_person_would_in_each_language() {
        // A Monday.
        let today = jiff::civil::date(2026, 11, 23);
        let sentence = |locale, days: i64, hour| {
            let at = shifted(today, days).unwrap().at(hour, 0, 0, 0);
            phrase(locale, today, at)
        };
        for (days, hour, [en, pt_br, es]) in [
            (0, 13, ["today at 13:00", "hoje às 13h", "hoy a las 13:00"]),
            (
                1,
                1,
                ["tomorrow at 1:00", "amanhã à 1h", "mañana a la 1:00"],
            ),
            (
                2,
                9,
                [
                    "on Wednesday at 9:00",
                    "na quarta-feira às 9h",
                    "el miércoles a las 9:00",
                ],
            ),
            (
                5,
                9,
                [
                    "on Saturday at 9:00",
                    "no sábado às 9h",
                    "el sábado a las 9:00",
                ],
            ),
            (
                38,
                9,
                [
                    "on 31 December 2026 at 9:00",
                    "no dia 31/12/2026 às 9h",
                    "el 31/12/2026 a las 9:00",
                ],
            ),
        ] {
            assert_eq!(sentence(Locale::En, days, hour), en);
            assert_eq!(sentence(Locale::PtBr, days, hour), pt_br);
            assert_eq!(sentence(Locale::Es, days, hour), es);
        }
    }

    #[test]
    fn it_is_open_when_the_file_says_so() {
        let script = load(SHOP);
        for (time, since) in [
            ("2026-11-23T08:59:59", Some("2026-11-21T13:00:00")),
            ("2026-11-23T09:00:00", None),
            ("2026-11-23T11:59:59", None),
            ("2026-11-23T12:00:00", Some("2026-11-23T12:00:00")),
            ("2026-11-23T17:59:00", None),
            ("2026-11-23T23:00:00", Some("2026-11-23T18:00:00")),
            ("2026-11-22T10:00:00", Some("2026-11-21T13:00:00")),
            ("2026-12-24T13:30:00", Some("2026-12-24T12:00:00")),
            ("2026-12-25T10:00:00", Some("2026-12-24T12:00:00")),
            ("2027-12-25T10:00:00", Some("2027-12-24T18:00:00")),
        ] {
            let found = script.closed_since(at(&script, time));
            assert_eq!(found, since.map(|since| at(&script, since)), "{time}");
        }
    }

    #[test]
    fn an_opening_past_midnight_is_one_and_daylight_saving_time_does_not_move_it() {
        let bar = load(
            "timezone = 'Europe/Lisbon'\nstart = 'a'\n[hours]\nfri-sat = '18:00-02:00'\nclosed = 'a'\n[step.a]\nask = '?'\nend = 'x'",
        );
        for (time, open) in [
            ("2026-11-27T17:59:00", false),
            ("2026-11-27T23:59:00", true),
            ("2026-11-28T01:59:00", true),
            ("2026-11-28T02:00:00", false),
            ("2026-11-29T01:00:00", true),
            ("2026-11-30T01:00:00", false),
            // Daylight saving time begins at 01:00 on Sunday, 29 March 2026.
            ("2026-03-29T00:30:00", true),
            ("2026-03-29T02:30:00", false),
        ] {
            let since = bar.closed_since(at(&bar, time));
            assert_eq!(since.is_none(), open, "{time}");
        }
        assert_eq!(
            bar.closed_since(at(&bar, "2026-11-28T03:00:00")),
            Some(at(&bar, "2026-11-28T02:00:00"))
        );
    }
}
