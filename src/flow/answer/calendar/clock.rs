//! Finds a time of day at one place of a text: "14h30", "às dez e meia", "quarter to 4", "3 p. m.", "de la tarde".

use crate::flow::answer::calendar::numerals::{Numeral, cardinal};
use crate::flow::answer::calendar::tokens::Tokens;
use crate::flow::words::locale::Locale;

/// A time of day as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) hour: i16,
    pub(crate) minute: i16,
    /// Whether it can only be this half of the day: "15:00", "03:00", "noon"; but not "3".
    pub(crate) is_settled: bool,
    /// Whether it can only be a time of day; "10" alone could be a day too.
    pub(crate) is_marked: bool,
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayPart {
    Am,
    Pm,
    /// The hours after midnight.
    SmallHours,
    Morning,
    Noon,
    Afternoon,
    Evening,
    Night,
}

/// The words of a language for times of day.
struct ClockWords {
    /// Before a time of day, and only there.
    at: &'static [&'static str],
    /// Before a time of day, and elsewhere too.
    about: &'static [&'static str],
    noon: &'static [&'static str],
    midnight: &'static [&'static str],
    /// Between the hour and the minutes.
    and: &'static [&'static str],
    half: &'static [&'static str],
    quarter: &'static [&'static str],
    hours: &'static [&'static str],
    minutes: &'static [&'static str],
    /// After a time of day; they carry no meaning.
    after: &'static [&'static str],
    /// Parts of the day.
    parts: &'static [(&'static str, DayPart)],
    /// Words before a part of the day.
    before_part: &'static [&'static str],
}

const EN: ClockWords = ClockWords {
    at: &[
        "at",
        "@",
        "around",
        "at around",
        "about",
        "at about",
        "approximately",
    ],
    about: &["approx"],
    noon: &["noon", "midday"],
    midnight: &["midnight"],
    and: &["and"],
    half: &[],
    quarter: &["quarter", "a quarter"],
    hours: &["h", "hr", "hrs", "o'clock", "oclock", "o clock"],
    minutes: &["min", "mins", "minute", "minutes"],
    after: &["sharp", "on the dot", "exactly", "ish", "or so"],
    parts: &[
        ("morning", DayPart::Morning),
        ("early", DayPart::Morning),
        ("noon", DayPart::Noon),
        ("midday", DayPart::Noon),
        ("lunchtime", DayPart::Noon),
        ("lunch time", DayPart::Noon),
        ("afternoon", DayPart::Afternoon),
        ("evening", DayPart::Evening),
        ("tonight", DayPart::Evening),
        ("night", DayPart::Night),
    ],
    before_part: &[
        "in", "the", "at", "during", "early", "late", "mid", "around", "of",
    ],
};

const PT_BR: ClockWords = ClockWords {
    at: &[
        "as",
        "ao",
        "pelas",
        "pela",
        "la pelas",
        "la pela",
        "umas",
        "por volta das",
        "por volta da",
        "por volta de",
        "por volta do",
        "perto das",
        "perto da",
        "perto do",
    ],
    about: &[
        "a",
        "tipo",
        "mais ou menos",
        "aproximadamente",
        "cerca das",
        "cerca de",
    ],
    noon: &["meio dia", "meiodia"],
    midnight: &["meia noite", "meianoite"],
    and: &["e"],
    half: &["meia"],
    quarter: &["um quarto", "quarto"],
    hours: &["h", "hs", "hr", "hrs", "hora", "horas"],
    minutes: &["m", "min", "mins", "minuto", "minutos"],
    after: &[
        "em ponto",
        "certinho",
        "exatas",
        "exato",
        "exatamente",
        "mais ou menos",
        "aproximadamente",
    ],
    parts: &[
        ("manha", DayPart::Morning),
        ("manhazinha", DayPart::Morning),
        ("cedo", DayPart::Morning),
        ("cedinho", DayPart::Morning),
        ("meio dia", DayPart::Noon),
        ("almoco", DayPart::Noon),
        ("tarde", DayPart::Afternoon),
        ("tardinha", DayPart::Afternoon),
        ("tardezinha", DayPart::Afternoon),
        ("noite", DayPart::Night),
        ("noitinha", DayPart::Night),
        ("madrugada", DayPart::SmallHours),
    ],
    before_part: &[
        "de", "da", "do", "pela", "a", "o", "na", "no", "em", "parte", "periodo", "turno", "hora",
        "horario", "inicio", "comeco", "fim", "final", "meio", "bem",
    ],
};

