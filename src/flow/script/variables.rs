//! The variables that a flow can save: their names and the longest value.

/// The longest name of a variable, and the longest outcome, in characters.
pub(crate) const NAME_MAX: usize = 100;

/// Variables that the engine sets. `name` is not among them: a flow may ask for the customer's name and save the answer.
pub(crate) const RESERVED: [&str; 7] = [
    "opening", "answer", "opens", "position", "wait", KNOWN, LAST,
];

/// What earlier conversations remembered of this customer: `{{ known.plan }}`.
pub(crate) const KNOWN: &str = "known";

/// How the last conversation ended, and when: `{{ last.outcome }}`.
pub(crate) const LAST: &str = "last";

/// What `last` has.
pub(crate) const LAST_KEYS: [&str; 3] = ["outcome", "at", "days"];

/// A saved value is cut to this many characters. The state is read and written at every step, so a flood of long messages
/// must not make it grow without limit.
pub(crate) const VALUE_MAX: usize = 4096;

/// Whether this is a valid name for a variable.
pub(crate) fn is_variable(name: &str) -> bool {
    let fits = |(at, c): (usize, char)| {
        c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit())
    };
    !name.is_empty()
        && name.len() <= NAME_MAX
        && !name.starts_with("__")
        && name.chars().enumerate().all(fits)
}

/// Cuts a value to [`VALUE_MAX`] characters.
pub(crate) fn cut(value: &str) -> String {
    match value.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => value[..end].to_owned(),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        assert_eq!(cut(&"é".repeat(5000)), "é".repeat(VALUE_MAX));
    }
}
