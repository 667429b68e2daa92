//! Numbers of days, hours and minutes, in figures and in words.

use crate::flow::answer::calendar::tokens::Tokens;
use crate::flow::words::locale::Locale;

/// From zero to nineteen, with all forms of each.
type UpToNineteen = [&'static [&'static str]; 20];

const EN: UpToNineteen = [
    &["zero"],
    &["one"],
    &["two"],
    &["three"],
    &["four"],
    &["five"],
    &["six"],
    &["seven"],
    &["eight"],
    &["nine"],
    &["ten"],
    &["eleven"],
    &["twelve"],
    &["thirteen"],
    &["fourteen"],
    &["fifteen"],
    &["sixteen"],
    &["seventeen"],
    &["eighteen"],
    &["nineteen"],
];

const PT_BR: UpToNineteen = [
    &["zero"],
    &["um", "uma"],
    &["dois", "duas"],
    &["tres"],
    &["quatro"],
    &["cinco"],
    &["seis"],
    &["sete"],
    &["oito"],
    &["nove"],
    &["dez"],
    &["onze"],
    &["doze"],
    &["treze"],
    &["quatorze", "catorze"],
    &["quinze"],
    &["dezesseis", "dezasseis"],
    &["dezessete", "dezassete"],
    &["dezoito"],
    &["dezenove", "dezanove"],
];

const ES: UpToNineteen = [
    &["cero"],
    &["uno", "una", "un"],
    &["dos"],
    &["tres"],
    &["cuatro"],
    &["cinco"],
    &["seis"],
    &["siete"],
    &["ocho"],
    &["nueve"],
    &["diez"],
    &["once"],
    &["doce"],
    &["trece"],
    &["catorce"],
    &["quince"],
    &["dieciseis"],
    &["diecisiete"],
    &["dieciocho"],
    &["diecinueve"],
];

/// Twenty to fifty.
const TENS: [[&str; 4]; 3] = [
    ["twenty", "thirty", "forty", "fifty"],
    ["vinte", "trinta", "quarenta", "cinquenta"],
    ["veinte", "treinta", "cuarenta", "cincuenta"],
];

/// Spanish writes these as one word.
const VEINTI: [&[&str]; 9] = [
    &["veintiuno", "veintiun", "veintiuna"],
    &["veintidos"],
    &["veintitres"],
    &["veinticuatro"],
    &["veinticinco"],
    &["veintiseis"],
    &["veintisiete"],
    &["veintiocho"],
    &["veintinueve"],
];

/// English ordinals, from the first to the nineteenth.
const ORDINALS: [&str; 19] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

/// The first of a month in Portuguese and Spanish; its other days are cardinal numbers.
const FIRST: [&str; 3] = ["primeiro", "primero", "primer"];

/// A number at one place of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numeral {
    pub(crate) value: i16,
    /// The token after it.
    pub(crate) end: usize,
    /// "5th", "1º", "primeiro".
    pub(crate) is_ordinal: bool,
    pub(crate) in_words: bool,
}

/// Whether a word is a number by itself.
pub(crate) fn is_numeral(word: &str, locale: Locale) -> bool {
    simple(word, locale).is_some() || tens(word, locale).is_some()
}

/// A cardinal number of one or two digits, or in words up to fifty-nine.
pub(crate) fn cardinal(tokens: &Tokens<'_>, at: usize, locale: Locale) -> Option<Numeral> {
    if let Some(digits) = tokens.number(at) {
        let value = digits.parse().ok().filter(|_| digits.len() <= 2)?;
        return Some(numeral(value, at + 1, false, false));
    }
    let word = tokens.word(at)?;
    if let Some(value) = simple(word, locale) {
        return Some(numeral(value, at + 1, false, true));
    }
    let tens = tens(word, locale)?;
    let linked = match locale {
        Locale::En if tokens.mark(at + 1) == Some('-') => at + 2,
        Locale::En => at + 1,
        Locale::PtBr if tokens.is_word(at + 1, &["e"]) => at + 2,
        Locale::Es if tokens.is_word(at + 1, &["y"]) => at + 2,
        _ => return Some(numeral(tens, at + 1, false, true)),
    };
    let unit = tokens.word(linked).and_then(|word| simple(word, locale));
    Some(match unit {
        Some(unit @ 1..=9) => numeral(tens + unit, linked + 1, false, true),
        _ => numeral(tens, at + 1, false, true),
    })
}

