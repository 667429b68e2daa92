//! How long something took, in few letters: as the script in the browser writes it, so they read the same.

use std::time::Duration;

/// "45 s", "3 min", "2 h 5 min", "4 d".
pub(in crate::console) fn short(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match (seconds, minutes % 60) {
        (0, _) if !length.is_zero() => "<1 s".to_owned(),
        (0..60, _) => format!("{seconds} s"),
        (60..3_600, _) => format!("{minutes} min"),
        (3_600..86_400, 0) => format!("{hours} h"),
        (3_600..86_400, rest) => format!("{hours} h {rest} min"),
        _ => format!("{} d", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_as_exact_as_people_want_it() {
        for (millis, text) in [
            (0, "0 s"),
            (900, "<1 s"),
            (59_900, "59 s"),
            (60_000, "1 min"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 5 min"),
            (200_000_000, "2 d"),
        ] {
            assert_eq!(short(Duration::from_millis(millis)), text);
        }
    }
}