const ES: ClockWords = ClockWords {
    at: &[
        "a las",
        "a la",
        "las",
        "la",
        "al",
        "a eso de las",
        "a eso de la",
        "a eso del",
        "como a las",
        "como a la",
        "sobre las",
        "sobre la",
        "cerca de las",
        "cerca de la",
        "cerca del",
        "alrededor de las",
        "alrededor de la",
        "alrededor del",
        "tipo las",
    ],
    about: &["a", "como", "tipo", "aproximadamente"],
    noon: &["mediodia", "medio dia"],
    midnight: &["medianoche", "media noche"],
    and: &["y", "con"],
    half: &["media"],
    quarter: &["cuarto", "un cuarto"],
    hours: &["h", "hs", "hr", "hrs", "hora", "horas"],
    minutes: &["m", "min", "mins", "minuto", "minutos"],
    after: &[
        "en punto",
        "exacto",
        "exactas",
        "exactamente",
        "mas o menos",
        "aproximadamente",
    ],
    parts: &[
        ("la manana", DayPart::Morning),
        ("media manana", DayPart::Morning),
        ("temprano", DayPart::Morning),
        ("tempranito", DayPart::Morning),
        ("mediodia", DayPart::Noon),
        ("medio dia", DayPart::Noon),
        ("almuerzo", DayPart::Noon),
        ("tarde", DayPart::Afternoon),
        ("tardecita", DayPart::Afternoon),
        ("noche", DayPart::Night),
        ("nochecita", DayPart::Night),
        ("madrugada", DayPart::SmallHours),
    ],
    before_part: &[
        "de",
        "del",
        "por",
        "en",
        "a",
        "al",
        "la",
        "el",
        "hora",
        "inicio",
        "principio",
        "final",
        "fin",
        "media",
        "muy",
        "bien",
    ],
};

impl ClockWords {
    fn of(locale: Locale) -> &'static ClockWords {
        match locale {
            Locale::En => &EN,
            Locale::PtBr => &PT_BR,
            Locale::Es => &ES,
        }
    }
}

impl Clock {
    fn new(hour: i16, minute: i16) -> Clock {
        Clock {
            hour,
            minute,
            is_settled: !(1..=12).contains(&hour),
            is_marked: false,
        }
    }

    fn settled(hour: i16, minute: i16) -> Clock {
        Clock {
            is_settled: true,
            is_marked: true,
            ..Clock::new(hour, minute)
        }
    }

    fn is_valid(&self) -> bool {
        (0..24).contains(&self.hour) && (0..60).contains(&self.minute)
    }

    /// So many minutes before the full hour.
    fn before(hour: Clock, minutes: i16) -> Option<Clock> {
        let is_sound = hour.minute == 0 && (1..60).contains(&minutes);
        let earlier = match hour.hour {
            // A quarter to one is after twelve, whichever twelve it is.
            1 if !hour.is_settled => 12,
            0 => 23,
            hour => hour - 1,
        };
        is_sound.then_some(Clock {
            hour: earlier,
            minute: 60 - minutes,
            is_marked: true,
            ..hour
        })
    }

    /// This time in a part of the day; `None` if nobody calls it that.
    pub(crate) fn in_part(self, part: DayPart) -> Option<Clock> {
        let hour = self.hour;
        let hour = match (part, hour) {
            (DayPart::Am, 12) => 0,
            (DayPart::Am, 0..12) => hour,
            (DayPart::Pm, 1..12) => hour + 12,
            (DayPart::Pm, 12..24) => hour,
            (DayPart::SmallHours, 12) => 0,
            (DayPart::SmallHours, 0..=6) => hour,
            // Not 12: it is noon to some, and midnight to others.
            (DayPart::Morning, 1..12) => hour,
            (DayPart::Noon, 11..=15) => hour,
            (DayPart::Noon, 1..=3) => hour + 12,
            (DayPart::Afternoon, 12..=20) => hour,
            (DayPart::Afternoon, 1..=8) => hour + 12,
            (DayPart::Evening, 16..24) => hour,
            (DayPart::Evening, 4..12) => hour + 12,
            (DayPart::Night, 12) => 0,
            (DayPart::Night, 0 | 18..24) => hour,
            (DayPart::Night, 6..12) => hour + 12,
            _ => return None,
        };
        Some(Clock {
            hour,
            is_settled: true,
            is_marked: true,
            ..self
        })
    }
}

