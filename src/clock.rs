//! The current time. Only the edges read it; code that decides gets it as an argument.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whole milliseconds since the epoch.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A length of time in whole milliseconds.
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// How long it is from `now` until `then`; zero if `then` is past.
pub fn until(then: i64, now: i64) -> Duration {
    Duration::from_millis(u64::try_from(then.saturating_sub(now)).unwrap_or(0))
}

/// Shows a length of time to a person, with about two digits: `12ms`, `0.7s`, `45s`, `5m`, `12h`.
pub(crate) fn brief(duration: Duration) -> Brief {
    Brief(duration)
}

/// See [`brief`].
pub(crate) struct Brief(Duration);

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let seconds = (millis + 500) / 1_000;
        match millis {
            0..95 => write!(f, "{millis}ms"),
            95..9_950 => {
                let tenths = (millis + 50) / 100;
                match tenths % 10 {
                    0 => write!(f, "{}s", tenths / 10),
                    rest => write!(f, "{}.{rest}s", tenths / 10),
                }
            }
            9_950..119_500 => write!(f, "{seconds}s"),
            119_500..7_170_000 => write!(f, "{}m", (seconds + 30) / 60),
            _ => write!(f, "{}h", (seconds + 1_800) / 3_600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_for_a_person_has_about_two_digits_and_one_unit() {
        for (millis, shown) in [
            (0, "0ms"),
            (12, "12ms"),
            (95, "0.1s"),
            (732, "0.7s"),
            (1_000, "1s"),
            (1_960, "2s"),
            (9_949, "9.9s"),
            (9_950, "10s"),
            (45_400, "45s"),
            (119_600, "2m"),
            (300_000, "5m"),
            (7_200_000, "2h"),
            (43_200_000, "12h"),
        ] {
            let shown_as = brief(Duration::from_millis(millis)).to_string();
            assert_eq!(shown_as, shown, "{millis}");
        }
    }
}
