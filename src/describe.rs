//! An error as one line of text, with its causes; or without the text that it quotes.

use serde_json::error::Category;

/// The error, followed by those of its causes that its text does not contain.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

/// An error of JSON, without the text that it quotes: a customer may have written it.
pub(crate) fn describe_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(text, _)| text);
    // The names of missing fields and expected values are our own words. The value found instead comes before them.
    let missing = text.strip_prefix("missing field ");
    let expected = text
        .rsplit_once(", expected ")
        .map(|(_, expected)| expected);
    let what = match (error.classify(), missing, expected) {
        (Category::Data, Some(field), _) => format!("the field {field} is missing"),
        (Category::Data, None, Some(expected)) => format!("a value is not {expected}"),
        (Category::Data, None, None) => "a value is not as expected".to_owned(),
        (Category::Eof, ..) => "its end is missing".to_owned(),
        (Category::Io | Category::Syntax, ..) => "it is not JSON".to_owned(),
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_json_quotes_nothing() {
        let error = |json: &str| {
            let read: Result<std::collections::BTreeMap<String, u8>, _> =
                serde_json::from_str(json);
            describe_json(&read.unwrap_err())
        };
        for (json, described) in [
            (
                r#"{"a": "12345, expected Ana"}"#,
                "a value is not u8 (line 1, column 27)",
            ),
            (
                r#"{"a": 12345678901}"#,
                "a value is not u8 (line 1, column 17)",
            ),
            (r#"{"a": 1"#, "its end is missing (line 1, column 7)"),
            ("Ana", "it is not JSON (line 1, column 1)"),
        ] {
            assert_eq!(error(json), described);
        }
    }
}
