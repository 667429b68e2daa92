//! Errors of Redis and its connection as plain text. fred keeps some of them in Rust's debug form.

/// The text without fred's kind and the debug form, for example "Connection refused".
pub(crate) fn plain_text(error: &fred::error::Error) -> String {
    let details = error.details().trim_end_matches('.');
    let found = after(details, "message: \"")
        .or_else(|| after(details, "error: \""))
        .or_else(|| kind(details));
    found.unwrap_or_else(|| details.to_owned())
}

/// The quoted text after `name`, in `Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }`.
fn after(details: &str, name: &str) -> Option<String> {
    let (_, text) = details.split_once(name)?;
    let (text, _) = text.rsplit_once('"')?;
    Some(text.replace("\\\"", "\""))
}

/// Turns `Kind(UnexpectedEof)` into "unexpected eof".
fn kind(details: &str) -> Option<String> {
    let name = details.strip_prefix("Kind(")?.strip_suffix(')')?;
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use std::io;

    use fred::error::{Error, ErrorKind};

    use super::*;

    #[test]
    fn errors_are_told_in_the_words_of_the_system_that_made_them() {
        let refused = io::Error::from_raw_os_error(111);
        for (error, shown) in [
            (Error::from(refused), "Connection refused"),
            (
                Error::from(io::Error::from(io::ErrorKind::UnexpectedEof)),
                "unexpected eof",
            ),
            (
                Error::from(io::Error::other("a \"bad\" day")),
                "a \"bad\" day",
            ),
            (
                Error::new(ErrorKind::Timeout, "Request timed out."),
                "Request timed out",
            ),
            (
                Error::new(
                    ErrorKind::Unknown,
                    "LOADING Redis is loading the dataset in memory",
                ),
                "LOADING Redis is loading the dataset in memory",
            ),
        ] {
            assert_eq!(plain_text(&error), shown);
        }
    }
}
