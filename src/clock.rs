//! The current time. Only the edges read it; code that decides gets it as an argument.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time: whole milliseconds since the epoch. Arithmetic stops at the ends instead of overflowing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(i64);

impl Millis {
    /// From milliseconds since the epoch.
    pub const fn new(millis: i64) -> Self {
        Self(millis)
    }

    /// Now.
    pub fn now() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(millis(since))
    }

    /// Milliseconds since the epoch.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// How long it is since `earlier`; zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        if self > earlier {
            Duration::from_millis(self.0.abs_diff(earlier.0))
        } else {
            Duration::ZERO
        }
    }

    /// How long it is until `then`; zero if that is past.
    pub fn until(self, then: Self) -> Duration {
        then.since(self)
    }
}

impl Add<Duration> for Millis {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(unsigned(length)))
    }
}

impl AddAssign<Duration> for Millis {
    fn add_assign(&mut self, length: Duration) {
        *self = *self + length;
    }
}

impl Sub<Duration> for Millis {
    type Output = Self;

    fn sub(self, length: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(unsigned(length)))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn unsigned(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// A length of time in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn a_point_in_time_is_stored_as_its_number_and_never_overflows(
            at in any::<i64>(), other in any::<i64>(), length in any::<Duration>(),
        ) {
            let (at, other) = (Millis::new(at), Millis::new(other));
            let stored = serde_json::to_string(&at).unwrap();
            prop_assert_eq!(&stored, &at.as_i64().to_string());
            prop_assert_eq!(serde_json::from_str::<Millis>(&stored).unwrap(), at);

            let exact = |sum: i128| i64::try_from(sum.clamp(i64::MIN.into(), i64::MAX.into())).unwrap();
            let millis = i128::try_from(length.as_millis()).unwrap();
            let number = i128::from(at.as_i64());
            prop_assert_eq!((at + length).as_i64(), exact(number + millis));
            prop_assert_eq!((at - length).as_i64(), exact(number - millis));

            prop_assert_eq!(other.until(at), at.since(other));
            prop_assert_eq!(at.since(other).is_zero(), at <= other);
            prop_assert_eq!(other + at.since(other), at.max(other));
        }
    }
}
