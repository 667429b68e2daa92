//! Reads `[hours]`: days, times, exceptions, and the step for customers who write outside of them.

use jiff::civil::Date;

use crate::flow::answer::calendar::day_words::DayWords;
use crate::flow::load::check::StepPath;
use crate::flow::load::loader::Loader;
use crate::flow::load::reader::{Section, Written};
use crate::flow::script::hours::{DAY, Day, Hours, Opening, weekday};
use crate::flow::words::calendar_names::MONTHS;
use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;

const CLOSED: &str = "closed";
const EXCEPTIONS: &str = "exceptions";

impl Loader<'_> {
    /// Reads the opening hours, if the file has any, and the step outside of them.
    pub(crate) fn read_hours(&mut self, file: &Section<'_>) -> Option<(Hours, String)> {
        let section = self.reader.section(file, "hours")?;
        let hours = self.read_times(file, &section);
        let openings = hours.week.iter().flatten();
        self.open_times = Some(openings.map(|open| (open.from, open.to)).collect());
        let closed = self.reader.text(&section, CLOSED);
        match &closed {
            Some(step) => self.graph.entries.push(StepPath {
                from: String::new(),
                to: step.text.to_owned(),
                by: "`closed` in [hours]".to_owned(),
                place: step.place.clone(),
            }),
            None if section.has(CLOSED) => {}
            None => {
                let message = "[hours] has no `closed`: the step for customers who write outside of them; add closed = \"a_step\"";
                self.reader.note(&section.place, message);
            }
        }
        Some((hours, closed?.text.to_owned()))
    }

    /// Reads the opening hours of a team, if it has any. They open and close no flow, so they name no step.
    pub(crate) fn read_team_hours(
        &mut self,
        file: &Section<'_>,
        team: &Section<'_>,
    ) -> Option<Hours> {
        let section = self.reader.section(team, "hours")?;
        if section.has(CLOSED) {
            let message = format!(
                "`{CLOSED}` in {} is never used: while a team is closed, its customers wait in its line; remove it, and say when the team is back with {{{{ opens }}}} in `handoff`",
                section.name
            );
            self.reader.note(&section.place_of(CLOSED), message);
        }
        Some(self.read_times(file, &section))
    }

    /// The opening times of a flow or of a team.
    fn read_times(&mut self, file: &Section<'_>, section: &Section<'_>) -> Hours {
        self.saved.insert("opens".to_owned());
        if !file.has("timezone") {
            let message = format!(
                "{} needs a time zone; add it at the top of the file, like timezone = \"America/Sao_Paulo\"",
                section.name
            );
            self.reader.note(&section.place, message);
        }
        let mut week: [Option<Vec<Opening>>; 7] = Default::default();
        for key in section.keys() {
            if [CLOSED, EXCEPTIONS].contains(&key.text) {
                continue;
            }
            let days = self.read_days(&key, section);
            let openings = self.read_openings(section, key.text);
            for day in days {
                if week[day].replace(openings.clone()).is_some() {
                    let message = format!(
                        "`{}` in {} names a day that another line also names; keep one",
                        key.text, section.name
                    );
                    self.reader.note(&key.place, message);
                    break;
                }
            }
        }
        if week.iter().flatten().flatten().next().is_none() {
            let message = format!(
                "{} has no opening time; write one, like mon-fri = \"09:00-18:00\"",
                section.name
            );
            self.reader.note(&section.place, message);
        }
        Hours {
            week: week.map(Option::unwrap_or_default),
            exceptions: self.read_exceptions(section),
        }
    }

    /// The days that a key names, counted from Monday: "mon", "mon-fri", "sab-dom".
    fn read_days(&mut self, key: &Written<'_>, section: &Section<'_>) -> Vec<usize> {
        let day = |word: &str| {
            let day = weekday(&fold(word))?.to_monday_zero_offset();
            usize::try_from(day).ok()
        };
        let (first, last) = key.text.split_once('-').unwrap_or((key.text, key.text));
        let (Some(first), Some(last)) = (day(first), day(last)) else {
            let message = format!(
                "`{}` in {} is not a day; write mon tue wed thu fri sat sun (or seg ter qua qui sex sab dom), a range like mon-fri, `{CLOSED}` or {}",
                key.text,
                section.name,
                section.path_to(EXCEPTIONS),
            );
            self.reader.note(&key.place, message);
            return Vec::new();
        };
        let days = (last + 7 - first) % 7;
        (0..=days).map(|day| (first + day) % 7).collect()
    }

    fn read_exceptions(&mut self, section: &Section<'_>) -> Vec<(Day, Vec<Opening>)> {
        let mut exceptions: Vec<(Day, Vec<Opening>)> = Vec::new();
        let Some(section) = self.reader.section(section, EXCEPTIONS) else {
            return exceptions;
        };
        for key in section.keys() {
            let openings = self.read_openings(&section, key.text);
            let is_numbers = !key.text.contains(char::is_alphabetic);
            match read_day(key.text, self.locale) {
                // Where people write the day first, "07-09" is 7 September to them.
                Some(Day::Yearly(month, day))
                    if is_numbers && self.locale != Locale::En && day <= 12 && month != day =>
                {
                    let message = format!(
                        "`{}` in {} can be read as two days; write \"{}\" or \"{}\" (every year), or a date with its year like \"2026-12-24\"",
                        key.text,
                        section.name,
                        yearly_day(month, day, self.locale),
                        yearly_day(day, month, self.locale),
                    );
                    self.reader.note(&key.place, message);
                }
                Some(day) => exceptions.push((day, openings)),
                None => {
                    let message = format!(
                        "`{}` in {} is not a date; write \"2026-12-24\", or for every year \"12-25\" (month and day) or \"{}\"",
                        key.text,
                        section.name,
                        yearly_day(12, 25, self.locale),
                    );
                    self.reader.note(&key.place, message);
                }
            }
        }
        exceptions
    }

    /// The times of a day; empty for a closed day.
    fn read_openings(&mut self, section: &Section<'_>, key: &str) -> Vec<Opening> {
        let written = self.reader.texts(section, key).unwrap_or_default();
        if let [one] = &written[..]
            && one.text.trim() == CLOSED
        {
            return Vec::new();
        }
        let mut openings: Vec<Opening> = Vec::new();
        for one in written {
            let Some(opening) = read_opening(one.text) else {
                let message = format!(
                    "`{}` in {} is not an opening time; write \"09:00-18:00\", or \"closed\"; over midnight: \"18:00-02:00\"",
                    one.text, section.name
                );
                self.reader.note(&one.place, message);
                continue;
            };
            let overlaps = |other: &Opening| opening.from < other.to && other.from < opening.to;
            if openings.iter().any(overlaps) {
                let message = format!(
                    "`{}` in {} overlaps another time of the same day; merge the two",
                    one.text, section.name
                );
                self.reader.note(&one.place, message);
            }
            openings.push(opening);
        }
        openings
    }
}