/// The time of day that begins here, and the token after it. Parts of the day behind it are read by [`part_at`].
pub(crate) fn clock_at(tokens: &Tokens<'_>, at: usize, locale: Locale) -> Option<(Clock, usize)> {
    let words = ClockWords::of(locale);
    let mut start = at;
    let mut is_marked = false;
    loop {
        match (
            tokens.one_of(start, words.at),
            tokens.one_of(start, words.about),
        ) {
            (Some(end), about) if about.is_none_or(|about| about <= end) => {
                is_marked = true;
                start = end;
            }
            (_, Some(end)) => start = end,
            _ => break,
        }
    }
    let (mut clock, mut end) = named(tokens, start, words, locale)
        .or_else(|| from_hour(tokens, start, words, locale))
        .or_else(|| in_figures(tokens, start, words, locale))
        .filter(|(clock, _)| clock.is_valid())?;
    while let Some(after) = tokens.one_of(end, words.after) {
        end = after;
        clock.is_marked = true;
    }
    clock.is_marked |= is_marked || part_at(tokens, end, locale).is_some();
    Some((clock, end))
}

/// "noon", "meio-dia e meia".
fn named(
    tokens: &Tokens<'_>,
    at: usize,
    words: &ClockWords,
    locale: Locale,
) -> Option<(Clock, usize)> {
    let (hour, end) = twelve(tokens, at, words)?;
    let minutes = linked_minutes(tokens, end, words, locale);
    // "meio-dia e meio" is a common slip.
    let slip = || {
        let end = tokens.one_of(end, words.and)?;
        (locale == Locale::PtBr && tokens.is_word(end, &["meio"])).then_some((30, end + 1))
    };
    Some(match minutes.or_else(slip) {
        Some((minute, end)) => (Clock::settled(hour, minute), end),
        None => (Clock::settled(hour, 0), end),
    })
}

/// Noon or midnight.
fn twelve(tokens: &Tokens<'_>, at: usize, words: &ClockWords) -> Option<(i16, usize)> {
    if let Some(end) = tokens.one_of(at, words.noon) {
        return Some((12, end));
    }
    let end = tokens.one_of(at, words.midnight)?;
    Some((0, end))
}

/// An hour that minutes are counted from: "4", "quatro", "noon".
fn hour(
    tokens: &Tokens<'_>,
    at: usize,
    words: &ClockWords,
    locale: Locale,
) -> Option<(Clock, usize)> {
    if let Some((hour, end)) = twelve(tokens, at, words) {
        return Some((Clock::settled(hour, 0), end));
    }
    let number = cardinal(tokens, at, locale)?;
    let end = tokens.one_of(number.end, words.hours).unwrap_or(number.end);
    Some((Clock::new(number.value, 0), end))
}

/// "quarter to 4", "15 para as 4", "half past 3".
fn from_hour(
    tokens: &Tokens<'_>,
    at: usize,
    words: &ClockWords,
    locale: Locale,
) -> Option<(Clock, usize)> {
    let start = match locale {
        Locale::En => at,
        Locale::PtBr => tokens.one_of(at, &["faltam", "falta"]).unwrap_or(at),
        Locale::Es => tokens.one_of(at, &["faltan", "falta"]).unwrap_or(at),
    };
    // Whether the number can only be minutes: "9 to 5" is no time, but from nine to five.
    let (minutes, end, is_sure) = if let Some(end) = tokens.one_of(start, words.quarter) {
        (15, end, true)
    } else if locale == Locale::En && tokens.is_word(start, &["half"]) {
        (30, start + 1, true)
    } else {
        let number = cardinal(tokens, start, locale)?;
        let unit = tokens.one_of(number.end, words.minutes);
        let is_sure = unit.is_some() || number.value > 12;
        (number.value, unit.unwrap_or(number.end), is_sure)
    };
    let (is_past, end) = match locale {
        Locale::En => {
            if let Some(end) = tokens.one_of(end, &["past"]) {
                (true, end)
            } else if minutes != 30 && is_sure {
                (false, tokens.one_of(end, &["to", "till", "til", "of"])?)
            } else {
                return None;
            }
        }
        Locale::PtBr => {
            let to = [
                "para as", "para a", "para o", "pra as", "pra a", "pra o", "pras", "pro",
            ];
            (false, tokens.one_of(end, &to)?)
        }
        Locale::Es => {
            let to = ["para las", "para la", "para el", "pa las", "pa la"];
            (false, tokens.one_of(end, &to)?)
        }
    };
    let (clock, end) = hour(tokens, end, words, locale)?;
    let clock = match is_past {
        true => Some(Clock {
            minute: minutes,
            is_marked: true,
            ..clock
        }),
        false => Clock::before(clock, minutes),
    };
    Some((clock?, end))
}

