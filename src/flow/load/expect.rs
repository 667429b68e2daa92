//! Reads which answers an `ask` accepts: `expect` with its details, or `pattern`.

use jiff::civil::Date;

use crate::flow::answer::calendar::limits::{DayLimit, DayLimits, TimeLimits, read_time_limit};
use crate::flow::answer::country::Country;
use crate::flow::answer::kind::{AnswerKind, Bounds, MEDIA_KINDS, pattern};
use crate::flow::answer::said::SaidKind;
use crate::flow::load::loader::Loader;
use crate::flow::load::reader::Section;
use crate::flow::script::variables::VALUE_MAX;
use crate::flow::words::fold::closest;

/// The details of `expect`, and the kinds of answer that each works with.
const DETAILS: [(&str, &[&str]); 4] = [
    ("min", &["text", "number", "date", "time"]),
    ("max", &["text", "number", "date", "time"]),
    ("country", &["phone"]),
    ("kinds", &["media"]),
];

impl Loader<'_> {
    /// Reads `expect` or `pattern`.
    pub(crate) fn read_expect(&mut self, body: &Section<'_>) -> Option<AnswerKind> {
        if body.has("expect") && body.has("pattern") {
            let message = format!("{} has both `expect` and `pattern`; keep one", body.name);
            self.reader.note(&body.place_of("pattern"), message);
        }
        let written = self.reader.text(body, "expect");
        let name = written.as_ref().map_or("", |written| written.text);
        let mut named = AnswerKind::named(name);
        if let Some(written) = &written
            && named.is_none()
        {
            let hint = match closest(written.text, AnswerKind::NAMES) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known: {}, or use `pattern`", AnswerKind::NAMES.join(", ")),
            };
            let message = format!(
                "unknown `expect` `{}` in {}; {hint}",
                written.text, body.name
            );
            self.reader.note(&written.place, message);
        }
        // If `expect` is misspelt, we can't know which details it takes.
        if named.is_some() || !body.has("expect") {
            self.note_misplaced(body, name);
        }
        match &mut named {
            Some(AnswerKind::Text(bounds)) => *bounds = self.read_lengths(body),
            Some(AnswerKind::Number(bounds)) => {
                *bounds = Bounds {
                    min: self.reader.number(body, "min"),
                    max: self.reader.number(body, "max"),
                };
                self.note_crossed(body, bounds.min, bounds.max);
            }
            Some(AnswerKind::Date(limits)) => *limits = self.read_day_limits(body),
            Some(AnswerKind::Time(limits)) => *limits = self.read_time_limits(body),
            Some(AnswerKind::Phone(country)) => *country = self.read_country(body),
            Some(AnswerKind::Media(kinds)) => *kinds = self.read_kinds(body),
            _ => {}
        }
        if body.has("expect") {
            return named;
        }
        let written = self.reader.text(body, "pattern")?;
        match pattern(written.text) {
            Ok(pattern) => Some(pattern),
            Err(problem) => {
                let message = format!(
                    "`pattern` in {} is not a valid regular expression: {problem}",
                    body.name
                );
                self.reader.note(&written.place, message);
                None
            }
        }
    }

    fn note_misplaced(&mut self, body: &Section<'_>, expect: &str) {
        for (key, kinds) in DETAILS {
            if body.has(key) && !kinds.contains(&expect) {
                let kinds: Vec<String> = kinds
                    .iter()
                    .map(|kind| format!("expect = \"{kind}\""))
                    .collect();
                let message = format!(
                    "`{key}` in {} works only with {}; remove it, or add that",
                    body.name,
                    kinds.join(" or ")
                );
                self.reader.note(&body.place_of(key), message);
            }
        }
    }

    fn read_lengths(&mut self, body: &Section<'_>) -> Bounds<u32> {
        let min = self.reader.count(body, "min");
        let max = self.reader.count(body, "max");
        // We keep no more of a message, so no answer is longer.
        let longest = u32::try_from(VALUE_MAX).unwrap_or(u32::MAX);
        for (key, length) in [("min", &min), ("max", &max)] {
            if let Some((length, place)) = length
                && !(1..=longest).contains(length)
            {
                let message = format!(
                    "`{key}` in {} must be a number of characters from 1 to {longest}, not {length}",
                    body.name
                );
                self.reader.note(place, message);
            }
        }
        let bounds = Bounds {
            min: min.map(|(length, _)| length),
            max: max.map(|(length, _)| length),
        };
        self.note_crossed(body, bounds.min, bounds.max);
        bounds
    }

    fn read_day_limits(&mut self, body: &Section<'_>) -> DayLimits {
        let example = "a day: \"today\", a time from today like \"+60d\" or \"-2 weeks\", or a date like \"2026-12-01\"";
        let limits = DayLimits {
            min: self.read_limit(body, "min", DayLimit::read, example),
            max: self.read_limit(body, "max", DayLimit::read, example),
        };
        // "today" and a date may cross on some days only.
        let crossed = match (limits.min, limits.max) {
            (Some(DayLimit::On(min)), Some(DayLimit::On(max))) => min > max,
            (Some(min @ DayLimit::FromToday(_)), Some(max @ DayLimit::FromToday(_))) => {
                let today = Date::constant(2026, 1, 1);
                min.day(today) > max.day(today)
            }
            _ => false,
        };
        if crossed {
            self.note_crossed_texts(body);
        }
        limits
    }

    fn read_time_limits(&mut self, body: &Section<'_>) -> TimeLimits {
        let example = "a time of day like \"09:00\"";
        let limits = TimeLimits {
            min: self.read_limit(body, "min", read_time_limit, example),
            max: self.read_limit(body, "max", read_time_limit, example),
            open: self.open_times.clone(),
        };
        if let (Some(min), Some(max)) = (limits.min, limits.max)
            && min > max
        {
            self.note_crossed_texts(body);
        }
        limits
    }

    fn read_limit<T>(
        &mut self,
        body: &Section<'_>,
        key: &str,
        read: impl Fn(&str) -> Option<T>,
        example: &str,
    ) -> Option<T> {
        let written = self.reader.text(body, key)?;
        let limit = read(written.text);
        if limit.is_none() {
            let message = format!(
                "`{key}` in {} must be {example}, not `{}`",
                body.name, written.text
            );
            self.reader.note(&written.place, message);
        }
        limit
    }

    /// Notes that no answer fits between two limits that are texts.
    fn note_crossed_texts(&mut self, body: &Section<'_>) {
        let message = format!(
            "`min` in {} is after `max`, so no answer fits; swap them",
            body.name
        );
        self.reader.note(&body.place_of("min"), message);
    }

    fn note_crossed<T: PartialOrd + std::fmt::Display>(
        &mut self,
        body: &Section<'_>,
        min: Option<T>,
        max: Option<T>,
    ) {
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            let message = format!(
                "`min` ({min}) in {} is more than `max` ({max}), so no answer fits; swap them",
                body.name
            );
            self.reader.note(&body.place_of("min"), message);
        }
    }

    fn read_country(&mut self, body: &Section<'_>) -> Option<&'static Country> {
        let written = self.reader.text(body, "country")?;
        let country = Country::with_code(&written.text.trim().to_ascii_uppercase());
        if country.is_none() {
            let codes: Vec<&str> = Country::ALL.iter().map(|country| country.code).collect();
            let message = format!(
                "unknown `country` `{}` in {}; write one of {}, or remove it and ask for the number with + and the country code",
                written.text,
                body.name,
                codes.join(" "),
            );
            self.reader.note(&written.place, message);
        }
        country
    }

    fn read_kinds(&mut self, body: &Section<'_>) -> Vec<SaidKind> {
        let names = MEDIA_KINDS.map(|(name, _)| name);
        let Some(written) = self.reader.texts(body, "kinds") else {
            return Vec::new();
        };
        if written.is_empty() {
            let message = format!(
                "`kinds` in {} is empty; write some of {}, or remove it to take all",
                body.name,
                names.join(", ")
            );
            self.reader.note(&body.place_of("kinds"), message);
        }
        let mut kinds = Vec::new();
        for name in written {
            match MEDIA_KINDS.iter().find(|(known, _)| *known == name.text) {
                Some((_, kind)) => kinds.push(*kind),
                None => {
                    let hint = match closest(name.text, names) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("known: {}", names.join(", ")),
                    };
                    let message = format!("unknown kind `{}` in {}; {hint}", name.text, body.name);
                    self.reader.note(&name.place, message);
                }
            }
        }
        kinds
    }
}
