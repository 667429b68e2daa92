//! The words of a text, without what nobody sees.

/// A text without what nobody sees: engines change spaces, the ends of lines and how an emoji is shown, and people do not
/// repeat our words but for them.
pub(crate) fn wording(text: &str) -> String {
    let unseen = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}'
            )
    };
    text.chars().filter(|c| !unseen(*c)).collect()
}
