//! The visible characters of a text.

/// A text without spaces and invisible characters. Engines change spaces, line ends and how an emoji is shown, and no
/// person would repeat our words with only such a difference.
pub(crate) fn visible_text(text: &str) -> String {
    let unseen = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}'
            )
    };
    text.chars().filter(|c| !unseen(*c)).collect()
}
