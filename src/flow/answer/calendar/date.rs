//! Reads an answer as a day.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan as _};

use crate::flow::answer::calendar::clock::{after_clock, clock_at, part_at};
use crate::flow::answer::calendar::day_piece::{
    DayPiece, DayText, WhichWeekday, WrittenDate, YEARS, new,
};
use crate::flow::answer::calendar::day_words::DayWords;
use crate::flow::answer::calendar::numerals::{Numeral, day_number};
use crate::flow::answer::calendar::tokens::Tokens;
use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;

/// Which day a customer means who writes no year, or only a weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SideOfToday {
    /// The next such day, as for an appointment.
    Ahead,
    /// The last such day, where only the past is asked for.
    Back,
}

/// The day that an answer means; `None` if it may mean several, or none.
///
/// A day without a year is the next such day, which may be today. A weekday is the next one after today. If a weekday and a
/// date contradict each other, the answer means nothing. A time of day beside the day does not count. In English 03/04 can
/// be in March or in April, so digits are read only if just one of the two exists, or in ISO form.
pub(crate) fn date(text: &str, locale: Locale, today: Date, side: SideOfToday) -> Option<Date> {
    let folded = fold(text);
    let tokens = Tokens::of(&folded)?;
    let text = DayText {
        tokens: &tokens,
        words: DayWords::of(locale),
        today,
        is_day: true,
    };
    let pieces = pieces(text)?;
    meant(&pieces, locale, Calendar { today, side })
}

/// Everything that the text says about a day; `None` if it says anything else.
fn pieces(text: DayText<'_>) -> Option<Vec<DayPiece>> {
    let DayText { tokens, words, .. } = text;
    let mut pieces: Vec<DayPiece> = Vec::new();
    let mut at = 0;
    // Where the last weekday ended: a number right behind it may be its day.
    let mut weekday_end = None;
    while at < tokens.len() {
        if let Some(end) = tokens.one_of(at, words.any_time) {
            at = end;
        } else if let Some((piece, end)) = text.piece_at(at) {
            weekday_end = matches!(piece, DayPiece::Weekday(..)).then_some(end);
            pieces.push(piece);
            at = end;
        } else if let Some(end) = time_at(text, at) {
            at = end;
        } else if let Some(day) = bare_day(text, at).filter(|_| weekday_end == Some(at)) {
            pieces.push(DayPiece::Day {
                number: day.value,
                is_marked: day.is_ordinal,
            });
            at = day.end;
        } else if let Some(end) = tokens.one_of(at, words.fillers) {
            at = end;
        } else if tokens.is_word(at, words.links) && at + 1 < tokens.len() {
            at += 1;
        } else if tokens.is_mark(at, ",;.:-") && at > 0 {
            at += 1;
            weekday_end = weekday_end.map(|end| end + usize::from(end + 1 == at));
        } else {
            return None;
        }
    }
    Some(pieces)
}

/// The end of a time of day, or of several: "às 14h", "à tarde", "depois das 10", "de manhã ou à tarde".
fn time_at(text: DayText<'_>, at: usize) -> Option<usize> {
    let DayText { tokens, words, .. } = text;
    let bound = tokens.one_of(at, words.bounds);
    let one = |at: usize, is_sure: bool| {
        let clock = clock_at(tokens, at, words.locale)
            .filter(|(clock, _)| clock.is_marked || is_sure)
            .map(|(_, end)| end);
        let part = |at: usize| part_at(tokens, at, words.locale).map(|(_, end)| end);
        let end = clock.or_else(|| part(at))?;
        let end = part(end).unwrap_or(end);
        Some(after_clock(tokens, end, words.locale).unwrap_or(end))
    };
    let start = bound.unwrap_or(at);
    let mut end = match one(start, false) {
        Some(end) => end,
        None => {
            // "entre 2 e 4" may be two days; "entre 2 e 4h" are hours.
            let end = one(start, bound.is_some())?;
            let is_between = tokens.is_word(at, &["entre", "between"]);
            let other = tokens
                .one_of(end, words.ranges)
                .and_then(|at| one(at, false));
            if is_between && other.is_none() {
                return None;
            }
            end
        }
    };
    while let Some(other) = tokens
        .one_of(end, words.ranges)
        .and_then(|at| one(at, false))
    {
        end = other;
    }
    Some(end)
}

