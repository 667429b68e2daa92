//! How long a person would type a text.

use std::time::Duration;

/// How long a person needs to start and to type a letter. WAHA's docs advise it and give no numbers
/// (overview/how-to-avoid-blocking).
const TYPING_START: Duration = Duration::from_millis(500);
const TYPING_PER_LETTER: Duration = Duration::from_millis(30);
const TYPING_LONGEST: Duration = Duration::from_secs(6);

/// How long a text of so many letters is typed; `chance` from 0 to 1 varies it by a fifth either way.
pub(crate) fn typing(letters: usize, chance: f64) -> Duration {
    let letters = u32::try_from(letters).unwrap_or(u32::MAX);
    let typing = TYPING_START
        .saturating_add(TYPING_PER_LETTER.saturating_mul(letters))
        .min(TYPING_LONGEST);
    typing.mul_f64(0.8 + 0.4 * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_grows_with_the_text_varies_and_has_an_end() {
        assert!(typing(10, 0.5) < typing(100, 0.5));
        assert!(typing(50, 0.0) < typing(50, 1.0));
        assert!(typing(usize::MAX, 1.0) <= TYPING_LONGEST.mul_f64(1.2));
    }
}
