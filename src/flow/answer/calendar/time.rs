//! Reads an answer as a time of day.

use jiff::civil::{Date, Time};

use crate::flow::answer::calendar::clock::{Clock, DayPart, after_clock, clock_at, part_at};
use crate::flow::answer::calendar::day_piece::DayText;
use crate::flow::answer::calendar::day_words::DayWords;
use crate::flow::answer::calendar::limits::{TimeLimits, TimeMeaning};
use crate::flow::answer::calendar::tokens::Tokens;
use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;

/// The time of day that an answer means. Without "pm", "da tarde" and the like it is a 24-hour time, unless the limits say
/// that it is not. A day beside the time does not count.
pub(crate) fn time(text: &str, locale: Locale, limits: &TimeLimits) -> TimeMeaning {
    match clock(text, locale) {
        Some(clock) => limits.meaning(clock),
        None => TimeMeaning::Nothing,
    }
}

fn clock(text: &str, locale: Locale) -> Option<Clock> {
    let folded = fold(text);
    let tokens = Tokens::of(&folded)?;
    let words = DayWords::of(locale);
    let text = DayText {
        tokens: &tokens,
        words,
        // No day is calculated here.
        today: Date::constant(2000, 1, 1),
        is_day: false,
    };
    let mut clocks: Vec<Clock> = Vec::new();
    let mut parts: Vec<DayPart> = Vec::new();
    let mut has_day = false;
    let mut at = 0;
    while at < tokens.len() {
        if let Some((_, end)) = text.piece_at(at) {
            has_day = true;
            // "esta noite" is a day and a part of it.
            parts.extend(last_part(&tokens, at, end, locale));
            at = end;
        } else if let Some((clock, end)) = clock_at(&tokens, at, locale) {
            clocks.push(clock);
            at = end;
        } else if let Some((part, end)) = part_at(&tokens, at, locale) {
            parts.push(part);
            at = end;
        } else if let Some(end) = after_clock(&tokens, at, locale).filter(|_| !clocks.is_empty()) {
            at = end;
        } else if tokens.one_of(at, words.ahead[0]).is_some() {
            // "em 2 horas" is no time of day.
            return None;
        } else if let Some(end) = tokens.one_of(at, words.fillers) {
            at = end;
        } else if tokens.is_word(at, words.links) && at + 1 < tokens.len()
            || tokens.is_mark(at, ",;.") && at > 0
        {
            at += 1;
        } else {
            return None;
        }
    }
    let first = *clocks.first()?;
    // "amanhã 10" may be a day.
    if has_day && parts.is_empty() && !clocks.iter().any(|clock| clock.is_marked) {
        return None;
    }
    // "meio-dia (12h)" is one time; "10 10" is ten past ten, or a slip.
    let is_same =
        |other: &Clock| (other.hour, other.minute) == (first.hour, first.minute) && other.is_marked;
    if clocks.len() > 1 && !clocks.iter().all(is_same) {
        return None;
    }
    parts
        .into_iter()
        .try_fold(first, |clock, part| clock.in_part(part))
}

/// The part of the day that the last word of a day names: "esta noite", "tonight".
fn last_part(tokens: &Tokens<'_>, at: usize, end: usize, locale: Locale) -> Option<DayPart> {
    let last = end - 1;
    let is_this_morning = locale == Locale::Es
        && last > at
        && tokens.is_word(last - 1, &["esta"])
        && tokens.is_word(last, &["manana"]);
    if is_this_morning {
        return Some(DayPart::Morning);
    }
    part_at(tokens, last, locale)
        .filter(|(_, part_end)| *part_end == end)
        .map(|(part, _)| part)
}

/// The time that an answer chooses of two: `early`, like "03:00", and half a day later.
pub(crate) fn chosen_time(text: &str, early: &str, locale: Locale) -> Option<String> {
    let early: Time = early.parse().ok()?;
    let time = match is_later_half(text, locale)? {
        false => early,
        true => Time::new((early.hour() + 12) % 24, early.minute(), 0, 0).ok()?,
    };
    Some(saved(time))
}

/// Which of two times, half a day apart, an answer chooses: "da tarde", "pm", "2", "a primeira". `false` is the earlier one.
/// `None` if it chooses none, or names a time itself.
fn is_later_half(text: &str, locale: Locale) -> Option<bool> {
    if clock(text, locale).is_some_and(|clock| clock.is_settled) {
        return None;
    }
    let folded = fold(text);
    let tokens = Tokens::of(&folded)?;
    let words = DayWords::of(locale);
    let (first, second): (&[&str], &[&str]) = match locale {
        Locale::En => (&["first"], &["second", "latter", "last"]),
        Locale::PtBr => (
            &["primeiro", "primeira"],
            &["segundo", "segunda", "ultimo", "ultima"],
        ),
        Locale::Es => (
            &["primero", "primera"],
            &["segundo", "segunda", "ultimo", "ultima"],
        ),
    };
    let mut chosen: Option<bool> = None;
    let mut at = 0;
    while at < tokens.len() {
        let (is_late, end) = if let Some((part, end)) = part_at(&tokens, at, locale) {
            let is_early = matches!(part, DayPart::Am | DayPart::SmallHours | DayPart::Morning);
            (!is_early, end)
        } else if locale == Locale::Es && tokens.is_word(at, &["manana"]) {
            (false, at + 1)
        } else if let Some(digits) = tokens.number(at) {
            match digits.trim_start_matches('0') {
                "1" => (false, at + 1 + usize::from(tokens.is_mark(at + 1, "ºª"))),
                "2" => (true, at + 1 + usize::from(tokens.is_mark(at + 1, "ºª"))),
                _ => return None,
            }
        } else if tokens.is_word(at, first) {
            (false, at + 1)
        } else if tokens.is_word(at, second) {
            (true, at + 1)
        } else if tokens.is_word(at, words.links)
            || tokens.is_mark(at, ",.")
            || chosen.is_some() && tokens.is_word(at, &["one"])
        {
            at += 1;
            continue;
        } else {
            at = tokens.one_of(at, words.fillers)?;
            continue;
        };
        if chosen.is_some_and(|chosen| chosen != is_late) {
            return None;
        }
        chosen = Some(is_late);
        at = end;
    }
    chosen
}

/// The form in which a time is saved.
pub(crate) fn saved(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests;
