//! What a flow can remember of a customer: under which names, and how much of it.

/// Characters of a variable's name, and of an outcome.
pub(crate) const NAME_MAX: usize = 100;

/// The engine's own words in templates. `name` is not among them: a flow may ask for the name, and what
/// the customer answers is what they want to be called.
pub(crate) const RESERVED: [&str; 5] = ["opening", "answer", "opens", "position", "wait"];

/// A saved variable is cut to this many characters: the state is read and written at every step, and a
/// flood of long messages must not grow it without end.
pub(crate) const VALUE_MAX: usize = 4096;

/// Whether something can be saved under this name.
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
