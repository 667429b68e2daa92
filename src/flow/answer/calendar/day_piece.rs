//! Finds what says something about a day at one place of a text: "sexta", "dia 5", "05/12", "do mês que vem".

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan as _};

use crate::flow::answer::calendar::clock::{DayPart, part_at};
use crate::flow::answer::calendar::day_words::DayWords;
use crate::flow::answer::calendar::numerals::{Numeral, cardinal, day_number};
use crate::flow::answer::calendar::tokens::Tokens;
use crate::flow::words::locale::Locale;

/// The years of birthdays and appointments; "0202" is a typo.
pub(crate) const YEARS: std::ops::Range<i16> = 1900..2200;

/// Something that a text says about a day.
#[derive(Debug, Clone)]
pub(crate) enum DayPiece {
    /// A day and a month; in English, "3/4" can be read in two ways.
    Dates(Vec<WrittenDate>),
    /// From today.
    Away(Span),
    Weekday(Weekday, WhichWeekday),
    /// A day of the month. "sexta 5" may mean an hour, so that number is not marked.
    Day {
        number: i16,
        is_marked: bool,
    },
    Month(i16),
    /// 0: this one; 1: the next one.
    MonthsFromNow(i16),
    WeeksFromNow(i16),
    YearsFromNow(i16),
}

/// Which of all Fridays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhichWeekday {
    Any,
    /// "essa sexta": said on a Friday, it may be today.
    This,
}

/// A date as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenDate {
    pub(crate) day: i16,
    pub(crate) month: i16,
    pub(crate) year: Option<i16>,
}

/// What is being read.
#[derive(Clone, Copy)]
pub(crate) struct DayText<'t> {
    pub(crate) tokens: &'t Tokens<'t>,
    pub(crate) words: &'static DayWords,
    pub(crate) today: Date,
    /// Whether the answer is a day. In a time of day, "10.11" and "10-11" are no days.
    pub(crate) is_day: bool,
}

