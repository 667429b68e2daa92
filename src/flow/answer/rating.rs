//! Reads a rating from 1 to 5 in a message that is nothing else: "5", "nota 4", "cinco estrelas", "⭐⭐⭐".

use crate::flow::answer::filler::{are_filler, is_in};
use crate::flow::answer::number_words::number_in_words;
use crate::flow::answer::said::{Said, SaidKind};
use crate::flow::words::fold::fold;
use crate::flow::words::locale::Locale;
use crate::flow::words::marks::plain_marks;

/// The best rating.
pub(crate) const RATING_MAX: u8 = 5;

/// What people say beside a rating, folded, in all languages.
const OWN: &str = "avaliacao avalio calificacion califico dou doy estrela estrelas estrelinha estrelinhas estrella estrellas \
    gave give nota point points ponto pontos puntos puntuacion puntuo rate rating score star stars";

/// Between a rating and the best one: "4 de 5", "4 out of 5", "4/5".
const OF: [&[&str]; 4] = [&["/"], &["de"], &["of"], &["out", "of"]];

/// Beside a number these make it another thing, like a price, a share or a question.
const OTHER_MARKS: [char; 14] = [
    '?', '%', '$', '€', '£', '+', '=', '<', '>', '#', '@', '^', '|', '\\',
];

/// The rating, if the message is one and nothing else.
pub(crate) fn rating(said: &Said, locale: Locale) -> Option<u8> {
    if said.kind != SaidKind::Text {
        return None;
    }
    let text = plain_marks(&said.text);
    if text.contains(OTHER_MARKS) || has_negative(&text) {
        return None;
    }
    let stars = text.chars().filter(|c| is_star(*c)).count();
    let empty = text.chars().filter(|c| is_empty_star(*c)).count();
    let words: String = text
        .chars()
        .filter(|c| *c != '\u{fe0f}')
        .map(|c| match c {
            c if is_star(c) || is_empty_star(c) => ' ',
            c => c,
        })
        .collect();
    let number = number(&words, locale)?;
    let rating = match (number, stars, empty) {
        (Some(number), 0, 0) => number,
        // "5 ⭐", or as many stars as the number says.
        (Some(number), 1, 0) => number,
        (Some(number), stars, 0) if u32::try_from(stars) == Ok(number) => number,
        (None, 1.., _) if stars + empty <= usize::from(RATING_MAX) => u32::try_from(stars).ok()?,
        _ => return None,
    };
    let rating = u8::try_from(rating).ok()?;
    (1..=RATING_MAX).contains(&rating).then_some(rating)
}

/// The only number in these words, if there is one; `None` if the words say anything besides.
fn number(text: &str, locale: Locale) -> Option<Option<u32>> {
    if !text.contains(char::is_alphanumeric) {
        return Some(None);
    }
    let folded = fold(text).replace('/', " / ");
    let words: Vec<&str> = folded
        .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '/')
        .filter(|word| !word.is_empty())
        .collect();
    let (mut found, mut around) = (None, Vec::new());
    let mut at = 0;
    while at < words.len() {
        let in_digits = digits(words[at]).map(|number| (number, 1));
        let read = in_digits.or_else(|| number_in_words(&words[at..], locale));
        let Some((number, taken)) = read else {
            around.push(words[at]);
            at += 1;
            continue;
        };
        if found.is_some() {
            return None;
        }
        found = Some((number, in_digits.is_none()));
        at += taken;
        at += of_best(&words[at..]);
    }
    // "Um" and "one" also begin other things, so beside a greeting they count nothing.
    let by_article = found == Some((1, true));
    let is_rating = match by_article {
        true => around.iter().all(|word| is_in(OWN, word)),
        false => are_filler(&around, locale, &[OWN]),
    };
    is_rating.then_some(found.map(|(number, _)| number))
}

fn digits(word: &str) -> Option<u32> {
    let is_short = word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    if is_short { word.parse().ok() } else { None }
}

/// How many of these words are "of 5".
fn of_best(words: &[&str]) -> usize {
    let best = RATING_MAX.to_string();
    let is_of = |of: &&[&str]| {
        let rest = words.strip_prefix(*of);
        rest.and_then(<[&str]>::first) == Some(&best.as_str())
    };
    OF.iter().find(|of| is_of(of)).map_or(0, |of| of.len() + 1)
}

