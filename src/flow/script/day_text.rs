//! Days and times of day as customers read them: "sexta-feira, 27 de novembro", "14h30".

use jiff::civil::{Date, Time};

use crate::flow::words::calendar_names::{MONTHS, WEEKDAYS};
use crate::flow::words::locale::Locale;

/// How a day is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DayFormat {
    /// "Friday, November 27", with the year if it is not this year.
    Long,
    /// "Nov 27", "27/11", with the year if it is not this year.
    Short,
    /// "Friday".
    Weekday,
    /// A pattern like "dd/mm/yyyy", in its parts.
    Pattern(Vec<PatternPart>),
    /// A pattern like "%d/%m/%Y".
    Percent(String),
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PatternPart {
    Text(String),
    /// One of the letters d, m and y, so many times.
    Field(char, usize),
}

impl DayFormat {
    /// Reads a format as a flow writes it; `None` if it says nothing of a day.
    pub(crate) fn read(text: &str) -> Option<DayFormat> {
        match text.trim() {
            "long" => return Some(DayFormat::Long),
            "short" => return Some(DayFormat::Short),
            "weekday" => return Some(DayFormat::Weekday),
            _ => {}
        }
        if text.contains('%') {
            let example = Date::constant(2000, 1, 1);
            let is_sound = percent(text, Locale::En, example).is_some_and(|day| day != text);
            return is_sound.then(|| DayFormat::Percent(text.to_owned()));
        }
        let mut parts: Vec<PatternPart> = Vec::new();
        for word in words_and_marks(text) {
            let letter = word.chars().next()?.to_ascii_lowercase();
            let length = word.len();
            let is_run = word.chars().all(|c| c.eq_ignore_ascii_case(&letter));
            let is_field = match letter {
                'd' | 'm' => length <= 4,
                'y' => matches!(length, 2 | 4),
                _ => false,
            };
            parts.push(match is_run && is_field {
                true => PatternPart::Field(letter, length),
                false => PatternPart::Text(word.to_owned()),
            });
        }
        let has_field = |part: &PatternPart| matches!(part, PatternPart::Field(..));
        parts
            .iter()
            .any(has_field)
            .then_some(DayFormat::Pattern(parts))
    }

    /// The day in this format. `today` decides whether the year is needed.
    pub(crate) fn write(&self, date: Date, today: Option<Date>, locale: Locale) -> String {
        let has_year = today.is_none_or(|today| today.year() != date.year());
        match self {
            DayFormat::Long => long(date, has_year, locale),
            DayFormat::Short => short(date, has_year, locale),
            DayFormat::Weekday => weekday(date, locale).to_owned(),
            DayFormat::Pattern(parts) => {
                parts.iter().map(|part| part.write(date, locale)).collect()
            }
            DayFormat::Percent(pattern) => {
                percent(pattern, locale, date).unwrap_or_else(|| date.to_string())
            }
        }
    }
}

impl PatternPart {
    fn write(&self, date: Date, locale: Locale) -> String {
        let cut = |name: &str| -> String { name.chars().take(3).collect() };
        match self {
            PatternPart::Text(text) => text.clone(),
            PatternPart::Field('d', 1) => date.day().to_string(),
            PatternPart::Field('d', 2) => format!("{:02}", date.day()),
            PatternPart::Field('d', 3) => cut(weekday(date, locale)),
            PatternPart::Field('d', _) => weekday(date, locale).to_owned(),
            PatternPart::Field('m', 1) => date.month().to_string(),
            PatternPart::Field('m', 2) => format!("{:02}", date.month()),
            PatternPart::Field('m', 3) => cut(month(date, locale)),
            PatternPart::Field('m', _) => month(date, locale).to_owned(),
            PatternPart::Field(_, 2) => format!("{:02}", date.year() % 100),
            PatternPart::Field(..) => date.year().to_string(),
        }
    }
}

/// The words of a pattern, each with the marks between it and the next as a part of its own.
fn words_and_marks(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = first.is_alphabetic();
        let end = rest
            .find(|c: char| c.is_alphabetic() != is_word)
            .unwrap_or(rest.len());
        parts.push(&rest[..end]);
        rest = &rest[end..];
    }
    parts
}

