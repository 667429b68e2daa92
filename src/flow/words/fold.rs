//! Compares words without regard to case, accents and surrounding punctuation.

use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};

use crate::flow::words::emoji::{plain_emoji, without_repeats};
use crate::flow::words::marks::is_invisible;

/// Separates letters from their accents, and turns full-width letters, ligatures and circled digits into plain ones.
const PLAIN: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();

/// Kept as they are: as a plain letter, the º would turn "nº" into "no".
const ORDINALS: [char; 2] = ['ª', 'º'];

/// The form in which options and command words are compared.
///
/// "1)", " 1. " and "*1*" all become "1"; "Posição!" becomes "posicao". A text without letters and
/// digits (a lone emoji) is kept, so that it can be an option too: in its plain form, and once.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        let mut folded = String::with_capacity(text.len());
        push_words(
            &mut folded,
            core(text).chars().map(|c| straight(c.to_ascii_lowercase())),
        );
        return folded;
    }
    let plain = plain(text);
    let mut folded = String::with_capacity(plain.len());
    push_words(&mut folded, core(&plain).chars().flat_map(without_case));
    if folded.contains(char::is_alphanumeric) {
        folded
    } else {
        without_repeats(&folded)
    }
}

/// Like [`fold`], but keeps the marks at the beginning: "#Fim " becomes "#fim", which is not "fim".
pub(crate) fn fold_with_marks(text: &str) -> String {
    let marks = text.chars().take_while(|c| !c.is_alphanumeric());
    let marks: String = marks.filter(|c| !c.is_whitespace()).collect();
    let word = fold(text);
    if word.contains(char::is_alphanumeric) {
        marks + &word
    } else {
        word
    }
}

/// The text without the marks around its words; the whole text if it has no words.
fn core(text: &str) -> &str {
    let trimmed = text.trim();
    let core = trimmed.trim_matches(|c: char| !c.is_alphanumeric());
    if core.is_empty() { trimmed } else { core }
}

/// White space between two words becomes one space.
fn push_words(folded: &mut String, chars: impl Iterator<Item = char>) {
    let mut gap = false;
    for c in chars {
        if c.is_whitespace() {
            gap = true;
        } else {
            if std::mem::take(&mut gap) {
                folded.push(' ');
            }
            folded.push(c);
        }
    }
}

/// The text without accents, whether the phone sent "é" as one character or as two.
fn plain(text: &str) -> String {
    let text = plain_emoji(text);
    let mut plain = String::with_capacity(text.len());
    for part in text.split_inclusive(ORDINALS) {
        let words = part.trim_end_matches(ORDINALS);
        let seen = words.chars().filter(|c| !is_invisible(*c)).map(straight);
        let letters = PLAIN.normalize_iter(seen);
        let letters = letters.filter(|c| !is_mark(*c)).map(straight);
        plain.extend(letters.map(without_stroke));
        plain.push_str(&part[words.len()..]);
    }
    plain
}

/// Phones type "don’t" where a keyboard has "don't", and some people type "don`t".
fn straight(c: char) -> char {
    match c {
        '‘'..='‛'
        | '´'
        | '`'
        | '′'
        | '‵'
        | 'ʹ'
        | 'ʻ'..='ʽ'
        | 'ˈ'
        | 'ˋ'
        | 'ˊ'
        | '՚'
        | 'Ꞌ'..='ꞌ'
        | '＇'
        | '\u{1fef}'
        | '\u{1ffd}' => '\'',
        other => other,
    }
}

/// Accents, and the selectors that say whether a symbol is drawn as an emoji.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}')
}

/// Unicode does not decompose these letters.
fn without_stroke(c: char) -> char {
    match c {
        'Ø' | 'ø' => 'o',
        'Ł' | 'ł' => 'l',
        'Đ' | 'đ' => 'd',
        other => other,
    }
}

/// Lower case, via upper case, so that "ß" and "SS" become the same.
fn without_case(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}