/// Whether a hyphen stands right before a figure and after nothing: "-5".
fn has_negative(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..chars.len()).any(|at| {
        let before = at.checked_sub(2).map(|before| chars[before]);
        chars[at].is_ascii_digit()
            && chars[at - 1] == '-'
            && before.is_none_or(|c| !c.is_alphanumeric())
    })
}

fn is_star(c: char) -> bool {
    matches!(c, '⭐' | '★' | '🌟' | '✭' | '✮' | '✯')
}

fn is_empty_star(c: char) -> bool {
    matches!(c, '☆' | '✩' | '✰')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rating_is_read_as_people_write_it() {
        use Locale::{En, Es, PtBr};
        for (locale, text, expected) in [
            (En, "5", Some(5)),
            (En, " 1! ", Some(1)),
            (En, "*4*", Some(4)),
            (En, "5\u{fe0f}\u{20e3}", Some(5)),
            (En, "３", Some(3)),
            (En, "④", Some(4)),
            (En, "❷", Some(2)),
            (En, "five", Some(5)),
            (En, "Five stars!", Some(5)),
            (En, "one star", Some(1)),
            (En, "I give it a 4, thanks", Some(4)),
            (En, "4 out of 5", Some(4)),
            (PtBr, "nota 5", Some(5)),
            (PtBr, "Nota: 5 👏👏", Some(5)),
            (PtBr, "minha nota é 4, obrigada", Some(4)),
            (PtBr, "5 estrelas", Some(5)),
            (PtBr, "cinco", Some(5)),
            (PtBr, "três estrelas", Some(3)),
            (PtBr, "uma estrela", Some(1)),
            (PtBr, "um", Some(1)),
            (PtBr, "4/5", Some(4)),
            (PtBr, "4 de 5", Some(4)),
            (PtBr, "5/5 estrelas", Some(5)),
            (Es, "cuatro estrellas", Some(4)),
            (Es, "Mi calificación: 2", Some(2)),
            (Es, "uno", Some(1)),
            (En, "⭐⭐⭐⭐", Some(4)),
            (En, "⭐\u{fe0f}⭐\u{fe0f}", Some(2)),
            (En, "★★★", Some(3)),
            (En, "★★★☆☆", Some(3)),
            (En, "🌟🌟🌟🌟🌟 thank you", Some(5)),
            (En, "5 ⭐", Some(5)),
            (PtBr, "3 ⭐⭐⭐", Some(3)),
            (PtBr, "nota ⭐⭐", Some(2)),
            // No rating.
            (PtBr, "", None),
            (PtBr, "0", None),
            (PtBr, "6", None),
            (PtBr, "10", None),
            (PtBr, "nota 10", None),
            (PtBr, "dez", None),
            (PtBr, "8/10", None),
            (PtBr, "4/12", None),
            (PtBr, "5 pizzas", None),
            (PtBr, "quero 5", None),
            (PtBr, "5 de maio", None),
            (PtBr, "oi", None),
            (PtBr, "obrigado", None),
            (PtBr, "um, oi", None),
            (PtBr, "não 5", None),
            (PtBr, "4 ou 5", None),
            (PtBr, "4,5", None),
            (PtBr, "4.5", None),
            (PtBr, "-5", None),
            (PtBr, "5?", None),
            (PtBr, "R$ 5", None),
            (PtBr, "$5", None),
            (PtBr, "5%", None),
            (PtBr, "55555", None),
            (PtBr, "5ª", None),
            (PtBr, "5h", None),
            (PtBr, "five", None),
            (En, "cinco", None),
            (En, "half", None),
            (PtBr, "meia", None),
            (En, "⭐⭐⭐⭐⭐⭐", None),
            (En, "4 ⭐⭐", None),
            (En, "☆☆☆☆☆", None),
            (En, "the ⭐⭐ hotel", None),
            (En, "👍", None),
            (En, "5\nvery good", None),
        ] {
            assert_eq!(
                rating(&Said::text(text), locale),
                expected,
                "{locale} {text:?}"
            );
        }
        let captioned = Said {
            text: "5".to_owned(),
            kind: SaidKind::Image,
        };
        assert_eq!(rating(&captioned, En), None);
    }

    proptest! {
        #[test]
        fn every_rating_is_from_1_to_5(text in "([0-9⭐★☆/ .,-]|nota|de|um|cinco|\\PC){0,12}") {
            for locale in Locale::ALL {
                if let Some(rating) = rating(&Said::text(text.clone()), locale) {
                    prop_assert!((1..=5).contains(&rating));
                }
            }
        }
    }
}
