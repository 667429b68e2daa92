//! The number of an option as people write it: "01", "1ª", "opção2", "primeira".

use crate::flow::words::locale::Locale;
use crate::flow::words::tokens::Token;

/// A number that a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) value: u32,
    pub(crate) form: FigureForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FigureForm {
    /// "1", "01".
    Digits,
    /// "1ª", "opção1": digits with something that says "number".
    Marked,
    /// "three", "terceira".
    Word,
    /// "um", "uma", "one": mostly an article or a pronoun.
    Article,
    /// "segunda" is a day too, and "quarto" a room.
    Ambiguous,
}

/// Written before a number, with or without a space.
const MARKERS: [&str; 21] = [
    "alternativa",
    "opcao",
    "opcion",
    "option",
    "opc",
    "opt",
    "op",
    "item",
    "numero",
    "number",
    "num",
    "nro",
    "nr",
    "n.º",
    "n.°",
    "nº",
    "n°",
    "n.",
    "n",
    "no.",
    "tecla",
];

/// Words that say: what follows or stands before is the number of an option.
pub(crate) fn is_marker(word: &str) -> bool {
    MARKERS.contains(&word)
        || matches!(
            word,
            "choice" | "eleccion" | "escolha" | "letra" | "letter" | "#"
        )
}

/// The value of an option that is a number.
pub(crate) fn value(option: &str) -> Option<u32> {
    let is_number = !option.is_empty() && option.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| option.parse().ok()).flatten()
}

/// Whether a word is a number.
pub(crate) fn is_figure(word: &str, locale: Locale) -> bool {
    in_digits(word, locale).is_some()
}

/// The number that the word at this place says.
pub(crate) fn figure(tokens: &[Token], at: usize, locale: Locale) -> Option<Figure> {
    let word = tokens.get(at)?.word.as_str();
    if let Some(figure) = in_digits(word, locale) {
        return Some(figure);
    }
    let (value, form) = in_words(word, locale)?;
    let before = at.checked_sub(1).map_or("", |at| tokens[at].word.as_str());
    // "Um segundo!" asks to wait.
    let is_time = matches!(word, "segundo" | "second")
        && (matches!(before, "um" | "un" | "one" | "1") || before == "a" && locale == Locale::En);
    // "The second one": the number was said.
    let is_pronoun = word == "one"
        && at > 0
        && figure(tokens, at - 1, locale).is_some_and(|figure| figure.form != FigureForm::Digits);
    (!is_time && !is_pronoun).then_some(Figure { value, form })
}

/// Whether "one" only takes up the number before it, as in "the second one".
pub(crate) fn is_pronoun(tokens: &[Token], at: usize, locale: Locale) -> bool {
    locale == Locale::En
        && at > 0
        && tokens[at].word == "one"
        && figure(tokens, at, locale).is_none()
}

