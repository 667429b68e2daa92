//! Reads the names of teams and sessions that the user types.

use crate::ids::SessionName;

/// Reads the name of a team: one word, as flows write it.
pub(super) fn team(text: &str) -> Result<String, &'static str> {
    let fits = (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    match fits {
        true => Ok(text.to_owned()),
        false => {
            Err("a team has 1 to 32 letters without accents, digits, `-` or `_`, as in the flow")
        }
    }
}

/// Reads the name of a session.
pub(super) fn session(text: &str) -> Result<SessionName, &'static str> {
    SessionName::parse(text)
        .ok_or("a session has 1 to 54 letters without accents, digits, `-` or `_`")
}
