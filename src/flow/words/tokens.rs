//! The words of a message, each in the form in which words are compared.

use crate::flow::words::emoji::{continues_emoji, is_emoji};
use crate::flow::words::fold::fold;
use crate::flow::words::marks::{is_hyphen, plain_marks};

/// One word, or one group of emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Folded.
    pub(crate) word: String,
    /// There is a line break or a punctuation mark before it.
    pub(crate) begins_clause: bool,
    pub(crate) is_emoji: bool,
    /// A full stop follows directly, as in "n. 2".
    pub(crate) is_short_form: bool,
    /// It has the sign of a currency, or a percent sign: "$1" is no option 1.
    pub(crate) is_amount: bool,
}

const SEPARATORS: &str = ",;:!?¿¡()[]{}<>/|\"“”„«»…•·=*";

/// A clause ends at these.
const BREAKS: &str = ",;:!?¿¡()…";

const AMOUNTS: &str = "$€£¥%";

/// The words of a text. A full stop or an @ does not split a word: "1.5" is not the option 1, and "no@home" is not a no.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for line in plain_marks(text).lines() {
        let mut splitter = Splitter {
            found: &mut found,
            word: String::new(),
            is_emoji: false,
            begins_clause: true,
        };
        for c in line.chars() {
            splitter.take(c);
        }
        splitter.end_word();
    }
    found
}

struct Splitter<'f> {
    found: &'f mut Vec<Token>,
    word: String,
    is_emoji: bool,
    begins_clause: bool,
}

impl Splitter<'_> {
    fn take(&mut self, c: char) {
        if c.is_whitespace() || is_hyphen(c) || SEPARATORS.contains(c) {
            // A dash between two words divides clauses; a hyphen in a word does not.
            let is_dash = is_hyphen(c) && self.word.is_empty();
            self.end_word();
            self.begins_clause |= is_dash || BREAKS.contains(c);
            return;
        }
        let is_emoji = is_emoji(c) || (self.is_emoji && continues_emoji(c));
        if is_emoji != self.is_emoji {
            self.end_word();
        }
        self.is_emoji = is_emoji;
        self.word.push(c);
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.is_empty() {
            return;
        }
        let is_emoji = std::mem::take(&mut self.is_emoji);
        let is_amount = word.contains(|c| AMOUNTS.contains(c));
        let ends_sentence = word.ends_with('.');
        for part in sentences(&word) {
            // Without its accent it would be "na".
            let folded = match part.to_lowercase().as_str() {
                "nã" => "nao".to_owned(),
                _ => fold(part),
            };
            // Marks by themselves say nothing, except for those that calculate or name an amount.
            let says = folded.contains(char::is_alphanumeric)
                || is_emoji
                || folded.contains(|c| "+&@$€£¥%".contains(c));
            if says {
                self.found.push(Token {
                    word: folded,
                    begins_clause: std::mem::take(&mut self.begins_clause),
                    is_emoji,
                    is_short_form: ends_sentence,
                    is_amount,
                });
            }
            self.begins_clause |= part.len() < word.len();
        }
        self.begins_clause |= ends_sentence;
    }
}

/// The parts of a word in which the space after a full stop is missing: "não.quero", "1.Marcar", but not "n.º" or "1.5".
fn sentences(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = word;
    if !word.contains('@') {
        for (at, _) in word.match_indices('.') {
            let done = word.len() - rest.len();
            let (before, after) = (&word[done..at], &word[at + 1..]);
            let letters = after.chars().take_while(|c| c.is_alphabetic()).count();
            let is_word = before.ends_with(|c: char| c.is_ascii_digit())
                || before.chars().any(char::is_alphabetic);
            if letters > 1 && is_word {
                parts.push(before);
                rest = after;
            }
        }
    }
    parts.push(rest);
    parts
}

/// The word with each letter once where it is repeated: "nãããooo" is "nao".
pub(crate) fn squeezed(word: &str) -> String {
    let mut squeezed = String::with_capacity(word.len());
    for c in word.chars() {
        if c.is_ascii_digit() || !squeezed.ends_with(c) {
            squeezed.push(c);
        }
    }
    squeezed
}

/// Whether somebody wrote the word with a letter drawn out: "siiim", "simm". Twice within a word is spelling: "carro" is not
/// "caro".
pub(crate) fn is_drawn_out(said: &str, word: &str) -> bool {
    let begins = said.chars().next() == word.chars().next();
    if !begins || said.len() <= word.len() || squeezed(said) != squeezed(word) {
        return false;
    }
    let runs = |text: &str| {
        let mut runs: Vec<(char, usize)> = Vec::new();
        for c in text.chars() {
            match runs.last_mut() {
                Some((last, length)) if *last == c => *length += 1,
                _ => runs.push((c, 1)),
            }
        }
        runs
    };
    let (said, word) = (runs(said), runs(word));
    let last = said.len() - 1;
    let pairs = said.iter().zip(&word).enumerate();
    pairs.into_iter().all(|(place, ((c, more), (_, length)))| {
        more == length
            || c.is_alphabetic() && more > length && (*more > 2 || place == last || word.len() <= 3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_split_into_comparable_words() {
        for (text, words) in [
            ("Opção 1.", &["opcao", "1"][..]),
            ("1 - Marcar consulta", &["1", "marcar", "consulta"]),
            ("*1*Marcar", &["1", "marcar"]),
            ("2\u{fe0f}\u{20e3} Falar", &["2", "falar"]),
            ("1.Marcar", &["1", "marcar"]),
            ("não.quero", &["nao", "quero"]),
            ("1.5", &["1.5"]),
            ("n.º 2", &["n.º", "2"]),
            ("no@home.com", &["no@home.com"]),
            ("1👎🏿", &["1", "👎"]),
            ("sim👍👍", &["sim", "👍"]),
            ("guarda\u{2011}chuva", &["guarda", "chuva"]),
            ("don’t, ok?", &["don't", "ok"]),
            ("US$ 5", &["us", "5"]),
            ("a\u{200b}b", &["ab"]),
        ] {
            let found: Vec<String> = tokens(text).into_iter().map(|token| token.word).collect();
            assert_eq!(found, words, "{text:?}");
        }
        let clauses: Vec<bool> = tokens("não, pode marcar - hoje. já")
            .into_iter()
            .map(|token| token.begins_clause)
            .collect();
        assert_eq!(clauses, [true, true, false, true, true]);
    }

    #[test]
    fn drawn_out_words_are_the_same_words() {
        for (said, word, same) in [
            ("siiim", "sim", true),
            ("simm", "sim", true),
            ("naaaooo", "nao", true),
            ("naoo", "nao", true),
            ("yesss", "yes", true),
            ("nooo", "no", true),
            ("carro", "caro", false),
            ("sim", "sim", false),
            ("si", "sim", false),
            ("11", "1", false),
            ("caro", "carro", false),
            ("marcarrr", "marcar", true),
        ] {
            assert_eq!(is_drawn_out(said, word), same, "{said} {word}");
        }
    }
}