fn in_digits(word: &str, locale: Locale) -> Option<Figure> {
    let glued = MARKERS
        .iter()
        .filter_map(|marker| word.strip_prefix(marker));
    let rest = glued
        .map(|rest| rest.trim_start_matches(['.', '_', 'º', '°', '#', '\'']))
        .find(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let numbered = rest.unwrap_or(word);
    let end = numbered
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(numbered.len());
    let (digits, sign) = numbered.split_at(end);
    let is_ordinal = match locale {
        Locale::PtBr => matches!(sign, "a" | "o"),
        Locale::Es => matches!(
            sign,
            "a" | "o"
                | "er"
                | "ra"
                | "ro"
                | "da"
                | "do"
                | "ta"
                | "to"
                | "ma"
                | "mo"
                | "va"
                | "vo"
                | "na"
                | "no"
                | "era"
                | "ero"
        ),
        Locale::En => matches!(sign, "st" | "nd" | "rd" | "th"),
    };
    let is_marked = is_ordinal
        || matches!(sign.trim_start_matches('.'), "ª" | "º" | "°")
        || (!sign.is_empty()
            && matches!(sign.trim_start_matches('.'), "a" | "o")
            && sign.starts_with('.'));
    if digits.is_empty() || digits.len() > 6 || !(sign.is_empty() || is_marked) {
        return None;
    }
    let form = if is_marked || rest.is_some() {
        FigureForm::Marked
    } else {
        FigureForm::Digits
    };
    Some(Figure {
        value: digits.parse().ok()?,
        form,
    })
}

fn in_words(word: &str, locale: Locale) -> Option<(u32, FigureForm)> {
    use FigureForm::{Ambiguous, Article, Word};
    let words: &[&[(&str, FigureForm)]] = match locale {
        Locale::En => &[
            &[("one", Article), ("first", Word)],
            &[("two", Word), ("second", Word)],
            &[("three", Word), ("third", Word)],
            &[("four", Word), ("fourth", Word)],
            &[("five", Word), ("fifth", Word)],
            &[("six", Word), ("sixth", Word)],
            &[("seven", Word), ("seventh", Word)],
            &[("eight", Word), ("eighth", Word)],
            &[("nine", Word), ("ninth", Word)],
            &[("ten", Word), ("tenth", Word)],
        ],
        Locale::PtBr => &[
            &[
                ("um", Article),
                ("uma", Article),
                ("primeira", Word),
                ("primeiro", Word),
            ],
            &[
                ("dois", Word),
                ("duas", Word),
                ("segunda", Ambiguous),
                ("segundo", Word),
            ],
            &[("tres", Word), ("terceira", Word), ("terceiro", Word)],
            &[
                ("quatro", Word),
                ("quarta", Ambiguous),
                ("quarto", Ambiguous),
            ],
            &[("cinco", Word), ("quinta", Ambiguous), ("quinto", Word)],
            &[("seis", Word), ("sexta", Ambiguous), ("sexto", Word)],
            &[("sete", Word), ("setima", Word), ("setimo", Word)],
            &[("oito", Word), ("oitava", Word), ("oitavo", Word)],
            &[("nove", Word), ("nona", Word), ("nono", Word)],
            &[("dez", Word), ("decima", Word), ("decimo", Word)],
        ],
        Locale::Es => &[
            &[
                ("un", Article),
                ("una", Article),
                ("uno", Word),
                ("primera", Word),
                ("primero", Word),
                ("primer", Word),
            ],
            &[("dos", Word), ("segunda", Word), ("segundo", Word)],
            &[
                ("tres", Word),
                ("tercera", Word),
                ("tercero", Word),
                ("tercer", Word),
            ],
            &[("cuatro", Word), ("cuarta", Word), ("cuarto", Ambiguous)],
            &[("cinco", Word), ("quinta", Word), ("quinto", Word)],
            &[("seis", Word), ("sexta", Word), ("sexto", Word)],
            &[
                ("siete", Word),
                ("septima", Word),
                ("septimo", Word),
                ("setimo", Word),
            ],
            &[("ocho", Word), ("octava", Word), ("octavo", Word)],
            &[("nueve", Word), ("novena", Word), ("noveno", Word)],
            &[("diez", Word), ("decima", Word), ("decimo", Word)],
        ],
    };
    (1..).zip(words).find_map(|(value, words)| {
        let found = words.iter().find(|(written, _)| *written == word)?;
        Some((value, found.1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::words::tokens::tokens;

    fn read(locale: Locale, text: &str) -> Vec<u32> {
        let tokens = tokens(text);
        (0..tokens.len())
            .filter_map(|at| figure(&tokens, at, locale))
            .map(|figure| figure.value)
            .collect()
    }

    #[test]
    fn the_number_of_an_option_is_read_in_many_spellings() {
        for (locale, text, values) in [
            (Locale::PtBr, "01", &[1][..]),
            (Locale::PtBr, "1ª", &[1]),
            (Locale::PtBr, "1º", &[1]),
            (Locale::PtBr, "1°", &[1]),
            (Locale::PtBr, "1.º", &[1]),
            (Locale::PtBr, "1a opção", &[1]),
            (Locale::PtBr, "opção2", &[2]),
            (Locale::PtBr, "op.2", &[2]),
            (Locale::PtBr, "nº2", &[2]),
            (Locale::PtBr, "n.º 2", &[2]),
            (Locale::PtBr, "n2", &[2]),
            (Locale::PtBr, "#1", &[1]),
            (Locale::PtBr, "(1)", &[1]),
            (Locale::PtBr, "1️⃣", &[1]),
            (Locale::PtBr, "①", &[1]),
            (Locale::PtBr, "❸", &[3]),
            (Locale::PtBr, "🔟", &[10]),
            (Locale::PtBr, "numero dois", &[2]),
            (Locale::PtBr, "primeira", &[1]),
            (Locale::PtBr, "12", &[12]),
            (Locale::PtBr, "1.5", &[]),
            (Locale::PtBr, "2h", &[]),
            (Locale::PtBr, "2x", &[]),
            (Locale::PtBr, "um segundo", &[1]),
            (Locale::PtBr, "2nd", &[]),
            (Locale::En, "2nd", &[2]),
            (Locale::En, "the second one", &[2]),
            (Locale::En, "number one", &[1]),
            (Locale::En, "just a second", &[]),
            (Locale::Es, "3ra", &[3]),
            (Locale::Es, "1er", &[1]),
            (Locale::Es, "la primera", &[1]),
            (Locale::Es, "uno", &[1]),
        ] {
            assert_eq!(read(locale, text), values, "{text:?}");
        }
    }
}
