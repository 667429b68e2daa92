//! Splits an answer into numbers, words and marks.

/// An answer about a day or a time is short. A longer text is no such answer, and must not cost time.
const TOKENS_MAX: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextToken<'t> {
    Number(&'t str),
    Word(&'t str),
    /// Anything else that may carry a meaning.
    Mark(char),
}

/// The tokens of a folded text.
#[derive(Debug)]
pub(crate) struct Tokens<'t> {
    /// Each with whether it follows the one before without a space.
    list: Vec<(TextToken<'t>, bool)>,
}

impl<'t> Tokens<'t> {
    /// `None` if the text is too long to be an answer about a day or a time.
    pub(crate) fn of(folded: &'t str) -> Option<Tokens<'t>> {
        let mut list = Vec::new();
        let mut glued = false;
        let mut rest = folded;
        while let Some(c) = rest.chars().next() {
            let end = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
            let (token, length) = match c {
                c if is_space(c) => (None, c.len_utf8()),
                '0'..='9' => {
                    let end = end(|c| c.is_ascii_digit());
                    (Some(TextToken::Number(&rest[..end])), end)
                }
                // The sign of degrees is on more keyboards.
                '°' => (Some(TextToken::Mark('º')), c.len_utf8()),
                'º' | 'ª' => (Some(TextToken::Mark(c)), c.len_utf8()),
                c if is_letter(c) => {
                    let end = end(|c| is_letter(c) || c == '\'');
                    (
                        Some(TextToken::Word(rest[..end].trim_end_matches('\''))),
                        end,
                    )
                }
                c => (Some(TextToken::Mark(c)), c.len_utf8()),
            };
            list.extend(token.map(|token| (token, glued)));
            glued = token.is_some();
            rest = &rest[length..];
            if list.len() > TOKENS_MAX {
                return None;
            }
        }
        Some(Tokens { list })
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn number(&self, at: usize) -> Option<&'t str> {
        match self.list.get(at)?.0 {
            TextToken::Number(digits) => Some(digits),
            _ => None,
        }
    }

    pub(crate) fn word(&self, at: usize) -> Option<&'t str> {
        match self.list.get(at)?.0 {
            TextToken::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn mark(&self, at: usize) -> Option<char> {
        match self.list.get(at)?.0 {
            TextToken::Mark(mark) => Some(mark),
            _ => None,
        }
    }

    pub(crate) fn is_mark(&self, at: usize, marks: &str) -> bool {
        self.mark(at).is_some_and(|mark| marks.contains(mark))
    }

    pub(crate) fn is_word(&self, at: usize, words: &[&str]) -> bool {
        self.word(at).is_some_and(|word| words.contains(&word))
    }

    /// Whether no space is before this token.
    pub(crate) fn is_glued(&self, at: usize) -> bool {
        self.list.get(at).is_some_and(|(_, glued)| *glued)
    }

    /// The end of the longest of these phrases that is here. A hyphen may join its words: "meio-dia".
    pub(crate) fn one_of(&self, at: usize, phrases: &[&str]) -> Option<usize> {
        phrases
            .iter()
            .filter_map(|phrase| self.phrase(at, phrase))
            .max()
    }

    fn phrase(&self, at: usize, phrase: &str) -> Option<usize> {
        let mut end = at;
        for part in phrase.split(' ') {
            if end > at && self.mark(end) == Some('-') && self.is_glued(end) {
                end += 1;
            }
            let is_here = match self.list.get(end)?.0 {
                TextToken::Word(word) => word == part,
                TextToken::Mark(mark) => part.chars().eq([mark]),
                TextToken::Number(_) => false,
            };
            if !is_here {
                return None;
            }
            end += 1;
        }
        Some(end)
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !matches!(c, 'º' | 'ª')
}

/// White space, and what people put around words without meaning more: "sexta (27/11)!", "amanhã 😊".
fn is_space(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '!' | '?' | '¡' | '¿' | '(' | ')' | '"' | '“' | '”' | '«' | '»' | '…'
        )
        || matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1f51e}' | '\u{1f520}'..='\u{1faff}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_where_its_kind_changes() {
        let tokens = Tokens::of("as 14h30, 2ª-feira (o'clock) 😊 1.º x").unwrap();
        let list: Vec<TextToken<'_>> = tokens.list.iter().map(|(token, _)| *token).collect();
        use TextToken::{Mark, Number, Word};
        assert_eq!(
            list,
            [
                Word("as"),
                Number("14"),
                Word("h"),
                Number("30"),
                Mark(','),
                Number("2"),
                Mark('ª'),
                Mark('-'),
                Word("feira"),
                Word("o'clock"),
                Number("1"),
                Mark('.'),
                Mark('º'),
                Word("x"),
            ]
        );
        assert!(tokens.is_glued(2) && !tokens.is_glued(5) && !tokens.is_glued(9));
        assert_eq!(Tokens::of(&"1 ".repeat(50)).map(|_| ()), None);
    }

    #[test]
    fn the_longest_phrase_counts_and_a_hyphen_may_join_its_words() {
        let tokens = Tokens::of("meio-dia e meia").unwrap();
        assert_eq!(tokens.one_of(0, &["meio", "meio dia"]), Some(3));
        assert_eq!(tokens.one_of(0, &["meio dia e meia hora"]), None);
        assert_eq!(tokens.one_of(9, &["meio"]), None);
    }
}
