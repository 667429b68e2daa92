//! How long something takes: the median and the ninth decile of any number of lengths, in little memory.
//!
//! A length is only known to about one percent, which is more than a person reads off a report. So the memory does not grow with the number
//! of lengths.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::clock;

/// Lengths are exact up to twice as many milliseconds. Above, each doubling is divided into so many steps.
const STEPS: u64 = 64;

/// How long something takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// How many lengths there are.
    pub count: u64,
    /// Half of them are at most this long.
    #[serde(rename = "p50_ms", serialize_with = "in_millis")]
    pub p50: Option<Duration>,
    /// Nine of ten are at most this long.
    #[serde(rename = "p90_ms", serialize_with = "in_millis")]
    pub p90: Option<Duration>,
}

fn in_millis<S: Serializer>(length: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    length.map(clock::millis).serialize(serializer)
}

/// Lengths while they are counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Lengths {
    count: u64,
    /// How many are in each step: from the shortest length of the step.
    steps: BTreeMap<u64, u64>,
}

impl Lengths {
    pub(super) fn add(&mut self, length: Duration) {
        let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let width = width(millis);
        self.count += 1;
        *self.steps.entry(millis / width * width).or_default() += 1;
    }

    pub(super) fn spread(&self) -> Spread {
        Spread {
            count: self.count,
            p50: self.at(0.5),
            p90: self.at(0.9),
        }
    }

    /// So many of the lengths, as a share, are at most this long.
    fn at(&self, share: f64) -> Option<Duration> {
        let rank = (self.count as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        let step = self.steps.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        // The middle of the step.
        step.map(|(from, _)| Duration::from_millis(from + width(*from) / 2))
    }
}

/// How wide the step is that this length is in.
fn width(millis: u64) -> u64 {
    (millis / STEPS).checked_ilog2().map_or(1, |n| 1 << n)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spread(millis: &[u64]) -> Spread {
        let mut lengths = Lengths::default();
        for millis in millis {
            lengths.add(Duration::from_millis(*millis));
        }
        lengths.spread()
    }

    #[test]
    fn short_lengths_are_exact_and_none_have_no_median() {
        assert_eq!(spread(&[]), Spread::default());
        let all: Vec<u64> = (1..=100).collect();
        let millis = |length: Option<Duration>| length.unwrap().as_millis();
        assert_eq!(
            (millis(spread(&all).p50), millis(spread(&all).p90)),
            (50, 90)
        );
        assert_eq!((millis(spread(&[7]).p50), millis(spread(&[7]).p90)), (7, 7));
        assert_eq!(millis(spread(&[1, 3]).p50), 1);
    }

    proptest! {
        #[test]
        fn any_length_is_known_to_one_percent(
            mut all in prop::collection::vec(0_u64..10_000_000_000, 1..200),
        ) {
            let found = spread(&all);
            all.sort_unstable();
            for (found, share) in [(found.p50, 5), (found.p90, 9)] {
                let exact = all[(all.len() * share).div_ceil(10) - 1] as f64;
                let found = found.unwrap().as_millis() as f64;
                prop_assert!((found - exact).abs() <= exact * 0.01, "{found} is not {exact}");
            }
        }

        #[test]
        fn the_longest_length_is_counted(length in any::<u64>()) {
            prop_assert_eq!(spread(&[length]).count, 1);
        }
    }
}
