//! A short printable text that can be a key or a label.

use std::borrow::Cow;

/// Event names and envelope ids become keys and labels. WAHA's have at most 30 characters.
const LABEL_MAX: usize = 64;

/// The text, if it can be a key or a label.
pub(super) fn label(text: Cow<'_, str>) -> Option<String> {
    let printable =
        (1..=LABEL_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    printable.then(|| text.into_owned())
}
