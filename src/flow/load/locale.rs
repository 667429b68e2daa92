//! Reads `locale` and `timezone`: the language of the customers, and their time.

use jiff::tz::TimeZone;

use crate::flow::load::reader::{Reader, Section};
use crate::flow::load::timezone;
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

pub(crate) fn read_timezone(file: &Section<'_>, reader: &mut Reader<'_>) -> TimeZone {
    let Some(written) = reader.text(file, "timezone") else {
        return TimeZone::UTC;
    };
    timezone::named(written.text).unwrap_or_else(|| {
        let hint = timezone::time_zone_hint(written.text);
        let message = format!("unknown `timezone` `{}`; {hint}", written.text);
        reader.note(&written.place, message);
        TimeZone::UTC
    })
}