/// A number of one or two digits that is no part of a date or a time: "4", "1ro".
fn bare_day(text: DayText<'_>, at: usize) -> Option<Numeral> {
    let day = day_number(text.tokens, at, text.words.locale)?;
    (!day.in_words && !text.tokens.is_mark(day.end, "/:")).then_some(day)
}

/// Today, and on which side of it a day lies that is not fully named.
#[derive(Clone, Copy)]
struct Calendar {
    today: Date,
    side: SideOfToday,
}

/// The only day on which all pieces agree.
fn meant(pieces: &[DayPiece], locale: Locale, calendar: Calendar) -> Option<Date> {
    let Calendar { today, .. } = calendar;
    let years = only(pieces, |piece| match piece {
        DayPiece::YearsFromNow(years) => Some(*years),
        _ => None,
    })?;
    let weeks = only(pieces, |piece| match piece {
        DayPiece::WeeksFromNow(weeks) => Some(*weeks),
        _ => None,
    })?;
    let months = only(pieces, |piece| match piece {
        DayPiece::MonthsFromNow(months) => Some(*months),
        _ => None,
    })?;
    let month = only(pieces, |piece| match piece {
        DayPiece::Month(month) => Some(*month),
        _ => None,
    })?;
    let weekday = only(pieces, |piece| match piece {
        DayPiece::Weekday(weekday, _) => Some(*weekday),
        _ => None,
    })?;
    let day = only(pieces, |piece| match piece {
        DayPiece::Day { number, .. } => Some(*number),
        _ => None,
    })?;
    let year = years.map(|years| today.year() + years);

    let mut days: Option<Vec<Date>> = None;
    let mut agree = |named: Vec<Date>| {
        days = Some(match days.take() {
            Some(days) => days.into_iter().filter(|day| named.contains(day)).collect(),
            None => named,
        });
    };
    for piece in pieces {
        match piece {
            DayPiece::Away(span) => agree(vec![away(today, *span)?]),
            DayPiece::Dates(dates) => agree(calendar.all(dates, year)?),
            _ => {}
        }
    }
    match (day, month, months) {
        (None, None, None) => {}
        (Some(day), None, None) => agree(vec![calendar.day_of_month(day)?]),
        (Some(day), Some(month), None) => agree(vec![calendar.at(day, month, year)?]),
        (Some(day), None, Some(months)) => {
            let first = today.first_of_month().checked_add(months.months()).ok()?;
            agree(vec![new(first.year(), first.month().into(), day)?]);
        }
        _ => return None,
    }
    let Some(days) = days else {
        return calendar.weekday(weekday?, weeks, is_this(pieces));
    };
    let mut fitting = days.into_iter().filter(|date| {
        weekday.is_none_or(|weekday| date.weekday() == weekday)
            && weeks.is_none_or(|weeks| calendar.is_in_week(*date, weeks))
    });
    let date = fitting.next()?;
    let is_only = fitting.all(|other| other == date);
    (is_only && bare_day_is_sure(pieces, locale, date, calendar)).then_some(date)
}

/// "sexta 4": in Spanish that is how people write the day. Elsewhere it may be the hour, unless it makes no difference.
fn bare_day_is_sure(pieces: &[DayPiece], locale: Locale, date: Date, calendar: Calendar) -> bool {
    let is_bare = pieces
        .iter()
        .any(|piece| matches!(piece, DayPiece::Day { number, is_marked: false } if *number <= 23));
    !is_bare || locale == Locale::Es || calendar.weekday(date.weekday(), None, false) == Some(date)
}

/// "essa sexta".
fn is_this(pieces: &[DayPiece]) -> bool {
    let is_this = |piece: &DayPiece| matches!(piece, DayPiece::Weekday(_, WhichWeekday::This));
    pieces.iter().any(is_this)
}