/// The number of a day in a month: "12", "12th", "1º", "vinte e um", "twenty-first".
pub(crate) fn day_number(tokens: &Tokens<'_>, at: usize, locale: Locale) -> Option<Numeral> {
    if let Some(word) = tokens.word(at) {
        match locale {
            Locale::En => {
                if let Some(ordinal) = english_ordinal(tokens, at) {
                    return Some(ordinal);
                }
            }
            Locale::PtBr | Locale::Es if FIRST.contains(&word) => {
                return Some(numeral(1, at + 1, true, true));
            }
            _ => {}
        }
    }
    let mut number = cardinal(tokens, at, locale)?;
    if !number.in_words {
        let mut end = number.end;
        if tokens.is_mark(end, ".") && tokens.is_mark(end + 1, "ºª") {
            end += 1;
        }
        let is_ending = tokens.is_mark(end, "ºª")
            || tokens.is_glued(end)
                && tokens.is_word(end, &["st", "nd", "rd", "th", "o", "ro", "er", "ero"]);
        if is_ending {
            number.end = end + 1;
            number.is_ordinal = true;
        }
    }
    Some(number)
}

fn english_ordinal(tokens: &Tokens<'_>, at: usize) -> Option<Numeral> {
    let word = tokens.word(at)?;
    let ordinal = |word: &str| {
        let place = ORDINALS.iter().position(|known| *known == word)?;
        i16::try_from(place + 1).ok()
    };
    match word {
        "twentieth" => return Some(numeral(20, at + 1, true, true)),
        "thirtieth" => return Some(numeral(30, at + 1, true, true)),
        _ => {}
    }
    if let Some(value) = ordinal(word) {
        return Some(numeral(value, at + 1, true, true));
    }
    let tens = tens(word, Locale::En)?;
    let linked = at + 1 + usize::from(tokens.mark(at + 1) == Some('-'));
    let unit = ordinal(tokens.word(linked)?).filter(|unit| *unit < 10)?;
    Some(numeral(tens + unit, linked + 1, true, true))
}

fn numeral(value: i16, end: usize, is_ordinal: bool, in_words: bool) -> Numeral {
    Numeral {
        value,
        end,
        is_ordinal,
        in_words,
    }
}

fn simple(word: &str, locale: Locale) -> Option<i16> {
    let place = |words: &[&[&str]]| words.iter().position(|forms| forms.contains(&word));
    let known = match locale {
        Locale::En => &EN,
        Locale::PtBr => &PT_BR,
        Locale::Es => &ES,
    };
    let value = match locale {
        Locale::Es => place(known).or_else(|| place(&VEINTI).map(|unit| unit + 21)),
        Locale::En | Locale::PtBr => place(known),
    };
    i16::try_from(value?).ok()
}

fn tens(word: &str, locale: Locale) -> Option<i16> {
    let place = TENS[locale as usize]
        .iter()
        .position(|tens| *tens == word)?;
    i16::try_from(place * 10 + 20).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Locale::{En, Es, PtBr};

    #[test]
    fn numbers_are_read_in_figures_and_in_words() {
        for (locale, text, value) in [
            (PtBr, "12", Some(12)),
            (PtBr, "123", None),
            (PtBr, "vinte e um", Some(21)),
            (PtBr, "trinta", Some(30)),
            (PtBr, "trinta e duas", Some(32)),
            (PtBr, "primeiro", Some(1)),
            (PtBr, "1º", Some(1)),
            (PtBr, "1o", Some(1)),
            (PtBr, "segundo", None),
            (Es, "treinta y uno", Some(31)),
            (Es, "veintidos", Some(22)),
            (Es, "1ro", Some(1)),
            (Es, "1.º", Some(1)),
            (Es, "1er", Some(1)),
            (En, "twenty-first", Some(21)),
            (En, "twenty first", Some(21)),
            (En, "thirty one", Some(31)),
            (En, "thirtieth", Some(30)),
            (En, "22nd", Some(22)),
            (En, "um", None),
        ] {
            let tokens = Tokens::of(text).unwrap();
            let read = day_number(&tokens, 0, locale).filter(|read| read.end == tokens.len());
            assert_eq!(read.map(|read| read.value), value, "{text}");
        }
    }
}
