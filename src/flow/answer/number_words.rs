//! Numbers that are written as words: "vinte e um", "doscientos", "half a dozen".

use crate::flow::words::locale::Locale;

/// The words of one language for numbers, folded.
struct NumberWords {
    /// From 0 on, without a gap. Several words for one number are separated by a slash.
    small: &'static str,
    /// From 20 on, in tens.
    tens: &'static str,
    /// 100 alone, or before a thousand. Without it, hundreds are counted: "two hundred".
    hundred: Option<&'static str>,
    /// From 100 on, in hundreds, as other words follow.
    hundreds: &'static str,
    /// The article that means one of a hundred, a thousand or a dozen.
    article: Option<&'static str>,
    thousand: &'static str,
    dozen: &'static str,
    /// Before a dozen.
    half: &'static [&'static str],
    /// Between tens and ones, and between hundreds and what follows.
    and: Connectors,
}

/// The word between the parts of a number.
#[derive(Clone, Copy)]
struct Connectors {
    word: &'static str,
    after_tens: Use,
    after_hundreds: Use,
    after_thousands: Use,
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    Always,
    Sometimes,
    Never,
}

const PT_BR: NumberWords = NumberWords {
    small: "zero um/uma dois/duas tres quatro cinco seis sete oito nove dez onze doze treze catorze/quatorze quinze \
        dezesseis/dezasseis dezessete/dezassete dezoito dezenove/dezanove",
    tens: "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    hundred: Some("cem"),
    article: None,
    hundreds: "cento duzentos/duzentas trezentos/trezentas quatrocentos/quatrocentas quinhentos/quinhentas \
        seiscentos/seiscentas setecentos/setecentas oitocentos/oitocentas novecentos/novecentas",
    thousand: "mil",
    dozen: "duzia/duzias",
    half: &["meia"],
    and: Connectors {
        word: "e",
        after_tens: Use::Always,
        after_hundreds: Use::Always,
        after_thousands: Use::Sometimes,
    },
};

const ES: NumberWords = NumberWords {
    small: "cero un/uno/una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis \
        diecisiete dieciocho diecinueve veinte veintiun/veintiuno/veintiuna veintidos veintitres veinticuatro veinticinco \
        veintiseis veintisiete veintiocho veintinueve",
    tens: "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    hundred: Some("cien"),
    article: None,
    hundreds: "ciento doscientos/doscientas trescientos/trescientas cuatrocientos/cuatrocientas quinientos/quinientas \
        seiscientos/seiscientas setecientos/setecientas ochocientos/ochocientas novecientos/novecientas",
    thousand: "mil",
    dozen: "docena/docenas",
    half: &["media"],
    and: Connectors {
        word: "y",
        after_tens: Use::Always,
        after_hundreds: Use::Never,
        after_thousands: Use::Never,
    },
};

const EN: NumberWords = NumberWords {
    small: "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
        seventeen eighteen nineteen",
    tens: "twenty thirty forty fifty sixty seventy eighty ninety",
    hundred: None,
    article: Some("a"),
    hundreds: "hundred",
    thousand: "thousand",
    dozen: "dozen/dozens",
    half: &["half"],
    and: Connectors {
        word: "and",
        after_tens: Use::Never,
        after_hundreds: Use::Sometimes,
        after_thousands: Use::Sometimes,
    },
};

fn words_of(locale: Locale) -> &'static NumberWords {
    match locale {
        Locale::En => &EN,
        Locale::PtBr => &PT_BR,
        Locale::Es => &ES,
    }
}

/// What a word after figures multiplies them by: "5 mil", "2 dúzias".
pub(crate) fn multiplier(word: &str, locale: Locale) -> Option<u32> {
    let language = words_of(locale);
    if word == language.thousand {
        return Some(1000);
    }
    index(language.dozen, word).map(|_| 12)
}

/// The number that folded words begin with, and how many of the words it takes.
pub(crate) fn number_in_words(words: &[&str], locale: Locale) -> Option<(u32, usize)> {
    let language = words_of(locale);
    let (number, taken) = dozens(words, language).or_else(|| thousands(words, language))?;
    // "vinte e" or "vinte trinta" is no whole number.
    let next = words.get(taken).copied().unwrap_or_default();
    let goes_on = next == language.and.word || thousands(&words[taken..], language).is_some();
    (!goes_on).then_some((number, taken))
}

