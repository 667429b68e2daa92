//! Reads `locale` and `timezone`: the language of the customers, and their time.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::flow::load::reader::{Reader, Section};
use crate::flow::words::fold::closest;
use crate::flow::words::locale::{Locale, UnknownLocale};

pub(crate) fn read_locale(file: &Section<'_>, default: Locale, reader: &mut Reader<'_>) -> Locale {
    let Some(written) = reader.text(file, "locale") else {
        return default;
    };
    written
        .text
        .parse()
        .unwrap_or_else(|mistake: UnknownLocale| {
            reader.note(&written.place, mistake.to_string());
            default
        })
}

/// Uses the time zones inside the program, so that a flow means the same on every machine.
pub(crate) fn read_timezone(file: &Section<'_>, reader: &mut Reader<'_>) -> TimeZone {
    let Some(written) = reader.text(file, "timezone") else {
        return TimeZone::UTC;
    };
    let known = TimeZoneDatabase::bundled();
    known.get(written.text).unwrap_or_else(|_| {
        let names: Vec<String> = known.available().map(|name| name.to_string()).collect();
        let city = format!("/{}", written.text.replace(' ', "_"));
        let meant = names
            .iter()
            .find(|name| name.ends_with(&city))
            .map(String::as_str)
            .or_else(|| closest(written.text, names.iter().map(String::as_str)));
        let hint = match meant {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => "write its IANA name, like \"America/Sao_Paulo\" or \"UTC\"".to_owned(),
        };
        let message = format!("unknown `timezone` `{}`; {hint}", written.text);
        reader.note(&written.place, message);
        TimeZone::UTC
    })
}
