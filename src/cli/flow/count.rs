//! A number with its noun, in the singular or the plural.

/// "1 step", "2 steps".
pub(super) fn count(number: usize, word: &str) -> String {
    match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    }
}