/// jiff knows only the English names.
fn percent(pattern: &str, locale: Locale, date: Date) -> Option<String> {
    let cut = |name: &str| -> String { name.chars().take(3).collect() };
    let (day, month) = (weekday(date, locale), month(date, locale));
    let named = pattern
        .replace("%A", day)
        .replace("%a", &cut(day))
        .replace("%B", month)
        .replace("%b", &cut(month));
    jiff::fmt::strtime::format(&named, date).ok()
}

/// "sexta-feira, 27 de novembro".
fn long(date: Date, has_year: bool, locale: Locale) -> String {
    let (weekday, day) = (weekday(date, locale), date.day());
    let (month, year) = (month(date, locale), date.year());
    match (locale, has_year) {
        (Locale::En, false) => format!("{weekday}, {month} {day}"),
        (Locale::En, true) => format!("{weekday}, {month} {day}, {year}"),
        (Locale::PtBr, false) => format!("{weekday}, {} de {month}", first(day, "º")),
        (Locale::PtBr, true) => format!("{weekday}, {} de {month} de {year}", first(day, "º")),
        (Locale::Es, false) => format!("{weekday} {day} de {month}"),
        (Locale::Es, true) => format!("{weekday} {day} de {month} de {year}"),
    }
}

/// Brazilians write the first of a month as an ordinal.
fn first(day: i8, ending: &str) -> String {
    match day {
        1 => format!("1{ending}"),
        day => day.to_string(),
    }
}

/// "27/11".
fn short(date: Date, has_year: bool, locale: Locale) -> String {
    let (day, month, year) = (date.day(), date.month(), date.year());
    match (locale, has_year) {
        (Locale::En, false) => date.strftime("%b %-d").to_string(),
        (Locale::En, true) => date.strftime("%b %-d, %Y").to_string(),
        (Locale::PtBr | Locale::Es, false) => format!("{day:02}/{month:02}"),
        (Locale::PtBr | Locale::Es, true) => format!("{day:02}/{month:02}/{year}"),
    }
}

fn weekday(date: Date, locale: Locale) -> &'static str {
    let day = date.weekday().to_monday_zero_offset().unsigned_abs();
    WEEKDAYS[locale as usize][usize::from(day)]
}

fn month(date: Date, locale: Locale) -> &'static str {
    MONTHS[locale as usize][usize::from(date.month().unsigned_abs()) - 1]
}

/// A day with its year, for a limit: "November 27, 2026", "27/11/2026".
pub(crate) fn whole_day(date: Date, locale: Locale) -> String {
    match locale {
        Locale::En => date.strftime("%B %-d, %Y").to_string(),
        Locale::PtBr | Locale::Es => date.strftime("%d/%m/%Y").to_string(),
    }
}

/// "2:30 pm", "14h30", "14:30".
pub(crate) fn time_of_day(time: Time, locale: Locale) -> String {
    let (hour, minute) = (time.hour(), time.minute());
    match (locale, minute) {
        (Locale::En, _) => {
            let half = if hour < 12 { "am" } else { "pm" };
            format!("{}:{minute:02} {half}", twelve(hour))
        }
        (Locale::PtBr, 0) => format!("{hour}h"),
        (Locale::PtBr, _) => format!("{hour}h{minute:02}"),
        (Locale::Es, _) => format!("{hour}:{minute:02}"),
    }
}

/// A time before noon, and the one half a day later, to choose from: "às 3h da manhã", "às 3h da tarde".
pub(crate) fn both_halves(early: Time, locale: Locale) -> [String; 2] {
    let clock = time_of_day(early, locale);
    let late = early.hour() + 12;
    match locale {
        Locale::En => [clock.clone(), clock.replace(" am", " pm")],
        Locale::PtBr => {
            let at = if early.hour() == 1 { "à" } else { "às" };
            let part = if late < 19 { "tarde" } else { "noite" };
            [
                format!("{at} {clock} da manhã"),
                format!("{at} {clock} da {part}"),
            ]
        }
        Locale::Es => {
            let at = if early.hour() == 1 { "a la" } else { "a las" };
            let part = if late < 20 { "tarde" } else { "noche" };
            [
                format!("{at} {clock} de la mañana"),
                format!("{at} {clock} de la {part}"),
            ]
        }
    }
}

