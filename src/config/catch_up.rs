//! Settings for messages that come late: how often to look for those whose webhooks were lost, and when a message is too old
//! to answer.

use std::str::FromStr;
use std::time::Duration;

use super::reader::SettingsReader;
use crate::settings::CatchUpSettings;
use crate::store::SEEN_TTL;
use crate::time_span;

/// Asking WAHA more often than this only keeps it busy.
const CATCH_UP_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// A message that is found later than this is too old to be answered.
const CATCH_UP_INTERVAL_MAX: Duration = SEEN_TTL;

/// WAHA may need minutes for a message: until it has downloaded its file, or until it repeats a webhook.
const MAX_AGE_ADVISED: Duration = Duration::from_secs(60);

/// How late messages are treated.
#[derive(Debug)]
pub struct CatchUpConfig {
    /// How often to look for messages whose webhooks were lost; zero: never.
    pub interval: Duration,
    /// Older messages are not answered, however they come.
    pub max_age: Duration,
}

impl CatchUpConfig {
    pub(super) fn read(reader: &mut SettingsReader, settings: &CatchUpSettings) -> Option<Self> {
        let interval = reader.parsed(
            "CATCH_UP_INTERVAL",
            settings.catch_up_interval.as_ref(),
            "5m",
            "a time with its unit, e.g. 5m, or 0 for never",
        );
        let max_age = reader.parsed(
            "CATCH_UP_MAX_AGE",
            settings.catch_up_max_age.as_ref(),
            "12h",
            "a time with its unit, e.g. 12h",
        );
        if interval.is_some_and(|Length(every)| !every.is_zero() && every < CATCH_UP_INTERVAL_MIN) {
            reader.mistake(
                "CATCH_UP_INTERVAL",
                "is shorter than 1s, which keeps WAHA too busy: write e.g. 5m, or 0 for never",
            );
        }
        if interval.is_some_and(|Length(every)| every > CATCH_UP_INTERVAL_MAX) {
            reader.mistake(
                "CATCH_UP_INTERVAL",
                "is longer than 48h, and messages older than that are not answered: write e.g. 5m, or 0 for never",
            );
        }
        if max_age.is_some_and(|Length(age)| age > SEEN_TTL) {
            reader.mistake(
                "CATCH_UP_MAX_AGE",
                "is longer than 48h: messages are remembered for 48h, and older ones would be answered twice; write e.g. 12h",
            );
        }
        if max_age.is_some_and(|Length(age)| age.is_zero()) {
            reader.mistake(
                "CATCH_UP_MAX_AGE",
                "is 0, so no message would be answered: write e.g. 12h; CATCH_UP_INTERVAL=0 switches catching up off",
            );
        } else if max_age.is_some_and(|Length(age)| age < MAX_AGE_ADVISED) {
            reader.warn(
                "CATCH_UP_MAX_AGE is shorter than 1m: messages that WAHA delivers a little late are not answered; write e.g. 12h",
            );
        }
        let (Length(interval), Length(max_age)) = (interval?, max_age?);
        Some(Self { interval, max_age })
    }
}

/// A time span as [`time_span`] reads it, or `0`.
#[derive(Clone, Copy, Debug)]
struct Length(Duration);

impl FromStr for Length {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        time_span::parse(text).map(Self).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_without_sense_is_a_mistake() {
        for (text, is_good) in [
            ("5m", true),
            ("48h", true),
            ("0", true),
            ("49h", false),
            ("9999999d", false),
            ("9999999999999999d", false),
            ("500ms", false),
        ] {
            let mut reader = SettingsReader::default();
            let settings = CatchUpSettings {
                catch_up_interval: Some(text.into()),
                ..CatchUpSettings::default()
            };
            let config = CatchUpConfig::read(&mut reader, &settings);
            assert_eq!(reader.finish(|_| config).is_ok(), is_good, "{text}");
        }
    }

    #[test]
    fn times_are_written_as_in_flows() {
        let read = |text: &str| {
            let mut reader = SettingsReader::default();
            let settings = CatchUpSettings {
                catch_up_max_age: Some(text.into()),
                ..CatchUpSettings::default()
            };
            let config = CatchUpConfig::read(&mut reader, &settings);
            let config = reader.finish(|_| config).ok()?;
            Some(config.max_age.as_secs())
        };
        for (text, seconds) in [
            ("90s", 90),
            ("1h30m", 5_400),
            ("1h 30m", 5_400),
            ("30m1h", 5_400),
            ("1.5 hours", 5_400),
            ("01:30:00", 5_400),
            ("PT1H30M", 5_400),
            ("1d", 86_400),
            ("1.5d", 129_600),
        ] {
            assert_eq!(read(text), Some(seconds), "{text}");
        }
        for text in ["5", "-5m", "soon", "1mo", "0", "49h"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