impl DayText<'_> {
    /// The piece that begins here, and the token after it.
    pub(crate) fn piece_at(&self, at: usize) -> Option<(DayPiece, usize)> {
        self.relative(at)
            .or_else(|| self.away(at))
            .or_else(|| self.near_now(at))
            .or_else(|| self.date(at))
            .or_else(|| self.weekday(at))
            .or_else(|| self.day(at))
            .or_else(|| {
                let month = self.words.whole_month(self.tokens.word(at)?)?;
                Some((DayPiece::Month(month), at + 1))
            })
    }

    fn locale(&self) -> Locale {
        self.words.locale
    }

    /// "amanhã".
    fn relative(&self, at: usize) -> Option<(DayPiece, usize)> {
        let here = |(phrase, days): &(&str, i64)| {
            let end = self.tokens.one_of(at, &[*phrase])?;
            Some((DayPiece::Away(days.days()), end))
        };
        let found = self.words.relative.iter().filter_map(here);
        found.max_by_key(|(_, end)| *end)
    }

    /// "daqui a 3 dias", "in a week", "há 2 dias".
    fn away(&self, at: usize) -> Option<(DayPiece, usize)> {
        let (tokens, words) = (self.tokens, self.words);
        let before = |phrases: &[&str]| tokens.one_of(at, phrases);
        let (start, is_ahead, is_back) = match (before(words.ahead[0]), before(words.back[0])) {
            (Some(end), _) => (end, true, false),
            (None, Some(end)) => (end, false, true),
            (None, None) => (at, false, false),
        };
        let (number, end) = match tokens.one_of(start, words.one) {
            Some(end) => (1, end),
            None => match tokens.number(start) {
                Some(digits) => (digits.parse::<i64>().ok()?, start + 1),
                None => {
                    let number = cardinal(tokens, start, self.locale())?;
                    (number.value.into(), number.end)
                }
            },
        };
        let [days, weeks, months] = words.units;
        let (span, end) = if let Some(end) = tokens.one_of(end, days) {
            (Span::new().try_days(number).ok()?, end)
        } else if let Some(end) = tokens.one_of(end, weeks) {
            (Span::new().try_weeks(number).ok()?, end)
        } else {
            let end = tokens.one_of(end, months)?;
            (Span::new().try_months(number).ok()?, end)
        };
        if is_ahead {
            return Some((DayPiece::Away(span), end));
        }
        if is_back {
            return Some((DayPiece::Away(-span), end));
        }
        if let Some(end) = tokens.one_of(end, words.ahead[1]) {
            return Some((DayPiece::Away(span), end));
        }
        let end = tokens.one_of(end, words.back[1])?;
        Some((DayPiece::Away(-span), end))
    }

    /// "semana que vem", "deste mês".
    fn near_now(&self, at: usize) -> Option<(DayPiece, usize)> {
        let find = |[this, next]: [&[&str]; 2]| {
            let this = self.tokens.one_of(at, this).map(|end| (0, end));
            this.or_else(|| Some((1, self.tokens.one_of(at, next)?)))
        };
        let words = self.words;
        if let Some((number, end)) = find(words.weeks) {
            return Some((DayPiece::WeeksFromNow(number), end));
        }
        if let Some((number, end)) = find(words.months_from_now) {
            return Some((DayPiece::MonthsFromNow(number), end));
        }
        let (number, end) = find(words.years_from_now)?;
        Some((DayPiece::YearsFromNow(number), end))
    }

    /// "sexta-feira que vem", "2ª feira", "next Friday"; also "próximo dia 5".
    fn weekday(&self, at: usize) -> Option<(DayPiece, usize)> {
        let (tokens, words) = (self.tokens, self.words);
        let (next, this) = (tokens.one_of(at, words.next), tokens.one_of(at, words.this));
        let start = match next.or(this) {
            // "próx. sexta"
            Some(end) => end + usize::from(tokens.is_mark(end, ".")),
            None => at,
        };
        let Some((weekday, mut end)) = self.weekday_name(start) else {
            next?;
            return self.date(start).or_else(|| self.next_day(start));
        };
        let mut which = match this.is_some() && next.is_none() {
            true => WhichWeekday::This,
            false => WhichWeekday::Any,
        };
        if let Some(after) = tokens.one_of(end, words.after_next) {
            // "sexta próxima semana" is about the week.
            let is_week = words.weeks[1]
                .iter()
                .any(|week| tokens.one_of(end, &[*week]).is_some());
            if !is_week {
                end = after;
            }
        } else if let Some(after) = tokens.one_of(end, words.after_this) {
            which = WhichWeekday::This;
            end = after;
        }
        Some((DayPiece::Weekday(weekday, which), end))
    }

    fn weekday_name(&self, at: usize) -> Option<(Weekday, usize)> {
        let (tokens, words) = (self.tokens, self.words);
        let ending = |end: usize| {
            let dot = usize::from(tokens.is_mark(end, "."));
            let hyphen = usize::from(tokens.is_mark(end + dot, "-"));
            let ending = end + dot + hyphen;
            tokens
                .is_word(ending, words.weekday_endings)
                .then_some(ending + 1)
        };
        if let Some(day) = tokens.word(at).and_then(|word| words.weekday(word)) {
            let day = Weekday::from_monday_zero_offset(day).ok()?;
            return Some((day, ending(at + 1).unwrap_or(at + 1)));
        }
        if self.locale() != Locale::PtBr {
            return None;
        }
        // "2ª feira", "2a", "2ªf", "2 feira".
        let number: i8 = tokens.number(at)?.parse().ok()?;
        let day = Weekday::from_monday_zero_offset(number - 2)
            .ok()
            .filter(|_| (2..=6).contains(&number))?;
        let dot = usize::from(tokens.is_mark(at + 1, ".") && tokens.is_mark(at + 2, "ºª"));
        let mark = at + 1 + dot;
        if tokens.is_glued(mark) && tokens.is_word(mark, &["af"]) {
            return Some((day, mark + 1));
        }
        let is_ordinal = tokens.is_mark(mark, "ª");
        let is_letter = tokens.is_glued(mark) && tokens.is_word(mark, &["a"]);
        let end = mark + usize::from(is_ordinal || is_letter || tokens.is_mark(mark, "º"));
        match ending(end) {
            Some(end) => Some((day, end)),
            None => (is_ordinal || is_letter).then_some((day, end)),
        }
    }

    /// "próximo dia 5", "el próximo 5".
    fn next_day(&self, at: usize) -> Option<(DayPiece, usize)> {
        let marked = self.day(at);
        marked.or_else(|| {
            let day = day_number(self.tokens, at, self.locale())?;
            Some((
                DayPiece::Day {
                    number: day.value,
                    is_marked: true,
                },
                day.end,
            ))
        })
    }

    /// After the words that may stand before a number: "dia", "el día".
    fn after_markers(&self, at: usize) -> usize {
        let mut end = at;
        while end < at + 2 && self.tokens.is_word(end, self.words.markers) {
            end += 1;
        }
        end
    }

    /// A day and a month, with or without a year.
    fn date(&self, at: usize) -> Option<(DayPiece, usize)> {
        let start = self.after_markers(at);
        let (dates, end) = self
            .figures(start)
            .or_else(|| self.with_month_name(start))
            .or_else(|| self.of_month_number(start))?;
        // "25/12/2026/1" is no date.
        if self.tokens.is_mark(end, "/") {
            return None;
        }
        let is_possible = |date: &WrittenDate| {
            // A leap year, so that 29 February is possible.
            let year = date.year.unwrap_or(2024);
            YEARS.contains(&year) && new(year, date.month, date.day).is_some()
        };
        let dates: Vec<WrittenDate> = dates.into_iter().filter(is_possible).collect();
        (!dates.is_empty()).then_some((DayPiece::Dates(dates), end))
    }

    /// "05/12", "5.12.26", "2026-12-25", "25122026", "25 12 2026".
    fn figures(&self, at: usize) -> Option<(Vec<WrittenDate>, usize)> {
        let tokens = self.tokens;
        let digits = tokens.number(at)?;
        if matches!(digits.len(), 6 | 8) && self.is_day {
            return Some((self.in_one_piece(digits), at + 1));
        }
        if digits.len() == 4 {
            let year = digits.parse().ok()?;
            let (month, end) = self.after_separator(at + 1, None)?;
            let (day, end) = self.after_separator(end, tokens.mark(at + 1))?;
            let year = Some(year);
            return Some((vec![WrittenDate { day, month, year }], end));
        }
        let first = day_number(tokens, at, self.locale())?;
        let separator = tokens.mark(first.end);
        let (second, end) = self.after_separator(first.end, None)?;
        let year = self.year_in_figures(end, separator);
        let is_tight = tokens.is_glued(first.end) && tokens.is_glued(first.end + 1);
        // "5 - 7" and "10.11" may be something else.
        let is_sound = match separator {
            Some('/') => true,
            Some(_) => self.is_day && (is_tight || year.is_some()),
            None => {
                self.is_day
                    && year.is_some_and(|(_, end)| {
                        tokens.number(end - 1).is_some_and(|year| year.len() == 4)
                    })
            }
        };
        if !is_sound {
            return None;
        }
        let (year, end) = match year {
            Some((year, end)) => (Some(year), end),
            None => (None, end),
        };
        Some((self.either_order(first.value, second, year), end))
    }

    /// The number of one or two digits after a separator.
    fn after_separator(&self, at: usize, same: Option<char>) -> Option<(i16, usize)> {
        let at = match self.tokens.mark(at) {
            Some('/' | '-' | '.') if same.is_none() || self.tokens.mark(at) == same => at + 1,
            Some(_) => return None,
            None => at,
        };
        let digits = self.tokens.number(at).filter(|digits| digits.len() <= 2)?;
        Some((digits.parse().ok()?, at + 1))
    }

    /// A year after the same separator as before, or any if it has four digits.
    fn year_in_figures(&self, at: usize, separator: Option<char>) -> Option<(i16, usize)> {
        let start = match self.tokens.mark(at) {
            Some('/' | '-' | '.') => at + 1,
            Some(_) => return None,
            None => at,
        };
        let digits = self.tokens.number(start)?;
        let is_sound = match digits.len() {
            4 => start > at || separator.is_none(),
            2 => start > at && self.tokens.mark(at) == separator,
            _ => false,
        };
        let year = full_year(digits, self.today).filter(|_| is_sound)?;
        Some((year, start + 1))
    }

    /// "25122026", "251226", "20261225".
    fn in_one_piece(&self, digits: &str) -> Vec<WrittenDate> {
        let part = |range: std::ops::Range<usize>| digits[range].parse::<i16>().unwrap_or_default();
        let year = part(0..4);
        let begins_with_year = YEARS.contains(&year) && (1..=12).contains(&part(4..6));
        let mut dates = Vec::new();
        // "202612" is a year and a month, or 20 June 2012.
        if digits.len() == 6 && begins_with_year {
            return dates;
        }
        if let Some(year) = full_year(&digits[4..], self.today) {
            dates = self.either_order(part(0..2), part(2..4), Some(year));
        }
        if begins_with_year {
            let (day, month) = (part(6..8), part(4..6));
            let year = Some(year);
            dates.push(WrittenDate { day, month, year });
        }
        dates
    }

    /// In English, the month or the day may come first.
    fn either_order(&self, first: i16, second: i16, year: Option<i16>) -> Vec<WrittenDate> {
        let date = |day, month| WrittenDate { day, month, year };
        match self.locale() {
            Locale::En => vec![date(first, second), date(second, first)],
            Locale::PtBr | Locale::Es => vec![date(first, second)],
        }
    }

    /// "12 de março de 2026", "05/dez", "March 12th".
    fn with_month_name(&self, at: usize) -> Option<(Vec<WrittenDate>, usize)> {
        let tokens = self.tokens;
        let month = |at: usize| self.words.month(tokens.word(at)?);
        if let Some(day) = day_number(tokens, at, self.locale())
            && let after = self.after_links(day.end)
            && let Some(month) = month(after)
        {
            let (year, end) = self.year_after_name(after + 1);
            let day = day.value;
            return Some((vec![WrittenDate { day, month, year }], end));
        }
        let month = month(at)?;
        // "mar 5" in Spanish may be a Tuesday.
        if self.words.weekday(tokens.word(at)?).is_some() {
            return None;
        }
        let after = self.after_links(at + 1);
        let day = day_number(tokens, after, self.locale())?;
        if self.may_be_year(day, at + 1, after) || self.is_time_after(day.end) {
            return None;
        }
        let (year, end) = self.year_after_name(day.end);
        let day = day.value;
        Some((vec![WrittenDate { day, month, year }], end))
    }

    /// Whether the number after a month may be a year: "dez/26". English says "Dec 26" for the day.
    fn may_be_year(&self, number: Numeral, from: usize, to: usize) -> bool {
        let is_slash = (from..to).any(|at| self.tokens.is_mark(at, "/-"));
        let this_year = self.today.year() % 100;
        !number.is_ordinal
            && !number.in_words
            && (this_year..this_year + 5).contains(&number.value)
            && (is_slash || self.locale() != Locale::En)
    }

    /// "5 do 12".
    fn of_month_number(&self, at: usize) -> Option<(Vec<WrittenDate>, usize)> {
        let tokens = self.tokens;
        let locale = self.locale();
        if locale == Locale::En || !self.is_day {
            return None;
        }
        let day = day_number(tokens, at, locale)?;
        if !tokens.is_word(day.end, &["de", "do", "del"]) {
            return None;
        }
        let named = tokens.is_word(day.end + 1, &["mes"]);
        let at = day.end + 1 + usize::from(named);
        let month = cardinal(tokens, at, locale)?;
        if part_at(tokens, month.end, locale).is_some() {
            return None;
        }
        let (year, end) = self.year_after_name(month.end);
        let (day, month) = (day.value, month.value);
        Some((vec![WrittenDate { day, month, year }], end))
    }

    /// After marks and words between the parts of a date.
    fn after_links(&self, at: usize) -> usize {
        let mut end = at;
        while end < at + 3
            && (self.tokens.is_mark(end, "/-.,") || self.tokens.is_word(end, self.words.links))
        {
            end += 1;
        }
        end
    }

    /// The year after a month's name, if there is one, and the token after it.
    fn year_after_name(&self, at: usize) -> (Option<i16>, usize) {
        let start = self.after_links(at);
        let apostrophe = usize::from(self.tokens.is_mark(start, "'"));
        let at_digits = start + apostrophe;
        let Some(digits) = self.tokens.number(at_digits) else {
            return (None, at);
        };
        let is_linked =
            apostrophe > 0 || start > at && !(at..start).all(|at| self.tokens.is_mark(at, ","));
        let number: i16 = digits.parse().unwrap_or_default();
        let is_year = match digits.len() {
            4 => YEARS.contains(&number),
            // "5 de dezembro, 10" may be an hour.
            2 => is_linked || number > 23,
            _ => false,
        };
        match full_year(digits, self.today) {
            Some(year) if is_year && !self.is_time_after(at_digits + 1) => {
                (Some(year), at_digits + 1)
            }
            _ => (None, at),
        }
    }

    /// Whether the number before this place is an hour: "5 dez 14h".
    fn is_time_after(&self, at: usize) -> bool {
        const UNITS: [&str; 10] = [
            "h", "hs", "hr", "hrs", "hora", "horas", "hour", "hours", "o'clock", "oclock",
        ];
        let half = part_at(self.tokens, at, self.locale());
        self.tokens.is_word(at, &UNITS)
            || self.tokens.is_mark(at, ":")
            || matches!(half, Some((DayPart::Am | DayPart::Pm, _)))
    }

    /// A day of the month: "dia 5", "el 5", "the 5th".
    fn day(&self, at: usize) -> Option<(DayPiece, usize)> {
        let (tokens, locale) = (self.tokens, self.locale());
        let start = self.after_markers(at);
        let day = day_number(tokens, start, locale)?;
        let is_named = start > at || (locale == Locale::En && day.is_ordinal && !day.in_words);
        let of_month = || {
            let after = self.after_links(day.end);
            let month = self.near_now(after);
            matches!(month, Some((DayPiece::MonthsFromNow(_), _)))
        };
        let is_sound = (is_named || of_month())
            && !tokens.is_mark(day.end, "/")
            && !self.is_time_after(day.end);
        let number = day.value;
        let is_marked = true;
        is_sound.then_some((DayPiece::Day { number, is_marked }, day.end))
    }
}

/// A year of four digits or two. Two digits mean a year less than eighty years ago or at most twenty ahead, since people
/// write birthdays as well as appointments.
fn full_year(digits: &str, today: Date) -> Option<i16> {
    let year: i16 = digits.parse().ok()?;
    match digits.len() {
        4 => Some(year),
        2 => {
            let earliest = today.year() - 79;
            Some(earliest + (year - earliest).rem_euclid(100))
        }
        _ => None,
    }
}

pub(crate) fn new(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
