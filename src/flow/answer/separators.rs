//! The spaces, dots and dashes that people put between digits.

/// The text without these marks; `None` if anything other than ASCII is left.
pub(crate) fn without(text: &str, marks: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !marks.contains(*c)).collect();
    kept.is_ascii().then_some(kept)
}