/// The candidate that a misspelt word probably means, if one is close enough.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = fold(word);
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&word, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_write_the_same_word_in_many_ways() {
        for (written, folded) in [
            ("1)", "1"),
            (" 1. ", "1"),
            ("*1*", "1"),
            ("1\u{fe0f}\u{20e3}", "1"),
            ("Posição!", "posicao"),
            ("posic\u{327}a\u{303}o", "posicao"),
            ("FALAR   com\nalguém", "falar com alguem"),
            ("👍", "👍"),
            ("  ", ""),
            ("Ñandú", "nandu"),
            ("Smørrebrød in Łódź", "smorrebrod in lodz"),
            ("（１）", "1"),
            ("①", "1"),
            ("Ｓｉｍ", "sim"),
            ("𝗦𝗶𝗺", "sim"),
            ("ﬁm", "fim"),
            ("STRASSE", "strasse"),
            ("Straße", "strasse"),
            ("I don’t", "i don't"),
            ("don\u{2bc}t", "don't"),
            ("don`t", "don't"),
            ("don\u{2032}t", "don't"),
            ("don＇t", "don't"),
            ("don\u{a78b}t", "don't"),
            ("👍🏽", "👍"),
            ("👍\u{fe0f}👍🏿", "👍"),
            ("👍 👍!", "👍"),
            ("👎🏿", "👎"),
            ("👍👎", "👍👎"),
            ("🙋🏽\u{200d}♀\u{fe0f}", "🙋"),
            ("👩🏾\u{200d}🔧", "🧑🔧"),
            ("🧑\u{200d}🔧", "🧑🔧"),
            ("👩\u{200d}🦰", "👩"),
            ("🇧🇷🇧🇷", "🇧🇷"),
            ("❶", "1"),
            ("🔟", "10"),
            ("ma\u{ad}r\u{200b}car\u{200e}", "marcar"),
            ("d´água", "d'agua"),
            ("nº 2", "nº 2"),
            ("1ª via", "1ª via"),
            ("❤\u{fe0f}", "❤"),
            ("sim\u{a0}senhor", "sim senhor"),
        ] {
            assert_eq!(fold(written), folded, "{written:?}");
        }
    }

    #[test]
    fn accents_do_not_count_in_any_encoding() {
        for (letters, plain) in [
            ("áàâãäåāăą", 'a'),
            ("çćč", 'c'),
            ("éèêëēęě", 'e'),
            ("íìîïī", 'i'),
            ("ñńň", 'n'),
            ("óòôõöøōő", 'o'),
            ("šś", 's'),
            ("úùûüūůű", 'u'),
            ("ýÿ", 'y'),
            ("žźż", 'z'),
        ] {
            for letter in letters.chars() {
                let upper: String = letter.to_uppercase().collect();
                for written in [letter.to_string(), upper] {
                    assert_eq!(fold(&written), plain.to_string(), "{written}");
                    let apart: String = DecomposingNormalizer::new_nfd()
                        .normalize(&written)
                        .into_owned();
                    assert_eq!(fold(&apart), plain.to_string(), "{written}");
                }
            }
        }
    }

    fn apart(text: &str) -> String {
        DecomposingNormalizer::new_nfd()
            .normalize(text)
            .into_owned()
    }

    #[test]
    fn every_character_folds_the_same_composed_and_decomposed() {
        // Alphabets, digits and letter forms: everything that decomposes, except East Asian scripts.
        let alphabets = '\0'..='\u{24ff}';
        let forms = '\u{fb00}'..='\u{ffee}';
        let bold = '\u{1d400}'..='\u{1d7ff}';
        for c in alphabets.chain(forms).chain(bold) {
            let text = c.to_string();
            assert_eq!(fold(&text), fold(&apart(&text)), "{c:?} {:x}", c as u32);
            assert_eq!(fold(&fold(&text)), fold(&text), "{c:?} {:x}", c as u32);
            // Greek has a mark that becomes a letter in upper case.
            if !apart(&text).contains('\u{345}') {
                assert_eq!(
                    fold(&text),
                    fold(&text.to_uppercase()),
                    "{c:?} {:x}",
                    c as u32
                );
                assert_eq!(
                    fold(&text),
                    fold(&text.to_lowercase()),
                    "{c:?} {:x}",
                    c as u32
                );
            }
        }
    }

    proptest! {
        #[test]
        fn texts_fold_the_same_in_one_piece_and_in_two(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(&folded, &fold(&apart(&text)));
            prop_assert_eq!(&folded, &fold(&folded));
            let together = icu_normalizer::ComposingNormalizer::new_nfc().normalize(&text).into_owned();
            prop_assert_eq!(&folded, &fold(&together));
        }
    }

    #[test]
    fn a_misspelt_word_finds_the_right_one() {
        let known = ["next", "options", "otherwise"];
        assert_eq!(closest("nxet", known), Some("next"));
        assert_eq!(closest("option", known), Some("options"));
        assert_eq!(closest("otherwize", known), Some("otherwise"));
        assert_eq!(closest("zebra", known), None);
    }
}
