//! `--since` and `--until`: how long ago, or a point in time, as people write it.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::clock::Millis;
use crate::time_span;

/// Numbers from here on are milliseconds, as `--format jsonl` shows them; smaller ones are seconds. (In seconds
/// this would be the year 5138.)
const MILLISECONDS_MIN: i64 = 100_000_000_000;

/// A time that we don't understand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a time: write 30m, 2h, 3d, 2026-11-22, 2026-11-22T14:30:00-03:00 or a Unix time in seconds"
)]
pub struct SinceError {
    text: String,
}

/// The point in time that `text` means, `now` being now.
///
/// Times (`30m`, `2h`, `3d`, `1w`, `1mo`) count back from now, by the calendar if they have days or more. Dates and times
/// without an offset are in the system's time zone. A number is a Unix time in seconds, or in milliseconds if it is too large for
/// seconds.
///
/// # Errors
/// When it is none of these.
pub fn parse_since(text: &str, now: Timestamp) -> Result<Millis, SinceError> {
    parse_in(text.trim(), now, &TimeZone::system()).ok_or_else(|| SinceError {
        text: text.to_owned(),
    })
}

/// Like [`parse_since`], for the end of a period: a date without a time means the end of that day.
///
/// # Errors
/// When it is no time.
pub fn parse_until(text: &str, now: Timestamp) -> Result<Millis, SinceError> {
    until_in(text, now, &TimeZone::system()).ok_or_else(|| SinceError {
        text: text.to_owned(),
    })
}

/// Like [`parse_since`], with dates and times of `zone`. `None`: it is no time.
#[must_use]
pub fn since_in(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Millis> {
    parse_in(text.trim(), now, zone)
}

/// Like [`parse_until`], with dates and times of `zone`. `None`: it is no time.
#[must_use]
pub fn until_in(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Millis> {
    let text = text.trim();
    let is_date_alone = text.contains('-') && !text.contains([':', 'T', 't', ' ']);
    match text.parse::<Date>() {
        Ok(date) if is_date_alone => {
            let next_day = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
            Some(Millis::new(next_day.timestamp().as_millisecond()))
        }
        _ => parse_in(text, now, zone),
    }
}

fn parse_in(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Millis> {
    if let Ok(number) = text.parse::<i64>() {
        return match number {
            0..MILLISECONDS_MIN => Some(Millis::new(number * 1000)),
            MILLISECONDS_MIN.. => Some(Millis::new(number)),
            _ => None,
        };
    }
    let moment = if let Ok(span) = text.parse::<Span>() {
        // `-2h` and `2h ago` mean the same as `2h`: there is no history of the future.
        now.to_zoned(zone.clone())
            .checked_sub(span.abs())
            .ok()?
            .timestamp()
    } else if let Some(length) = time_span::parse(text) {
        now.checked_sub(length).ok()?
    } else if let Ok(moment) = text.parse::<Timestamp>() {
        moment
    } else if let Ok(local) = text.parse::<DateTime>() {
        local.to_zoned(zone.clone()).ok()?.timestamp()
    } else {
        text.parse::<Date>()
            .ok()?
            .to_zoned(zone.clone())
            .ok()?
            .timestamp()
    };
    Some(Millis::new(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let now: Timestamp = "2026-11-22T15:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        let expected = expected
            .map(|at| at.parse::<Timestamp>().unwrap().as_millisecond())
            .map(Millis::new);
        assert_eq!(parse_in(text, now, &zone), expected, "{text}");
    }

    #[test]
    fn durations_count_back_from_now() {
        check("2h", Some("2026-11-22T13:00:00Z"));
        check("30m", Some("2026-11-22T14:30:00Z"));
        check("45s", Some("2026-11-22T14:59:15Z"));
        check("3d", Some("2026-11-19T15:00:00Z"));
        check("1w", Some("2026-11-15T15:00:00Z"));
        check("1h30m", Some("2026-11-22T13:30:00Z"));
        check("2h ago", Some("2026-11-22T13:00:00Z"));
        check("-2h", Some("2026-11-22T13:00:00Z"));
        check("2 hours", Some("2026-11-22T13:00:00Z"));
        check("1mo", Some("2026-10-22T15:00:00Z"));
        check("1y", Some("2025-11-22T15:00:00Z"));
        // As in flows and settings.
        check("1.5d", Some("2026-11-21T03:00:00Z"));
        check("30m1h", Some("2026-11-22T13:30:00Z"));
        check("999999999d", None);
    }

    #[test]
    fn dates_and_times_are_local_unless_they_say_otherwise() {
        check("2026-11-22", Some("2026-11-22T03:00:00Z"));
        check("2026-11-22T14:30", Some("2026-11-22T17:30:00Z"));
        check("2026-11-22 14:30:05", Some("2026-11-22T17:30:05Z"));
        check("2026-11-22T14:30:00Z", Some("2026-11-22T14:30:00Z"));
        check("2026-11-22T14:30:00+02:00", Some("2026-11-22T12:30:00Z"));
    }

    #[test]
    fn a_period_that_ends_on_a_date_includes_that_day() {
        let now: Timestamp = "2026-11-22T15:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        for (text, expected) in [
            ("2026-11-22", "2026-11-23T03:00:00Z"),
            ("2026-11-22T10:00", "2026-11-22T13:00:00Z"),
            ("2026-11-22 10:00", "2026-11-22T13:00:00Z"),
            ("2h", "2026-11-22T13:00:00Z"),
        ] {
            let expected: Timestamp = expected.parse().unwrap();
            let read = until_in(text, now, &zone);
            assert_eq!(read, Some(Millis::new(expected.as_millisecond())), "{text}");
        }
    }

    #[test]
    fn numbers_are_unix_times() {
        check("1789900801", Some("2026-09-20T10:40:01Z"));
        check("1789900801123", Some("2026-09-20T10:40:01.123Z"));
        check("0", Some("1970-01-01T00:00:00Z"));
    }

    #[test]
    fn anything_else_is_an_error_that_says_what_to_write() {
        for text in [
            "",
            "yesterday",
            "-5",
            "h",
            "2026-13-01",
            "99999999999999999999",
            "99999y",
            "🕐",
        ] {
            check(text, None);
        }
        let error = parse_since("soon", Timestamp::UNIX_EPOCH)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`soon`") && error.contains("2h"), "{error}");
    }
}
