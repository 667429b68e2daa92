//! Estimates how long a customer in line will wait for a worker, from measured handling times. Pure arithmetic.

use std::time::Duration;

/// With fewer measured conversations than this there is no estimate.
pub(crate) const MEASURED_MIN: u64 = 3;
/// The weight of the newest conversation in the mean once there are many. The mean then covers about the last hundred: few
/// enough to follow the day, and enough that one odd conversation hardly moves it.
const NEWEST_SHARE: f64 = 0.02;
/// How many times the calls for other lines are refined: each round uses the wait that the round before found.
const ROUNDS: usize = 4;
/// The share of customers who stay until they are called; the others give up.
const STAY: f64 = 0.95;
/// A stalled line counts as much as this many conversations.
pub(crate) const PATIENCE: f64 = 5.0;

/// The measured pace of one line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinePace {
    /// The mean time to serve one customer, as [`smoothed`] updates it.
    pub handling: Duration,
    /// How many conversations the mean covers.
    pub measured: u64,
    /// Customers of this line who are being served now.
    pub active: u64,
    /// Customers in line.
    pub waiting: u64,
    /// How long nobody has been called although customers are waiting.
    pub stalled_for: Duration,
}

/// The mean handling time after the `count`-th conversation. At first it covers all of them, later mostly the last ones.
pub fn smoothed(mean: f64, newest: f64, count: u64) -> f64 {
    mean + (newest - mean) * NEWEST_SHARE.max(1.0 / count.max(1) as f64)
}

/// How long the customer at this position (1 is next) waits until they are called. The `workers` take turns between this
/// line and the others. `None` while too little is known.
pub fn estimate(
    line: &LinePace,
    others: &[LinePace],
    workers: u64,
    position: u64,
) -> Option<Duration> {
    if line.measured < MEASURED_MIN || workers == 0 {
        return None;
    }
    let own = line.handling.as_secs_f64().max(0.001);
    // While customers wait, all workers are busy. How fast they become free depends on which line they serve.
    let frees = |pace: &LinePace| match pace.handling.as_secs_f64() {
        handling if pace.measured >= MEASURED_MIN && handling > 0.0 => {
            pace.active as f64 / handling
        }
        _ => pace.active as f64 / own,
    };
    let busy: u64 = line.active + others.iter().map(|other| other.active).sum::<u64>();
    let rate = if busy == 0 {
        1.0 / own
    } else {
        let all = frees(line) + others.iter().map(frees).sum::<f64>();
        // Workers that have just died still count as busy.
        all * (workers as f64 / busy as f64).min(1.0)
    };
    let call = 1.0 / rate;
    // If nobody has been called for longer than expected, the rest of that time slows the estimate down.
    let call = call + (line.stalled_for.as_secs_f64() - call).max(0.0) / PATIENCE;
    // From each other line, at most as many are called meanwhile as from this one, and at most as many as wait there now or
    // arrive meanwhile. (Arrivals are assumed to be as fast as the workers become free.)
    let place = position as f64;
    let mut calls = place;
    for _ in 0..ROUNDS {
        let meanwhile = |other: &LinePace| other.waiting as f64 + frees(other) * calls * call;
        calls = place
            + others
                .iter()
                .map(|other| meanwhile(other).min(place))
                .sum::<f64>();
    }
    Duration::try_from_secs_f64(calls * call * STAY).ok()
}

/// Rounds as a person would: nobody can promise 37 minutes. To 1 minute up to ten minutes, to 5 up to an hour, to 15 up to
/// two hours, then to whole hours. Below 45 seconds it is zero.
pub fn rounded(wait: Duration) -> Duration {
    let seconds = wait.as_secs();
    let to = |step: u64| seconds.saturating_add(step * 30) / (step * 60) * step;
    let minutes = match seconds {
        0..45 => 0,
        45..600 => to(1).max(1),
        600..3_600 => to(5),
        3_600..6_750 => to(15),
        _ => to(60),
    };
    Duration::from_secs(minutes.saturating_mul(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: LinePace = LinePace {
        handling: Duration::from_secs(300),
        measured: 50,
        active: 5,
        waiting: 20,
        stalled_for: Duration::ZERO,
    };

    fn seconds(line: LinePace, others: &[LinePace], workers: u64, position: u64) -> Option<u64> {
        estimate(&line, others, workers, position).map(|wait| wait.as_secs())
    }

    #[test]
    fn the_customers_ahead_are_shared_among_the_workers() {
        assert_eq!(seconds(LINE, &[], 5, 1), Some(57));
        assert_eq!(seconds(LINE, &[], 5, 20), Some(1_140));
        // Four workers have just died.
        assert_eq!(seconds(LINE, &[], 1, 1), Some(285));
    }

    #[test]
    fn lines_that_share_the_workers_take_turns() {
        let quick = Duration::from_secs(100);
        let other = |waiting, active, handling| LinePace {
            active,
            waiting,
            handling,
            ..LINE
        };
        let half = LinePace { active: 2, ..LINE };
        // Nobody is in the other line: all workers serve this one.
        let idle = other(0, 0, LINE.handling);
        assert_eq!(seconds(LINE, &[idle], 5, 10), Some(570));
        // The other line is full: every second call is for it.
        let full = other(50, 2, LINE.handling);
        assert_eq!(seconds(half, &[full], 4, 10), Some(1_425));
        // Two customers wait there and no more arrive: two calls.
        assert_eq!(seconds(LINE, &[other(2, 0, quick)], 5, 10), Some(684));
        // Shorter conversations there free the workers sooner.
        assert!(seconds(half, &[other(50, 2, quick)], 4, 10) < Some(800));
    }

    #[test]
    fn there_is_no_estimate_when_too_little_is_known() {
        let few = LinePace {
            measured: 2,
            ..LINE
        };
        assert_eq!(seconds(few, &[], 5, 1), None);
        assert_eq!(seconds(LINE, &[], 0, 1), None);
        let nobody = LinePace { active: 0, ..LINE };
        assert_eq!(seconds(nobody, &[], 5, 1), Some(285));
    }

    #[test]
    fn a_stalled_line_is_slower_than_its_mean() {
        let still = |seconds| LinePace {
            stalled_for: Duration::from_secs(seconds),
            ..LINE
        };
        assert_eq!(seconds(still(60), &[], 5, 10), Some(570));
        assert_eq!(seconds(still(660), &[], 5, 10), Some(1_710));
    }

    #[test]
    fn the_mean_follows_the_day_and_not_a_single_conversation() {
        let mut mean = 0.0;
        for count in 1..=100 {
            mean = smoothed(mean, 100.0, count);
        }
        assert!((mean - 100.0).abs() < 0.001);
        assert!(smoothed(mean, 1_000.0, 101) < 120.0);
        for count in 101..=300 {
            mean = smoothed(mean, 200.0, count);
        }
        assert!(mean > 190.0, "{mean}");
    }

    #[test]
    fn rounding_is_never_off_by_more_than_a_quarter_or_a_minute() {
        let mut before = Duration::ZERO;
        for seconds in 0..40_000 {
            let said = rounded(Duration::from_secs(seconds));
            assert!(said >= before, "{seconds}");
            before = said;
            let off = said.as_secs().abs_diff(seconds);
            assert!(off <= 60 || off * 4 <= seconds, "{seconds}: {said:?}");
        }
    }
}
