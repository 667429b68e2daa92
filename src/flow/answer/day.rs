//! Reads days and times of day as people write them, into ISO 8601.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;

/// The years of birthdays and appointments; "0202" is a typo.
const YEARS: std::ops::Range<i16> = 1900..2200;

/// The words of a language for days.
struct DayWords {
    /// Words before a day that carry no meaning.
    before: &'static [&'static str],
    /// Words after a day that carry no meaning.
    after: &'static [&'static [&'static str]],
    /// The word that makes a number a day of the month: "dia 15".
    day: &'static str,
    /// The words around a number of days from today: "daqui a 3 dias".
    within: [&'static [&'static str]; 2],
    /// Words between the parts of a date, as in "12 de março de 2026".
    between: &'static [&'static str],
    /// Days from today.
    relative: &'static [(&'static str, i64)],
    /// From Monday, each with its short form.
    weekdays: [[&'static str; 2]; 7],
    /// Three letters or more of a month are enough.
    months: [&'static str; 12],
}

const EN: DayWords = DayWords {
    before: &[
        "on", "the", "this", "for", "next", "coming", "maybe", "it", "could", "be",
    ],
    after: &[&["please"], &["is", "fine"], &["works"]],
    day: "the",
    within: [&["in"], &["days", "day"]],
    between: &["of", "the"],
    relative: &[
        ("yesterday", -1),
        ("today", 0),
        ("tomorrow", 1),
        ("day after tomorrow", 2),
    ],
    weekdays: [
        ["monday", "mon"],
        ["tuesday", "tue"],
        ["wednesday", "wed"],
        ["thursday", "thu"],
        ["friday", "fri"],
        ["saturday", "sat"],
        ["sunday", "sun"],
    ],
    months: [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
};

const PT_BR: DayWords = DayWords {
    before: &[
        "dia", "no", "na", "em", "para", "pra", "neste", "nesta", "proximo", "proxima", "pode",
        "ser", "seria", "quero", "queria", "a", "o",
    ],
    after: &[&["por", "favor"], &["que", "vem"]],
    day: "dia",
    within: [&["daqui", "a", "em"], &["dias", "dia"]],
    between: &["de"],
    relative: &[
        ("ontem", -1),
        ("hoje", 0),
        ("hj", 0),
        ("amanha", 1),
        ("depois de amanha", 2),
    ],
    weekdays: [
        ["segunda", "seg"],
        ["terca", "ter"],
        ["quarta", "qua"],
        ["quinta", "qui"],
        ["sexta", "sex"],
        ["sabado", "sab"],
        ["domingo", "dom"],
    ],
    months: [
        "janeiro",
        "fevereiro",
        "marco",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
};

const ES: DayWords = DayWords {
    before: &[
        "dia", "el", "este", "para", "proximo", "puede", "ser", "seria", "quiero",
    ],
    after: &[&["por", "favor"], &["que", "viene"]],
    day: "dia",
    within: [&["dentro", "de", "en"], &["dias", "dia"]],
    between: &["de", "del"],
    relative: &[
        ("ayer", -1),
        ("hoy", 0),
        ("manana", 1),
        ("pasado manana", 2),
    ],
    weekdays: [
        ["lunes", "lun"],
        ["martes", "mar"],
        ["miercoles", "mie"],
        ["jueves", "jue"],
        ["viernes", "vie"],
        ["sabado", "sab"],
        ["domingo", "dom"],
    ],
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
};

impl DayWords {
    fn of(locale: Locale) -> &'static DayWords {
        match locale {
            Locale::En => &EN,
            Locale::PtBr => &PT_BR,
            Locale::Es => &ES,
        }
    }

    /// "12/03" of "dia 12/03".
    fn without_words_before<'t>(&self, text: &'t str) -> &'t str {
        let mut rest = text.trim().trim_end_matches('.');
        while let Some((word, behind)) = rest.split_once(char::is_whitespace)
            && self.before.contains(&fold(word).as_str())
        {
            rest = behind.trim_start();
        }
        rest
    }

    fn month(&self, word: &str) -> Option<i16> {
        let is_month = |name: &&str| word.len() >= 3 && name.starts_with(word);
        let place = self.months.iter().position(is_month)?;
        i16::try_from(place + 1).ok()
    }

    fn weekday(&self, words: &[&str]) -> Option<Weekday> {
        let word = match words {
            [word] | [word, "feira"] => word,
            _ => return None,
        };
        let place = self
            .weekdays
            .iter()
            .position(|forms| forms.contains(word))?;
        Weekday::from_monday_zero_offset(i8::try_from(place).ok()?).ok()
    }
}

/// A day, saved in ISO form: "2026-12-31". Without a year it is the next such day, which may be today. A weekday is the next
/// one after today. In English 03/04 can be in March or in April, so digits are accepted only if just one of the two exists,
/// or in ISO form.
pub(crate) fn date(text: &str, locale: Locale, today: Date) -> Option<String> {
    let known = DayWords::of(locale);
    let date = in_figures(known.without_words_before(text), locale, today)
        .or_else(|| in_words(text, known, today))?;
    YEARS.contains(&date.year()).then(|| date.to_string())
}

fn in_figures(text: &str, locale: Locale, today: Date) -> Option<Date> {
    let parts: Vec<&str> = text.split(['/', '-', '.']).map(str::trim).collect();
    let field = |text: &str, longest: usize| {
        let sound = (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        sound.then(|| text.parse::<i16>().ok()).flatten()
    };
    let (a, b, year) = match parts[..] {
        [year, month, day] if year.len() == 4 => {
            return new(field(year, 4)?, field(month, 2)?, field(day, 2)?);
        }
        [a, b, c] => (a, b, Some(full_year(c, today)?)),
        [a, b] => (a, b, None),
        _ => return None,
    };
    let (a, b) = (field(a, 2)?, field(b, 2)?);
    let day_first = at(a, b, year, today);
    if locale != Locale::En {
        return day_first;
    }
    match (day_first, at(b, a, year, today)) {
        (Some(date), None) | (None, Some(date)) => Some(date),
        (Some(one), Some(other)) if one == other => Some(one),
        _ => None,
    }
}

fn in_words(text: &str, known: &DayWords, today: Date) -> Option<Date> {
    let folded = fold(text).replace(['-', ','], " ");
    let mut words: Vec<&str> = folded.split_whitespace().collect();
    while let Some(end) = known.after.iter().find(|end| words.ends_with(end)) {
        words.truncate(words.len() - end.len());
    }
    if let Some(date) = days_ahead(&words, known, today) {
        return Some(date);
    }
    let mut is_day = false;
    while words.len() > 1 && known.before.contains(&words[0]) {
        is_day = words.remove(0) == known.day;
    }
    if let ([day], true) = (&words[..], is_day)
        && let Some(day) = ordinal(day)
    {
        return next_day(day, today);
    }
    let joined = words.join(" ");
    if let Some((_, days)) = known.relative.iter().find(|(word, _)| *word == joined) {
        return today.checked_add(days.days()).ok();
    }
    if let Some(weekday) = known.weekday(&words) {
        return today.nth_weekday(1, weekday).ok();
    }
    words.retain(|word| !known.between.contains(word));
    let (first, second, year) = match words[..] {
        [first, second] => (first, second, None),
        [first, second, year] => (first, second, Some(full_year(year, today)?)),
        _ => return None,
    };
    let (day, month) = match (known.month(first), known.month(second)) {
        (None, Some(month)) => (first, month),
        (Some(month), None) => (second, month),
        _ => return None,
    };
    at(ordinal(day)?, month, year, today)
}

/// "daqui a 3 dias".
fn days_ahead(words: &[&str], known: &DayWords, today: Date) -> Option<Date> {
    let [before, after] = known.within;
    let (unit, rest) = words.split_last()?;
    let (number, rest) = rest.split_last()?;
    let is_ahead = !rest.is_empty() && rest.iter().all(|word| before.contains(word));
    if !is_ahead || !after.contains(unit) || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    today.checked_add(number.parse::<i64>().ok()?.days()).ok()
}

/// The next day with this number, which may be today.
fn next_day(day: i16, today: Date) -> Option<Date> {
    (0..12)
        .filter_map(|months| today.first_of_month().checked_add(months.months()).ok())
        .filter_map(|month| new(month.year(), month.month().into(), day))
        .find(|date| *date >= today)
}

/// "12", "12th", "1º", "primeiro".
fn ordinal(word: &str) -> Option<i16> {
    if matches!(word, "primeiro" | "primero" | "first") {
        return Some(1);
    }
    let end = word
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(word.len());
    let (number, ending) = word.split_at(end);
    let sound = matches!(ending, "" | "st" | "nd" | "rd" | "th" | "º" | "ª" | "o");
    sound.then(|| number.parse().ok()).flatten()
}

/// A year of four digits or two. Two digits mean a year less than eighty years ago or at most twenty ahead, since people
/// write birthdays as well as appointments.
fn full_year(text: &str, today: Date) -> Option<i16> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let year: i16 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 => {
            let earliest = today.year() - 79;
            Some(earliest + (year - earliest).rem_euclid(100))
        }
        _ => None,
    }
}