/// What the pieces of one kind say, if there are any; `None` if they contradict each other.
fn only<T: PartialEq>(
    pieces: &[DayPiece],
    kind: impl Fn(&DayPiece) -> Option<T>,
) -> Option<Option<T>> {
    let mut found = pieces.iter().filter_map(kind);
    let Some(first) = found.next() else {
        return Some(None);
    };
    found.all(|other| other == first).then_some(Some(first))
}

fn away(today: Date, span: Span) -> Option<Date> {
    let date = today.checked_add(span).ok()?;
    YEARS.contains(&date.year()).then_some(date)
}

impl Calendar {
    /// The dates with their years.
    fn all(self, dates: &[WrittenDate], year: Option<i16>) -> Option<Vec<Date>> {
        let date = |date: &WrittenDate| match (date.year, year) {
            (Some(written), Some(year)) if written != year => None,
            (written, year) => self.at(date.day, date.month, written.or(year)),
        };
        let dates: Vec<Date> = dates.iter().filter_map(date).collect();
        (!dates.is_empty()).then_some(dates)
    }

    /// The day of this year; without a year, the nearest such day.
    fn at(self, day: i16, month: i16, year: Option<i16>) -> Option<Date> {
        if let Some(year) = year {
            return new(year, month, day);
        }
        // Two 29ths of February are at most eight years apart.
        let in_years = |years: i16| match self.side {
            SideOfToday::Ahead => new(self.today.year() + years, month, day),
            SideOfToday::Back => new(self.today.year() - years, month, day),
        };
        (0..=8).filter_map(in_years).find(|date| self.fits(*date))
    }

    /// The nearest day with this number.
    fn day_of_month(self, day: i16) -> Option<Date> {
        let first = self.today.first_of_month();
        let in_months = |months: i64| match self.side {
            SideOfToday::Ahead => first.checked_add(months.months()).ok(),
            SideOfToday::Back => first.checked_sub(months.months()).ok(),
        };
        (0..12)
            .filter_map(in_months)
            .filter_map(|month| new(month.year(), month.month().into(), day))
            .find(|date| self.fits(*date))
    }

    fn fits(self, date: Date) -> bool {
        match self.side {
            SideOfToday::Ahead => date >= self.today,
            SideOfToday::Back => date <= self.today,
        }
    }

    /// The nearest such weekday, not today; or the one of a week.
    fn weekday(self, weekday: Weekday, weeks: Option<i16>, is_this: bool) -> Option<Date> {
        let Some(weeks) = weeks else {
            // "This Friday", said on a Friday, may be today or in a week.
            if is_this && weekday == self.today.weekday() {
                return None;
            }
            let place = match self.side {
                SideOfToday::Ahead => 1,
                SideOfToday::Back => -1,
            };
            return self.today.nth_weekday(place, weekday).ok();
        };
        let [one, other] = self.week_starts(weeks)?;
        let in_week = |start: Date| {
            let mut days = (0..7).filter_map(|days: i64| start.checked_add(days.days()).ok());
            days.find(|date| date.weekday() == weekday)
        };
        let date = in_week(one).filter(|date| in_week(other) == Some(*date))?;
        (weeks > 0 || self.fits(date)).then_some(date)
    }

    /// Whether a date lies in this week (0) or the next one (1), on whichever day weeks begin.
    fn is_in_week(self, date: Date, weeks: i16) -> bool {
        let starts = self.week_starts(weeks);
        starts.is_some_and(|starts| {
            starts.into_iter().all(|start| {
                let end = start.checked_add(7.days());
                date >= start && end.is_ok_and(|end| date < end)
            })
        })
    }

    /// Weeks begin on Monday to some and on Sunday to others.
    fn week_starts(self, weeks: i16) -> Option<[Date; 2]> {
        let from_monday = i64::from(self.today.weekday().to_monday_zero_offset());
        let from_sunday = i64::from(self.today.weekday().to_sunday_zero_offset());
        let start = |days: i64| {
            let days = i64::from(weeks) * 7 - days;
            self.today.checked_add(days.days()).ok()
        };
        Some([start(from_monday)?, start(from_sunday)?])
    }
}

#[cfg(test)]
mod tests;