/// "14:30", "14h30", "1430", "14 e 30", "nine thirty", "3".
fn in_figures(
    tokens: &Tokens<'_>,
    at: usize,
    words: &ClockWords,
    locale: Locale,
) -> Option<(Clock, usize)> {
    if let Some(digits) = tokens.number(at)
        && digits.len() == 4
    {
        let clock = Clock::new(digits[..2].parse().ok()?, digits[2..].parse().ok()?);
        let end = tokens.one_of(at + 1, words.hours);
        let clock = Clock {
            is_settled: clock.is_settled || digits.starts_with('0'),
            is_marked: end.is_some(),
            ..clock
        };
        return Some((clock, end.unwrap_or(at + 1)));
    }
    let number = cardinal(tokens, at, locale)?;
    let mut clock = Clock::new(number.value, 0);
    // "03:00" is how a clock shows it.
    clock.is_settled |= tokens
        .number(at)
        .is_some_and(|digits| digits.starts_with('0'));
    if !number.in_words && tokens.is_mark(number.end, ":.") {
        // A day may follow a full stop.
        let is_close = tokens.is_glued(number.end) && tokens.is_glued(number.end + 1);
        let is_colon = tokens.is_mark(number.end, ":");
        if let Some(minute) = two_digits(tokens, number.end + 1)
            && (is_colon || is_close)
        {
            clock.minute = minute;
            clock.is_marked = is_colon;
            let mut end = number.end + 2;
            if is_colon && tokens.is_mark(end, ":") && two_digits(tokens, end + 1).is_some() {
                end += 2;
            }
            if let Some(unit) = tokens.one_of(end, words.hours) {
                clock.is_marked = true;
                end = unit;
            }
            return Some((clock, end));
        }
        return (!is_colon).then_some((clock, number.end));
    }
    if let Some(end) = tokens.one_of(number.end, words.hours) {
        clock.is_marked = true;
        if let Some((minute, end)) = linked_minutes(tokens, end, words, locale) {
            clock.minute = minute;
            return (!is_list(number, minute)).then_some((clock, end));
        }
        return Some(match minutes_after_unit(tokens, end, words) {
            Some((minute, end)) => (Clock { minute, ..clock }, end),
            None => (clock, end),
        });
    }
    if let Some((minute, end)) = linked_minutes(tokens, number.end, words, locale) {
        if is_list(number, minute) {
            return None;
        }
        clock.minute = minute;
        clock.is_marked = true;
        let end = tokens.one_of(end, words.hours).unwrap_or(end);
        return Some((clock, end));
    }
    if locale == Locale::Es && tokens.is_word(number.end, &["menos"]) {
        let (minutes, end) = minutes(tokens, number.end + 1, words, locale)?;
        return Some((Clock::before(clock, minutes)?, end));
    }
    if let Some((minute, end)) = bare_minutes(tokens, number, locale) {
        clock.minute = minute;
        clock.is_marked = number.in_words;
        return Some((clock, end));
    }
    Some((clock, number.end))
}

/// "10 e 11" is surely two hours; "9 e 10" is ten past nine.
fn is_list(hour: Numeral, minute: i16) -> bool {
    minute == hour.value + 1 && minute % 5 != 0
}

/// The minutes after "14h": "30", "30min".
fn minutes_after_unit(tokens: &Tokens<'_>, at: usize, words: &ClockWords) -> Option<(i16, usize)> {
    let minute = two_digits(tokens, at)?;
    // A day or another time: "14h 05/12", "10h 11h".
    let end = at + 1;
    if tokens.is_mark(end, "/:.-ºª") || tokens.one_of(end, words.hours).is_some() {
        return None;
    }
    Some((minute, tokens.one_of(end, words.minutes).unwrap_or(end)))
}

/// "e 30", "y media".
fn linked_minutes(
    tokens: &Tokens<'_>,
    at: usize,
    words: &ClockWords,
    locale: Locale,
) -> Option<(i16, usize)> {
    let start = tokens.one_of(at, words.and)?;
    if let Some(end) = tokens.one_of(start, words.half) {
        return Some((30, end));
    }
    let (minute, end) = minutes(tokens, start, words, locale)?;
    // "10 e 11h", "9 and 10 am" are two hours.
    let is_hour = tokens.one_of(end, words.hours).is_some() || tokens.is_mark(end, "/:");
    (!is_hour || minute > 23).then_some((minute, end))
}