/// The place of a word in a list of numbers.
fn index(list: &str, word: &str) -> Option<u32> {
    let place = list
        .split_ascii_whitespace()
        .position(|number| number.split('/').any(|known| known == word))?;
    u32::try_from(place).ok()
}

/// How many hundreds or dozens the word before them says.
fn count(word: &str, language: &NumberWords) -> Option<u32> {
    match language.article == Some(word) {
        true => Some(1),
        false => index(language.small, word),
    }
}

/// "meia dúzia", "a dozen", "duas dúzias".
fn dozens(words: &[&str], language: &NumberWords) -> Option<(u32, usize)> {
    let is_dozen = |at: usize| index(language.dozen, words.get(at)?);
    let first = words.first()?;
    if language.half.contains(first) {
        let article = usize::from(words.len() > 1 && language.article == Some(words[1]));
        return is_dozen(1 + article).map(|_| (6, 2 + article));
    }
    let count = count(first, language).filter(|count| *count > 0)?;
    is_dozen(1).map(|_| (count * 12, 2))
}

fn thousands(words: &[&str], language: &NumberWords) -> Option<(u32, usize)> {
    let is_thousand = |at: usize| words.get(at) == Some(&language.thousand);
    let (count, before) = match hundreds(words, language) {
        Some((count, taken)) if is_thousand(taken) && count > 0 => (count, taken),
        Some(number) => return Some(number),
        None if is_thousand(0) && language.thousand == "mil" => (1, 0),
        None if is_thousand(1) && language.article == words.first().copied() => (1, 1),
        None => return None,
    };
    let taken = before + 1;
    let rest = following(
        &words[taken..],
        language.and,
        language.and.after_thousands,
        |words| hundreds(words, language).filter(|(number, _)| *number > 0),
    );
    Some(rest.map_or((count * 1000, taken), |(number, more)| {
        (count * 1000 + number, taken + more)
    }))
}

fn hundreds(words: &[&str], language: &NumberWords) -> Option<(u32, usize)> {
    let first = words.first()?;
    if language.hundred == Some(first) {
        return Some((100, 1));
    }
    let is_counted = language.hundred.is_none();
    let (hundred, taken) = match index(language.hundreds, first) {
        Some(place) if !is_counted => ((place + 1) * 100, 1),
        _ => {
            let count = count(first, language).filter(|count| (1..=9).contains(count));
            match count.filter(|_| is_counted && words.get(1) == Some(&language.hundreds)) {
                Some(count) => (count * 100, 2),
                None => return ones(words, language),
            }
        }
    };
    let rest = following(
        &words[taken..],
        language.and,
        language.and.after_hundreds,
        |words| ones(words, language).filter(|(number, _)| *number > 0),
    );
    Some(rest.map_or((hundred, taken), |(number, more)| {
        (hundred + number, taken + more)
    }))
}

/// Numbers below a hundred.
fn ones(words: &[&str], language: &NumberWords) -> Option<(u32, usize)> {
    let first = words.first()?;
    let Some(place) = index(language.tens, first) else {
        return index(language.small, first).map(|number| (number, 1));
    };
    let ten = (place + 2) * 10;
    let rest = following(
        &words[1..],
        language.and,
        language.and.after_tens,
        |words| {
            let one = index(language.small, words.first()?)?;
            (1..=9).contains(&one).then_some((one, 1))
        },
    );
    Some(rest.map_or((ten, 1), |(one, more)| (ten + one, 1 + more)))
}