fn read_day(text: &str, locale: Locale) -> Option<Day> {
    if let Ok(date) = text.parse::<Date>() {
        return Some(Day::Once(date));
    }
    let (month, day) = match text.contains(char::is_alphabetic) {
        true => read_named_day(text, locale)?,
        false => {
            let (month, day) = text.split_once('-')?;
            (month.parse().ok()?, day.parse().ok()?)
        }
    };
    // A leap year, so that 29 February is valid.
    Date::new(2024, month, day).ok()?;
    Some(Day::Yearly(month, day))
}

/// Month and day of "25 de dezembro", "25 dez", "December 25", in the flow's language or any other.
fn read_named_day(text: &str, locale: Locale) -> Option<(i8, i8)> {
    let folded = fold(text).replace(['º', '°', '-', '/', '.', ','], " ");
    let mut parts: Vec<&str> = folded.split_whitespace().collect();
    parts.retain(|word| !matches!(*word, "de" | "of" | "the"));
    let [one, other] = parts[..] else {
        return None;
    };
    let (day, name) = match one.parse::<i8>() {
        Ok(day) => (day, other),
        Err(_) => (other.parse().ok()?, one),
    };
    let month = |locale: Locale| DayWords::of(locale).month(name);
    let month = month(locale).or_else(|| Locale::ALL.into_iter().find_map(month))?;
    Some((i8::try_from(month).ok()?, day))
}

/// "25 de dezembro".
fn yearly_day(month: i8, day: i8, locale: Locale) -> String {
    let name = MONTHS[locale as usize][usize::from(month.unsigned_abs()) - 1];
    match locale {
        Locale::En => format!("{day} {name}"),
        Locale::PtBr | Locale::Es => format!("{day} de {name}"),
    }
}

fn read_opening(text: &str) -> Option<Opening> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    if from == to || from == DAY {
        return None;
    }
    let to = if to < from { to + DAY } else { to };
    Some(Opening { from, to })
}

