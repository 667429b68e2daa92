//! The words that people put around an answer without changing it: "Oi, meu CPF é ..., obrigado".

use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;

/// Folded, for all languages. Words that deny, doubt or compare are not here ("não", "acho", "até"): beside them, the
/// answer may mean something else. Nor are words that name another thing ("dia", "antigo").
const FILLER: &str = "
    a ai anota anote apenas aqui atual be beleza buenas can certo claro con contact contacto contato correct
    correcto correto da de dejo del do e eh el entao es esa ese essa esse esta este esto eu favor fica for gracias
    grata grato have hello here here's heres hey hi hola i i'd i'll i'm id im is isso it it's its just la le like lo
    los me mesmo meu mi minha mio mismo my na nossa nosso nro nuestra nuestro num number numero nº o obg obgd
    obrigada obrigado of oi ok ola only os our para paso pf pfv please pls plz pode por pra puede que segue seguinte
    ser sera seria si siguiente sim so solo somente sure ta thank thanks that's the this tks valeu vlw yes you";

/// Greetings and the like, of words that mean something else alone.
const PHRASES: [[&str; 2]; 16] = [
    ["boa", "noite"],
    ["boa", "tarde"],
    ["boas", "tardes"],
    ["bom", "dia"],
    ["buen", "dia"],
    ["buena", "tarde"],
    ["buenas", "noches"],
    ["buenas", "tardes"],
    ["buenos", "dias"],
    ["com", "certeza"],
    ["good", "afternoon"],
    ["good", "evening"],
    ["good", "morning"],
    ["muchas", "gracias"],
    ["muito", "obrigada"],
    ["muito", "obrigado"],
];

/// Whether the text consists of words that change nothing: these, or `own` words of the kind of answer. Marks and emoji
/// don't count.
pub(crate) fn is_filler(text: &str, locale: Locale, own: &str) -> bool {
    if !text.contains(char::is_alphanumeric) {
        return true;
    }
    let folded = fold(&with_ordinals(text));
    let words: Vec<&str> = folded
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .collect();
    are_filler(&words, locale, &[own])
}

/// As [`is_filler`], for folded words, and with several lists of own words.
pub(crate) fn are_filler(words: &[&str], locale: Locale, own: &[&str]) -> bool {
    let mut rest = words;
    while let [word, after @ ..] = rest {
        let next = after.first().copied().unwrap_or_default();
        let is_known = is_in(FILLER, word)
            || own.iter().any(|list| is_in(list, word))
            // "no 11 98765-4321": "at" in Portuguese, a refusal elsewhere.
            || locale == Locale::PtBr && *word == "no";
        rest = match after {
            [_, after @ ..] if PHRASES.contains(&[*word, next]) => after,
            _ if is_known => after,
            _ => return false,
        };
    }
    true
}

/// "n.º" and "n°" are written for "nº".
pub(crate) fn with_ordinals(text: &str) -> String {
    text.replace(['°', '˚'], "º").replace(".º", "º")
}

/// Whether a list of words, separated by white space, has this one.
pub(crate) fn is_in(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_change_nothing_are_told_from_words_that_may() {
        use Locale::{En, Es, PtBr};
        for (locale, text, is) in [
            (PtBr, "", true),
            (PtBr, " - 📱 (", true),
            (PtBr, "Oi, bom dia! Meu CPF é o ", true),
            (PtBr, "meu CPF n.º ", true),
            (PtBr, "o nº é", true),
            (PtBr, "no", true),
            (Es, "no", false),
            (En, "No, ", false),
            (PtBr, "não é", false),
            (PtBr, "dia", false),
            (PtBr, "bom", false),
            (PtBr, "acho que é", false),
            (PtBr, "o antigo era", false),
            (Es, "¡Buenos días! Mi CPF es", true),
            (Es, "muchas gracias", true),
            (En, "It’s ", true),
            (En, "my cpf is", true),
            (En, "my friend's is", false),
            (En, "2", false),
        ] {
            assert_eq!(is_filler(text, locale, "cpf"), is, "{locale} {text:?}");
        }
    }
}