/// "30", "cuarto", "quinze minutos".
fn minutes(
    tokens: &Tokens<'_>,
    at: usize,
    words: &ClockWords,
    locale: Locale,
) -> Option<(i16, usize)> {
    if let Some(end) = tokens.one_of(at, words.quarter) {
        return Some((15, end));
    }
    let number = cardinal(tokens, at, locale)?;
    let unit = tokens.one_of(number.end, words.minutes);
    // One digit is the hour of a list, as in "9 e 5".
    let is_sound = number.in_words
        || unit.is_some()
        || tokens.number(at).is_some_and(|digits| digits.len() == 2);
    is_sound.then(|| (number.value, unit.unwrap_or(number.end)))
}

/// "14 30", "three thirty", "three oh five".
fn bare_minutes(tokens: &Tokens<'_>, hour: Numeral, locale: Locale) -> Option<(i16, usize)> {
    let at = hour.end;
    if hour.in_words {
        if locale != Locale::En {
            return None;
        }
        if tokens.is_word(at, &["oh", "o"]) {
            let minute = cardinal(tokens, at + 1, locale)?;
            return (minute.in_words && minute.value < 10).then_some((minute.value, minute.end));
        }
        let minute = cardinal(tokens, at, locale)?;
        let is_sound = minute.in_words && minute.value >= 10 && !is_list(hour, minute.value);
        return is_sound.then_some((minute.value, minute.end));
    }
    // Below 24 it could be another hour.
    let minute = two_digits(tokens, at).filter(|minute| *minute == 0 || *minute > 23)?;
    (!tokens.is_mark(at + 1, "/:.-")).then_some((minute, at + 1))
}

fn two_digits(tokens: &Tokens<'_>, at: usize) -> Option<i16> {
    let digits = tokens.number(at).filter(|digits| digits.len() == 2)?;
    digits.parse().ok().filter(|minute| *minute < 60)
}

/// The end of a word behind a time of day that carries no meaning: "em ponto".
pub(crate) fn after_clock(tokens: &Tokens<'_>, at: usize, locale: Locale) -> Option<usize> {
    tokens.one_of(at, ClockWords::of(locale).after)
}

/// The part of the day that begins here, and the token after it: "p. m.", "de la tarde", "tomorrow MORNING".
pub(crate) fn part_at(tokens: &Tokens<'_>, at: usize, locale: Locale) -> Option<(DayPart, usize)> {
    if let Some(found) = half_at(tokens, at) {
        return Some(found);
    }
    let words = ClockWords::of(locale);
    let mut start = at;
    loop {
        let part = |(name, part): &(&str, DayPart)| Some((*part, tokens.one_of(start, &[*name])?));
        let parts = words.parts.iter().filter_map(part);
        if let Some((part, end)) = parts.max_by_key(|(_, end)| *end) {
            // "early afternoon" is afternoon.
            let later = match tokens.is_word(start, words.before_part) {
                true => part_at(tokens, end, locale),
                false => None,
            };
            return Some(later.unwrap_or((part, end)));
        }
        // "12 del día", but not "a las 10 del día 5".
        if locale == Locale::Es
            && at < start
            && tokens.is_word(start - 1, &["del"])
            && tokens.is_word(start, &["dia"])
            && tokens.number(start + 1).is_none()
        {
            return Some((DayPart::Noon, start + 1));
        }
        if !tokens.is_word(start, words.before_part) {
            return None;
        }
        start += 1;
    }
}

/// "am", "p.m.", "p. m."
fn half_at(tokens: &Tokens<'_>, at: usize) -> Option<(DayPart, usize)> {
    let half = |letter| match letter {
        "a" => DayPart::Am,
        _ => DayPart::Pm,
    };
    match tokens.word(at)? {
        "am" => Some((DayPart::Am, at + 1)),
        "pm" => Some((DayPart::Pm, at + 1)),
        letter @ ("a" | "p") => {
            let end = at + 1 + usize::from(tokens.mark(at + 1) == Some('.'));
            if !tokens.is_word(end, &["m"]) {
                return None;
            }
            let end = end + 1;
            let end = end + usize::from(tokens.mark(end) == Some('.'));
            Some((half(letter), end))
        }
        _ => None,
    }
}