/// "9:00", "09h30", "9h", "24:00".
fn minute(text: &str) -> Option<i64> {
    let text = text.trim();
    let (hour, minute) = match text.split_once([':', 'h']) {
        Some((hour, "")) if text.ends_with('h') => (hour, "0"),
        Some(parts) => parts,
        None => return None,
    };
    let digits =
        |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use crate::flow::script::checked_flow::Script;
    use crate::flow::words::locale::Locale;

    #[test]
    fn a_day_of_every_year_is_refused_where_it_can_be_read_as_two() {
        let load = |day: &str, locale: Locale| {
            let source = format!(
                "start = 'a'\nlocale = '{locale}'\ntimezone = 'America/Sao_Paulo'\n[step.a]\nask = '?'\nend = 'x'\n[hours]\nmon = '9:00-12:00'\nclosed = 'a'\n[hours.exceptions]\n'{day}' = 'closed'"
            );
            Script::load(&source, Locale::En).map_err(|mut mistakes| mistakes.remove(0).message)
        };
        for (locale, refusal) in [
            (
                Locale::PtBr,
                "`07-09` in [hours.exceptions] can be read as two days; write \"9 de julho\" or \"7 de setembro\" (every year), or a date with its year like \"2026-12-24\"",
            ),
            (
                Locale::Es,
                "`07-09` in [hours.exceptions] can be read as two days; write \"9 de julio\" or \"7 de septiembre\" (every year), or a date with its year like \"2026-12-24\"",
            ),
        ] {
            assert_eq!(load("07-09", locale).unwrap_err(), refusal);
            let wrong = load("25-12", locale).unwrap_err();
            assert!(wrong.contains("is not a date"), "{wrong}");
            for day in [
                "12-25",
                "01-01",
                "2026-07-09",
                "7 sep",
                "25 de dezembro",
                "25 December",
            ] {
                assert!(load(day, locale).is_ok(), "{day}");
            }
        }
        assert!(load("07-09", Locale::En).is_ok());
        let written = load("7 de setembro", Locale::PtBr).unwrap();
        let closed = |day: &str| {
            let at = written.typed_moment(day).unwrap();
            written.closed_since(at).is_some()
        };
        // Two Mondays.
        assert!(closed("2026-09-07 10:00") && !closed("2026-09-14 10:00"));
    }

    #[test]
    fn every_mistake_in_the_hours_is_reported() {
        for (hours, part) in [
            (
                "closed = 'b'\nmonn = '9:00-18:00'\nmon = '9:00-18:00'",
                "`monn` in [hours] is not a day",
            ),
            (
                "closed = 'b'\nmon-fri = '9-18'\nsun = '9h-12h30'",
                "`9-18` in [hours] is not an opening time",
            ),
            (
                "closed = 'b'\nmon = '09:00-25:00'\nsun = '9h-12h'",
                "is not an opening time",
            ),
            (
                "closed = 'b'\nmon-fri = '9:00-18:00'\nfri = '9:00-12:00'",
                "another line also names",
            ),
            (
                "closed = 'b'\nmon = ['9:00-12:00', '11:00-14:00']",
                "overlaps another time",
            ),
            ("closed = 'b'\nmon = 'closed'", "has no opening time"),
            ("mon = '9:00-12:00'", "[hours] has no `closed`"),
            (
                "closed = 'bb'\nmon = '9:00-12:00'",
                "`closed` in [hours] leads to `bb`, and there is no such step; did you mean `b`?",
            ),
            (
                "closed = 'b'\nmon = '9:00-12:00'\n[hours.exceptions]\n'13-25' = 'closed'",
                "`13-25` in [hours.exceptions] is not a date",
            ),
        ] {
            let source = format!(
                "start = 'a'\ntimezone = 'America/Sao_Paulo'\n[step.a]\nask = '?'\nend = 'x'\n[step.b]\nsay = '{{{{ opens }}}}'\nend = 'x'\n[hours]\n{hours}"
            );
            let mistakes = Script::load(&source, Locale::En).unwrap_err();
            // Without `closed`, nothing leads to its step.
            let messages: Vec<String> = mistakes
                .iter()
                .map(|one| one.message.clone())
                .filter(|one| !one.starts_with("nothing leads"))
                .collect();
            assert!(
                messages.len() == 1 && messages[0].contains(part),
                "{hours}: {messages:#?}"
            );
            let without = source.replace("timezone = 'America/Sao_Paulo'\n", "");
            let mistakes = Script::load(&without, Locale::En).unwrap_err();
            assert!(
                mistakes
                    .iter()
                    .any(|one| one.message.contains("needs a time zone"))
            );
        }
    }
}
