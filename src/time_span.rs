//! Lengths of time as people write them: in flows, in settings and on the command line.

use std::time::Duration;

use jiff::SignedDuration;

/// A length of time with its unit: "90s", "1h30m", "1.5 hours", "2 days", "PT5M". A day has 24 hours here.
///
/// [`jiff`] reads it, but it wants the largest unit first, and accepts no days without a calendar and no half days.
/// We accept all of these too.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let length = text.parse().ok().or_else(|| sum(text))?;
    Duration::try_from(length).ok()
}

/// In the form of flows and settings: "5m", "1h 30m", "1s 500ms".
pub(crate) fn shown(time: Duration) -> String {
    match SignedDuration::try_from(time) {
        Ok(time) => format!("{time:#}"),
        // More than 290 billion years: longer than any time that we read.
        Err(_) => format!("{}s", time.as_secs()),
    }
}

/// The sum of numbers with their units.
fn sum(text: &str) -> Option<SignedDuration> {
    let mut sum = SignedDuration::ZERO;
    let mut rest = text;
    loop {
        let unit = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let letters = rest[unit..].find(|c: char| !c.is_ascii_alphabetic());
        let end = letters.map_or(rest.len(), |letters| unit + letters);
        sum = sum.checked_add(part(&rest[..unit], &rest[unit..end])?)?;
        rest = rest[end..].trim_start_matches([' ', ',']);
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

fn part(number: &str, unit: &str) -> Option<SignedDuration> {
    let (unit, times) = match unit {
        "d" | "day" | "days" => ("h", 24),
        "w" | "wk" | "wks" | "week" | "weeks" => ("h", 7 * 24),
        unit => (unit, 1),
    };
    // No sign inside: "1h-5m" is a typing mistake.
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let one: SignedDuration = format!("{number}{unit}").parse().ok()?;
    one.checked_mul(times)
}

#[cfg(test)]
mod tests {
    use crate::time_span::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_needs_a_unit() {
        for (text, milliseconds) in [
            ("1500ms", Some(1_500)),
            ("2s", Some(2_000)),
            ("1h30m", Some(5_400_000)),
            ("0s", Some(0)),
            ("2d", Some(172_800_000)),
            ("1w", Some(604_800_000)),
            ("5", None),
            ("m", None),
            ("", None),
            (" ", None),
            ("1.5s", Some(1_500)),
            ("0.25s", Some(250)),
            ("1.5h", Some(5_400_000)),
            ("1.5d", Some(129_600_000)),
            ("30m1h", Some(5_400_000)),
            ("1h30", None),
            ("1h 30", None),
            (".5s", None),
            ("1.s", None),
            ("1.2.3s", None),
            ("1.5", None),
            ("-5s", None),
            ("-5d", None),
            ("5d-5h", None),
            ("5s ago", None),
            ("5 m", Some(300_000)),
            ("15 minutes", Some(900_000)),
            ("2 days, 3 hours", Some(183_600_000)),
            ("01:30:00", Some(5_400_000)),
            ("1:30", None),
            ("PT2H", Some(7_200_000)),
            ("P1D", None),
            ("1mo", None),
            ("1y", None),
            ("5 parsecs", None),
            ("99999999999999999999d", None),
            ("9999999999999999d", None),
            ("9999999999999999h9999999999999999h", None),
        ] {
            assert_eq!(
                parse(text),
                milliseconds.map(Duration::from_millis),
                "{text:?}"
            );
        }
    }

    proptest! {
        /// Forms that flows already use.
        #[test]
        fn numbers_with_units_add_up_in_any_order(
            parts in proptest::collection::vec((0u64..100_000, 0u64..1000, 0usize..5), 1..5),
            spaces in any::<bool>(),
        ) {
            const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
            let mut text = String::new();
            let mut microseconds = 0;
            for (number, fraction, unit) in parts {
                let (unit, milliseconds) = UNITS[unit];
                text += &format!("{number}.{fraction:03}{unit}");
                if spaces { text.push(' '); }
                microseconds += (number * 1000 + fraction) * milliseconds;
            }
            prop_assert_eq!(parse(&text), Some(Duration::from_micros(microseconds)), "{}", text);
        }

        #[test]
        fn a_time_is_shown_as_a_flow_may_write_it(milliseconds in 0u64..400 * 86_400_000) {
            let time = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&shown(time)), Some(time), "{}", shown(time));
        }

        #[test]
        fn nothing_breaks_it(text in any::<String>(), odd in "[0-9.,:dhmswPT -]{0,12}") {
            parse(&text);
            parse(&odd);
        }
    }
}
