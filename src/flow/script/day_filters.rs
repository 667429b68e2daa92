//! The filters `date` and `time`, and the variables `today` and `now`.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use crate::flow::script::day_text::{DayFormat, time_of_day};
use crate::flow::words::locale::Locale;

/// The names of the variables. A flow may save its own values under them.
pub(crate) const CLOCK_VARIABLES: [&str; 2] = ["today", "now"];

/// `today` and `now` at this local time, in the form in which answers are saved.
pub(crate) fn clock_variables(now: DateTime) -> Value {
    let [today, now] = CLOCK_VARIABLES.map(str::to_owned).map(|name| {
        let format = match name.as_str() {
            "today" => "%Y-%m-%d",
            _ => "%Y-%m-%d %H:%M",
        };
        (name, now.strftime(format).to_string())
    });
    Value::from(BTreeMap::from([today, now]))
}

/// Makes the filters known.
pub(crate) fn add_day_filters(templates: &mut Environment<'static>, locale: Locale) {
    templates.add_filter(
        "date",
        move |state: &State<'_, '_>, value: Value, format: Option<String>| {
            date(state, &value, format.as_deref(), locale)
        },
    );
    templates.add_filter("time", move |value: Value| time(&value, locale));
}

/// What is not a day stays as it is: an option beside `expect = "date"` may be saved under the same name.
fn date(
    state: &State<'_, '_>,
    value: &Value,
    format: Option<&str>,
    locale: Locale,
) -> Result<String, Error> {
    let format = format.unwrap_or("long");
    let Some(format) = DayFormat::read(format) else {
        // This kind of error is reported when the flow is loaded.
        return Err(Error::new(
            ErrorKind::SyntaxError,
            format!(
                "`{format}` is no format of a date; write \"long\", \"short\", \"weekday\", or d, m and y as in \"dd/mm/yyyy\""
            ),
        ));
    };
    let day = |value: &Value| split(&text(value)).and_then(|(day, _)| day.parse::<Date>().ok());
    let today = state.lookup("today").and_then(|today| day(&today));
    Ok(match day(value) {
        Some(day) => format.write(day, today, locale),
        None => text(value),
    })
}

/// What is not a time of day stays as it is.
fn time(value: &Value, locale: Locale) -> String {
    let text = text(value);
    let clock = split(&text).map_or(text.as_str(), |(_, clock)| clock);
    let is_clock = clock.len() >= 5 && clock.as_bytes()[2] == b':';
    match clock.parse::<Time>() {
        Ok(time) if is_clock => time_of_day(time, locale),
        _ => text,
    }
}

/// "2026-11-27 14:30" in a day and a time, which may be empty.
fn split(text: &str) -> Option<(&str, &str)> {
    let (day, rest) = text.split_at_checked(10)?;
    match rest.chars().next() {
        None => Some((day, "")),
        Some(' ' | 'T') => Some((day, &rest[1..])),
        Some(_) => None,
    }
}

fn text(value: &Value) -> String {
    match value.is_undefined() || value.is_none() {
        true => String::new(),
        false => value.to_string(),
    }
}