/// What follows a part of a number, with or without the connector, and how many words it takes.
fn following(
    words: &[&str],
    and: Connectors,
    used: Use,
    read: impl Fn(&[&str]) -> Option<(u32, usize)>,
) -> Option<(u32, usize)> {
    let is_connected = words.first() == Some(&and.word);
    match (is_connected, used) {
        (true, Use::Always | Use::Sometimes) => {
            read(&words[1..]).map(|(number, taken)| (number, taken + 1))
        }
        (false, Use::Sometimes | Use::Never) => read(words),
        (true, Use::Never) | (false, Use::Always) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(locale: Locale, rows: &[(&str, u32)]) {
        for (text, number) in rows {
            let words: Vec<&str> = text.split(' ').collect();
            let read = number_in_words(&words, locale);
            assert_eq!(read, Some((*number, words.len())), "{locale} {text:?}");
        }
    }

    #[test]
    fn numbers_are_read_from_their_words() {
        check(
            Locale::PtBr,
            &[
                ("zero", 0),
                ("um", 1),
                ("uma", 1),
                ("duas", 2),
                ("catorze", 14),
                ("quatorze", 14),
                ("dezenove", 19),
                ("vinte", 20),
                ("vinte e um", 21),
                ("noventa e nove", 99),
                ("cem", 100),
                ("cento e um", 101),
                ("cento e vinte e cinco", 125),
                ("duzentas", 200),
                ("novecentos e noventa e nove", 999),
                ("mil", 1000),
                ("mil e quinhentos", 1500),
                ("mil quinhentos e dez", 1510),
                ("dois mil e vinte e seis", 2026),
                ("cem mil", 100_000),
                ("meia duzia", 6),
                ("uma duzia", 12),
                ("duas duzias", 24),
            ],
        );
        check(
            Locale::Es,
            &[
                ("cero", 0),
                ("uno", 1),
                ("una", 1),
                ("once", 11),
                ("dieciseis", 16),
                ("veinte", 20),
                ("veintiuno", 21),
                ("veintinueve", 29),
                ("treinta y uno", 31),
                ("cien", 100),
                ("ciento cinco", 105),
                ("doscientos treinta y dos", 232),
                ("mil quinientos", 1500),
                ("dos mil", 2000),
                ("media docena", 6),
                ("una docena", 12),
            ],
        );
        check(
            Locale::En,
            &[
                ("zero", 0),
                ("two", 2),
                ("twelve", 12),
                ("twenty one", 21),
                ("a hundred", 100),
                ("one hundred and five", 105),
                ("two hundred fifty", 250),
                ("a thousand", 1000),
                ("one thousand two hundred", 1200),
                ("half a dozen", 6),
                ("half dozen", 6),
                ("a dozen", 12),
                ("two dozen", 24),
            ],
        );
    }

    #[test]
    fn words_that_are_no_one_number_are_not_read() {
        for (locale, text) in [
            (Locale::PtBr, "vinte e"),
            (Locale::PtBr, "vinte trinta"),
            (Locale::PtBr, "vinte cinco"),
            (Locale::PtBr, "dois tres"),
            (Locale::PtBr, "dois e tres"),
            (Locale::PtBr, "cem e dois e"),
            (Locale::PtBr, "meia"),
            (Locale::PtBr, "a"),
            (Locale::PtBr, "two"),
            (Locale::Es, "veinte cinco"),
            (Locale::Es, "dos y tres"),
            (Locale::Es, "dos o tres"),
            (Locale::En, "a"),
            (Locale::En, "hundred"),
            (Locale::En, "two three"),
            (Locale::En, "twenty twenty"),
            (Locale::En, "once"),
            (Locale::En, ""),
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            let read = number_in_words(&words, locale);
            assert!(
                read.is_none_or(|(_, taken)| taken < words.len()),
                "{locale} {text:?} {read:?}"
            );
        }
    }

    #[test]
    fn every_number_up_to_ten_thousand_is_read_from_its_portuguese_words() {
        let list = |list: &'static str| -> Vec<&'static str> {
            list.split_ascii_whitespace()
                .map(|number| number.split('/').next().unwrap())
                .collect()
        };
        let (small, tens, hundreds) = (list(PT_BR.small), list(PT_BR.tens), list(PT_BR.hundreds));
        let below_hundred = |number: usize| match (number / 10, number % 10) {
            (0 | 1, _) => small[number].to_owned(),
            (ten, 0) => tens[ten - 2].to_owned(),
            (ten, one) => format!("{} e {}", tens[ten - 2], small[one]),
        };
        let below_thousand = |number: usize| match (number / 100, number % 100) {
            (0, rest) => below_hundred(rest),
            (1, 0) => "cem".to_owned(),
            (hundred, 0) => hundreds[hundred - 1].to_owned(),
            (hundred, rest) => format!("{} e {}", hundreds[hundred - 1], below_hundred(rest)),
        };
        for number in 0..10_000 {
            let text = match (number / 1000, number % 1000) {
                (0, rest) => below_thousand(rest),
                (1, 0) => "mil".to_owned(),
                (thousand, 0) => format!("{} mil", below_thousand(thousand)),
                (1, rest) => format!("mil e {}", below_thousand(rest)),
                (thousand, rest) => {
                    format!("{} mil {}", below_thousand(thousand), below_thousand(rest))
                }
            };
            check(Locale::PtBr, &[(&text, u32::try_from(number).unwrap())]);
        }
    }
}