fn twelve(hour: i8) -> i8 {
    match hour % 12 {
        0 => 12,
        hour => hour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Locale::{En, Es, PtBr};
    use jiff::civil::{date, time};

    #[test]
    fn a_day_is_written_as_people_of_each_language_do() {
        let (day, today) = (date(2026, 11, 27), Some(date(2026, 11, 26)));
        for (format, texts) in [
            (
                "long",
                [
                    "Friday, November 27",
                    "sexta-feira, 27 de novembro",
                    "viernes 27 de noviembre",
                ],
            ),
            ("short", ["Nov 27", "27/11", "27/11"]),
            ("weekday", ["Friday", "sexta-feira", "viernes"]),
            ("dd/mm", ["27/11", "27/11", "27/11"]),
            ("DD/MM/YYYY", ["27/11/2026", "27/11/2026", "27/11/2026"]),
            ("d.m.yy", ["27.11.26", "27.11.26", "27.11.26"]),
            (
                "ddd, d de mmmm",
                [
                    "Fri, 27 de November",
                    "sex, 27 de novembro",
                    "vie, 27 de noviembre",
                ],
            ),
            ("dddd", ["Friday", "sexta-feira", "viernes"]),
            ("d-mmm", ["27-Nov", "27-nov", "27-nov"]),
            ("%d/%m/%Y", ["27/11/2026", "27/11/2026", "27/11/2026"]),
            (
                "%A, %-d de %B",
                [
                    "Friday, 27 de November",
                    "sexta-feira, 27 de novembro",
                    "viernes, 27 de noviembre",
                ],
            ),
        ] {
            let read = DayFormat::read(format).unwrap();
            for locale in Locale::ALL {
                let text = texts[locale as usize];
                assert_eq!(read.write(day, today, locale), text, "{format} {locale}");
            }
        }
        for wrong in ["", "lnog", "%", "%Q", "hh:nn", "dia", "dddddd"] {
            assert_eq!(DayFormat::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_year_is_there_unless_it_is_this_year() {
        let today = Some(date(2026, 11, 26));
        for (day, locale, long, short) in [
            (
                date(2027, 1, 1),
                En,
                "Friday, January 1, 2027",
                "Jan 1, 2027",
            ),
            (
                date(2027, 1, 1),
                PtBr,
                "sexta-feira, 1º de janeiro de 2027",
                "01/01/2027",
            ),
            (
                date(2027, 1, 1),
                Es,
                "viernes 1 de enero de 2027",
                "01/01/2027",
            ),
            (
                date(2026, 12, 1),
                PtBr,
                "terça-feira, 1º de dezembro",
                "01/12",
            ),
        ] {
            assert_eq!(DayFormat::Long.write(day, today, locale), long);
            assert_eq!(DayFormat::Short.write(day, today, locale), short);
        }
        let day = date(2026, 11, 27);
        assert_eq!(DayFormat::Short.write(day, None, PtBr), "27/11/2026");
    }

    #[test]
    fn a_time_is_written_as_people_of_each_language_do() {
        for (hour, minute, texts) in [
            (14, 30, ["2:30 pm", "14h30", "14:30"]),
            (9, 0, ["9:00 am", "9h", "9:00"]),
            (0, 5, ["12:05 am", "0h05", "0:05"]),
            (12, 0, ["12:00 pm", "12h", "12:00"]),
        ] {
            for locale in Locale::ALL {
                let text = time_of_day(time(hour, minute, 0, 0), locale);
                assert_eq!(text, texts[locale as usize]);
            }
        }
        for (hour, locale, halves) in [
            (3, En, ["3:00 am", "3:00 pm"]),
            (3, PtBr, ["às 3h da manhã", "às 3h da tarde"]),
            (1, PtBr, ["à 1h da manhã", "à 1h da tarde"]),
            (8, PtBr, ["às 8h da manhã", "às 8h da noite"]),
            (3, Es, ["a las 3:00 de la mañana", "a las 3:00 de la tarde"]),
            (9, Es, ["a las 9:00 de la mañana", "a las 9:00 de la noche"]),
        ] {
            assert_eq!(both_halves(time(hour, 0, 0, 0), locale), halves);
        }
    }
}
