//! How long somebody in line will wait, from what was measured: pure arithmetic, and rounded the way a person would say it.

use std::time::Duration;

/// Fewer conversations than this say nothing of the next.
const MEASURED_MIN: u64 = 3;
/// The share of the newest conversation in the mean, once there are many: the mean then rests on about the last hundred, few
/// enough to follow the day, and enough that one odd conversation hardly moves it.
const NEWEST_SHARE: f64 = 0.02;
/// How often the calls of other lines are reckoned anew, each time with the time that they take.
const ROUNDS: usize = 4;
/// So many of those before stay until they are called; the others give up.
const STAY: f64 = 0.95;
/// A line that stands still counts as much as so many conversations would.
const PATIENCE: f64 = 5.0;

/// What is known of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinePace {
    /// How long attending one customer takes: the mean, as [`smoothed`] keeps it.
    pub handling: Duration,
    /// By how many conversations that was measured.
    pub measured: u64,
    /// Customers of this line who are attended now.
    pub attended: u64,
    /// Customers in it.
    pub waiting: u64,
    /// For how long nobody was called although somebody waited.
    pub still: Duration,
}

/// The mean of handling times with one more, the `count`-th: of all of them at first, later of the last ones mostly.
pub fn smoothed(mean: f64, newest: f64, count: u64) -> f64 {
    mean + (newest - mean) * NEWEST_SHARE.max(1.0 / count.max(1) as f64)
}

/// How long whoever is at this position (1 is next) of a line waits until they are called, where `workers` live who take
/// turns between this line and the others. None while there is too little to go by.
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
    // While somebody waits all workers are busy. How fast they get free depends on whom they attend.
    let frees = |pace: &LinePace| match pace.handling.as_secs_f64() {
        handling if pace.measured >= MEASURED_MIN && handling > 0.0 => {
            pace.attended as f64 / handling
        }
        _ => pace.attended as f64 / own,
    };
    let busy: u64 = line.attended + others.iter().map(|other| other.attended).sum::<u64>();
    let rate = if busy == 0 {
        1.0 / own
    } else {
        let all = frees(line) + others.iter().map(frees).sum::<f64>();
        // Of workers that have just died some still seem to attend.
        all * (workers as f64 / busy as f64).min(1.0)
    };
    let call = 1.0 / rate;
    // Longer than expected: as if so much of the next call were measured beside the others.
    let call = call + (line.still.as_secs_f64() - call).max(0.0) / PATIENCE;
    // Of each other line, no more are called meanwhile than of this one; and no more than wait there and will come. (As many
    // come as are attended in the time that one takes.)
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

/// Rounded to what a person would say: nobody can promise 37 minutes. To 1 minute up to ten, to 5 up to an hour, to 15 up to
/// two, and then to hours; nothing below three quarters of a minute.
pub fn rounded(wait: Duration) -> Duration {
    let seconds = wait.as_secs();
    let to = |step: u64| (seconds + step * 30) / (step * 60) * step;
    let minutes = match seconds {
        0..45 => 0,
        45..600 => to(1).max(1),
        600..3_600 => to(5),
        3_600..6_750 => to(15),
        _ => to(60),
    };
    Duration::from_secs(60 * minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: LinePace = LinePace {
        handling: Duration::from_secs(300),
        measured: 50,
        attended: 5,
        waiting: 20,
        still: Duration::ZERO,
    };

    fn seconds(line: LinePace, others: &[LinePace], workers: u64, position: u64) -> Option<u64> {
        estimate(&line, others, workers, position).map(|wait| wait.as_secs())
    }

    #[test]
    fn those_before_are_shared_among_the_workers() {
        assert_eq!(seconds(LINE, &[], 5, 1), Some(57));
        assert_eq!(seconds(LINE, &[], 5, 20), Some(1_140));
        // Four have just died.
        assert_eq!(seconds(LINE, &[], 1, 1), Some(285));
    }

    #[test]
    fn lines_that_share_the_workers_take_turns() {
        let quick = Duration::from_secs(100);
        let other = |waiting, attended, handling| LinePace {
            attended,
            waiting,
            handling,
            ..LINE
        };
        let half = LinePace {
            attended: 2,
            ..LINE
        };
        // Nobody of the other line waits or comes: all workers are for this one.
        let idle = other(0, 0, LINE.handling);
        assert_eq!(seconds(LINE, &[idle], 5, 10), Some(570));
        // As many wait there: every second call is theirs.
        let full = other(50, 2, LINE.handling);
        assert_eq!(seconds(half, &[full], 4, 10), Some(1_425));
        // Two wait there, and nobody is to come: two calls.
        assert_eq!(seconds(LINE, &[other(2, 0, quick)], 5, 10), Some(684));
        // Whoever takes less time there is sooner free for here.
        assert!(seconds(half, &[other(50, 2, quick)], 4, 10) < Some(800));
    }

    #[test]
    fn nothing_is_said_with_too_little_to_go_by() {
        let few = LinePace {
            measured: 2,
            ..LINE
        };
        assert_eq!(seconds(few, &[], 5, 1), None);
        assert_eq!(seconds(LINE, &[], 0, 1), None);
        let nobody = LinePace {
            attended: 0,
            ..LINE
        };
        assert_eq!(seconds(nobody, &[], 5, 1), Some(285));
    }

    #[test]
    fn a_line_that_stands_still_is_slower_than_was_measured() {
        let still = |seconds| LinePace {
            still: Duration::from_secs(seconds),
            ..LINE
        };
        assert_eq!(seconds(still(60), &[], 5, 10), Some(570));
        assert_eq!(seconds(still(660), &[], 5, 10), Some(1_710));
    }

    #[test]
    fn the_mean_follows_the_day_and_no_single_conversation() {
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
    fn no_rounding_is_off_by_more_than_a_fourth_or_a_minute() {
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