/// The day of this year; without a year, the next such day.
fn at(day: i16, month: i16, year: Option<i16>, today: Date) -> Option<Date> {
    match year {
        Some(year) => new(year, month, day),
        // Two 29ths of February are at most eight years apart.
        None => (0..=8)
            .filter_map(|years| new(today.year() + years, month, day))
            .find(|date| *date >= today),
    }
}

fn new(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// A time of day, saved as "14:30". Without "pm", "da tarde" and the like it is a 24-hour time.
pub(crate) fn time(text: &str, locale: Locale) -> Option<String> {
    let (before, noon, midnight, half): (&[&str], _, _, _) = match locale {
        Locale::En => (&["at"], "noon", "midnight", ""),
        Locale::PtBr => (
            &["as", "a", "ao", "pelas"],
            "meio dia",
            "meia noite",
            "e meia",
        ),
        Locale::Es => (&["a", "las", "la"], "mediodia", "medianoche", "y media"),
    };
    let folded = fold(text)
        .replace("a.m", "am")
        .replace("p.m", "pm")
        .replace('-', " ");
    let mut words: Vec<&str> = folded.split_whitespace().collect();
    while words.len() > 1 && before.contains(&words[0]) {
        words.remove(0);
    }
    let text = words.join(" ");
    if text == noon {
        return Some("12:00".to_owned());
    }
    if text == midnight {
        return Some("00:00".to_owned());
    }
    let (hour, rest) = digits(&text);
    let (hour, minute, rest) = match hour.len() {
        // "0930"
        4 => (&hour[..2], &hour[2..], rest),
        1 | 2 => match rest.strip_prefix([':', 'h', '.']).map(digits) {
            Some((minute, rest)) if minute.len() == 2 => (hour, minute, rest),
            _ => (hour, "0", rest),
        },
        _ => return None,
    };
    let unit = ["horas", "hora", "hrs", "hs", "h", "min", "o'clock"]
        .into_iter()
        .find_map(|unit| rest.trim_start().strip_prefix(unit));
    let rest = unit.unwrap_or(rest).trim();
    let (mut minute, hour): (u8, u8) = (minute.parse().ok()?, hour.parse().ok()?);
    let rest = match rest.strip_prefix(half) {
        Some(rest) if !half.is_empty() && minute == 0 => {
            minute = 30;
            rest.trim_start()
        }
        _ => rest,
    };
    let hour = match rest {
        "" => hour,
        "am" | "in the morning" | "da manha" | "da madrugada" | "de la manana"
        | "de la madrugada" => match hour {
            12 => 0,
            0..12 => hour,
            _ => return None,
        },
        "pm" | "in the afternoon" | "da tarde" | "de la tarde" | "in the evening" => match hour {
            1..12 => hour + 12,
            12..24 => hour,
            _ => return None,
        },
        "da noite" | "de la noche" | "at night" => match hour {
            12 => 0,
            6..12 => hour + 12,
            18..24 => hour,
            _ => return None,
        },
        _ => return None,
    };
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

/// The digits at the beginning, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Locale::{En, Es, PtBr};
    use proptest::prelude::*;

    /// A Tuesday.
    const TODAY: Date = jiff::civil::date(2026, 3, 10);

    #[test]
    fn a_day_is_read_in_the_ways_people_write_it() {
        for (locale, text, kept) in [
            (PtBr, "12/03", Some("2026-03-12")),
            (PtBr, "10/03", Some("2026-03-10")),
            (PtBr, "09/03", Some("2027-03-09")),
            (PtBr, "29/02", Some("2028-02-29")),
            (PtBr, "12/03/2026", Some("2026-03-12")),
            (PtBr, "12-3-26", Some("2026-03-12")),
            (PtBr, "12.3.26.", Some("2026-03-12")),
            (PtBr, "12 / 3 / 1985", Some("1985-03-12")),
            (PtBr, "12/3/85", Some("1985-03-12")),
            (PtBr, "12/3/46", Some("2046-03-12")),
            (PtBr, "12/3/47", Some("1947-03-12")),
            (PtBr, "2026-03-12", Some("2026-03-12")),
            (PtBr, "12 de março", Some("2026-03-12")),
            (PtBr, "dia 12 de MARCO de 2027", Some("2027-03-12")),
            (PtBr, "1º de mar", Some("2027-03-01")),
            (PtBr, "primeiro de abril", Some("2026-04-01")),
            (PtBr, "hoje", Some("2026-03-10")),
            (PtBr, "Amanhã!", Some("2026-03-11")),
            (PtBr, "depois de amanhã", Some("2026-03-12")),
            (PtBr, "sexta-feira", Some("2026-03-13")),
            (PtBr, "na sexta", Some("2026-03-13")),
            (PtBr, "terça", Some("2026-03-17")),
            (PtBr, "seg", Some("2026-03-16")),
            (PtBr, "dia 12/03", Some("2026-03-12")),
            (PtBr, "Pode ser dia 12.", Some("2026-03-12")),
            (PtBr, "dia 9", Some("2026-04-09")),
            (PtBr, "no dia 31", Some("2026-03-31")),
            (PtBr, "dia 32", None),
            (PtBr, "próxima segunda", Some("2026-03-16")),
            (PtBr, "segunda que vem, por favor", Some("2026-03-16")),
            (PtBr, "segunda-feira que vem", Some("2026-03-16")),
            (PtBr, "amanhã, por favor", Some("2026-03-11")),
            (PtBr, "daqui a 3 dias", Some("2026-03-13")),
            (PtBr, "em 1 dia", Some("2026-03-11")),
            (PtBr, "3 dias", None),
            (PtBr, "31/02", None),
            (PtBr, "31/04/2026", None),
            (PtBr, "12/13", None),
            (PtBr, "0/3", None),
            (PtBr, "12/3/0202", None),
            (PtBr, "12/3/2200", None),
            (PtBr, "12/3/026", None),
            (PtBr, "12", None),
            (PtBr, "12 de smarço", None),
            (PtBr, "12 de", None),
            (PtBr, "amanhã ou sexta", None),
            (PtBr, "tomorrow", None),
            (PtBr, "próxima", None),
            (Es, "12 de marzo del 2026", Some("2026-03-12")),
            (Es, "pasado mañana", Some("2026-03-12")),
            (Es, "el viernes", Some("2026-03-13")),
            (Es, "mar", Some("2026-03-17")),
            (Es, "hoy", Some("2026-03-10")),
            (Es, "dentro de 3 días", Some("2026-03-13")),
            (Es, "el día 15", Some("2026-03-15")),
            (En, "March 12", Some("2026-03-12")),
            (En, "12th of March, 2026", Some("2026-03-12")),
            (En, "the 1st of may", Some("2026-05-01")),
            (En, "Sept 3", Some("2026-09-03")),
            (En, "on friday", Some("2026-03-13")),
            (En, "the day after tomorrow", Some("2026-03-12")),
            (En, "the 15th", Some("2026-03-15")),
            (En, "in 3 days", Some("2026-03-13")),
            (En, "next friday", Some("2026-03-13")),
            (En, "the 9", Some("2026-04-09")),
            (En, "25/12", Some("2026-12-25")),
            (En, "12/25/26", Some("2026-12-25")),
            (En, "5/5", Some("2026-05-05")),
            (En, "3/4", None),
            (En, "2026-03-04", Some("2026-03-04")),
            (En, "", None),
        ] {
            assert_eq!(
                date(text, locale, TODAY).as_deref(),
                kept,
                "{locale} {text:?}"
            );
        }
    }

    #[test]
    fn a_time_of_day_is_read_in_the_ways_people_write_it() {
        for (locale, text, kept) in [
            (PtBr, "14h30", Some("14:30")),
            (PtBr, "14:30", Some("14:30")),
            (PtBr, "14.30h", Some("14:30")),
            (PtBr, "14h30min", Some("14:30")),
            (PtBr, "1430", Some("14:30")),
            (PtBr, "às 9", Some("09:00")),
            (PtBr, "9h", Some("09:00")),
            (PtBr, "às 9 horas", Some("09:00")),
            (PtBr, "2 da tarde", Some("14:00")),
            (PtBr, "2 e meia da tarde", Some("14:30")),
            (PtBr, "12 da noite", Some("00:00")),
            (PtBr, "9 da noite", Some("21:00")),
            (PtBr, "2 da noite", None),
            (PtBr, "meio-dia", Some("12:00")),
            (PtBr, "ao meio dia", Some("12:00")),
            (Es, "a las 9", Some("09:00")),
            (Es, "9 y media de la mañana", Some("09:30")),
            (Es, "medianoche", Some("00:00")),
            (En, "2pm", Some("14:00")),
            (En, "2:30 p.m.", Some("14:30")),
            (En, "12 am", Some("00:00")),
            (En, "12pm", Some("12:00")),
            (En, "14:30 pm", Some("14:30")),
            (En, "13 am", None),
            (En, "0pm", None),
            (En, "at noon", Some("12:00")),
            (En, "9 o'clock", Some("09:00")),
            (En, "0:00", Some("00:00")),
            (En, "24:00", None),
            (En, "14:60", None),
            (En, "14:3", None),
            (En, "930", None),
            (En, "soon", None),
            (En, "9 or 10", None),
            (En, "", None),
        ] {
            assert_eq!(time(text, locale).as_deref(), kept, "{locale} {text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_again(
            text in "(hoje |dia |às |on )?[0-9]{1,4}[/:h. -]{0,2}[0-9]{0,2}[/ ]?[0-9]{0,4}( de mar| pm)?",
            days in 0i64..50_000,
        ) {
            let today = jiff::civil::date(1990, 1, 1).checked_add(days.days()).unwrap();
            for locale in Locale::ALL {
                if let Some(kept) = date(&text, locale, today) {
                    prop_assert_eq!(date(&kept, locale, today), Some(kept));
                }
                if let Some(kept) = time(&text, locale) {
                    prop_assert_eq!(time(&kept, locale), Some(kept));
                }
            }
        }

        #[test]
        fn a_day_without_a_year_lies_ahead_and_no_further_than_it_must(days in 0i64..50_000, ahead in 0i64..365) {
            let today = jiff::civil::date(1990, 1, 1).checked_add(days.days()).unwrap();
            let meant = today.checked_add(ahead.days()).unwrap();
            prop_assume!((meant.month(), meant.day()) != (2, 29));
            let text = format!("{}/{}", meant.day(), meant.month());
            prop_assert_eq!(date(&text, PtBr, today), Some(meant.to_string()));
        }
    }
}
