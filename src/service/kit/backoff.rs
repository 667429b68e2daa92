//! The delay before the next attempt: exponential, with jitter, so that many tasks don't retry at the same moment. Each
//! caller sets its own first and longest delay (for replies: `deliver/retry`).

use std::time::Duration;

/// `first`, doubled for each earlier attempt, at most `longest`.
pub(crate) fn delay(attempts: u32, first: Duration, longest: Duration) -> Duration {
    first.saturating_mul(1 << attempts.min(20)).min(longest)
}

/// Between half of `delay` and all of it, by `chance` (0 to 1).
pub(crate) fn jittered(delay: Duration, chance: f64) -> Duration {
    delay.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_longer_than_the_longest_and_never_under_half_of_the_delay(attempts in 0u32..200, chance in 0.0f64..1.0) {
            let (first, longest) = (Duration::from_secs(1), Duration::from_secs(30));
            let delay = delay(attempts, first, longest);
            prop_assert!(delay >= first && delay <= longest);
            let jittered = jittered(delay, chance);
            prop_assert!(jittered <= delay && jittered >= delay / 2);
        }
    }

    #[test]
    fn it_doubles() {
        let delays: Vec<_> = (0..6)
            .map(|n| delay(n, Duration::from_secs(1), Duration::from_secs(30)).as_secs())
            .collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 30]);
    }
}
