//! The spaces, dots and dashes that people put between digits, and where the digits begin and end.

/// The text without these marks; `None` if anything other than ASCII is left.
pub(crate) fn without(text: &str, marks: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !marks.contains(*c)).collect();
    kept.is_ascii().then_some(kept)
}

/// The text before the first digit, from the first to the last digit, and after it.
pub(crate) fn around_digits(text: &str) -> Option<(&str, &str, &str)> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let to = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    Some((&text[..from], &text[from..to], &text[to..]))
}
