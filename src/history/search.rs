//! Turns what a person types into a full-text query that is always valid.
//!
//! Every word becomes a quoted string, so nothing in it is FTS5 syntax. All words must be there; the last
//! may be the beginning of one. What FTS5 does not index (an emoji, `!?`) is searched in the text itself.

/// A search, split into its parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// For `MATCH`; `None` if no word can be looked up.
    pub(super) expression: Option<String>,
    /// Parts to find in the text as they are.
    pub(super) symbols: Vec<String>,
}

impl Search {
    /// What stands between spaces. Control characters are spaces too: a NUL would end the expression in the middle of a quoted word.
    pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
        text.split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
    }

    /// Splits `text`; an empty search finds everything.
    pub(super) fn of(text: &str) -> Search {
        let mut words = Vec::new();
        let mut symbols = Vec::new();
        for word in Self::words(text) {
            if word.contains(char::is_alphanumeric) {
                words.push(format!("\"{}\"", word.replace('"', "\"\"")));
            } else {
                symbols.push(word.to_owned());
            }
        }
        Search {
            // The star after the closing quote is the only FTS5 syntax here.
            expression: (!words.is_empty()).then(|| words.join(" AND ") + "*"),
            symbols,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expression: Option<&str>, symbols: &[&str]) {
        let search = Search::of(text);
        assert_eq!(search.expression.as_deref(), expression, "{text}");
        assert_eq!(search.symbols, symbols, "{text}");
    }

    #[test]
    fn each_word_is_quoted_and_the_last_is_a_prefix() {
        check("", None, &[]);
        check("  \t", None, &[]);
        check("olá", Some("\"olá\"*"), &[]);
        check("bom dia", Some("\"bom\" AND \"dia\"*"), &[]);
        check("say \"hi", Some("\"say\" AND \"\"\"hi\"*"), &[]);
        check("a OR b*", Some("\"a\" AND \"OR\" AND \"b*\"*"), &[]);
        check("text:x NEAR(y", Some("\"text:x\" AND \"NEAR(y\"*"), &[]);
        check("a\0b", Some("\"a\" AND \"b\"*"), &[]);
    }

    #[test]
    fn characters_that_are_not_indexed_are_searched_in_the_text() {
        check("👍", None, &["👍"]);
        check("ok 👍 !?", Some("\"ok\"*"), &["👍", "!?"]);
        check("\" ' * ( )", None, &["\"", "'", "*", "(", ")"]);
    }
}
