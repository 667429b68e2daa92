//! Which parts of a text a search has found, so that they can be marked. It compares words as the index does: without case and
//! accents.

use std::ops::Range;

use super::names::folded;
use super::search::Search;

/// The parts of `text` that have the words of `search`, in order and apart from each other.
#[must_use]
pub fn found_words(search: &str, text: &str) -> Vec<Range<usize>> {
    let words = words_of(text);
    let phrases: Vec<Vec<String>> = Search::words(search)
        .map(|word| {
            let parts = words_of(word).into_iter();
            parts
                .filter_map(|part| Some(folded(word.get(part)?)))
                .collect()
        })
        .filter(|phrase: &Vec<String>| !phrase.is_empty())
        .collect();
    let plain: Vec<String> = words
        .iter()
        .map(|word| folded(text.get(word.clone()).unwrap_or_default()))
        .collect();
    let mut found = Vec::new();
    for (number, phrase) in phrases.iter().enumerate() {
        let is_last = number + 1 == phrases.len();
        for (at, here) in plain.windows(phrase.len()).enumerate() {
            let (Some(first), Some(last)) = (words.get(at), words.get(at + phrase.len() - 1))
            else {
                continue;
            };
            // The last word of a search may be the beginning of one.
            let begins = is_last && begins_with(here, phrase);
            if here == phrase {
                found.push(first.start..last.end);
            } else if begins {
                let typed = phrase.last().map_or(0, |word| word.chars().count());
                let word = text.get(last.clone()).unwrap_or_default();
                found.push(first.start..last.start + end_of(word, typed));
            }
        }
    }
    for symbol in Search::of(search).symbols {
        let at = text.match_indices(&symbol);
        found.extend(at.map(|(at, symbol)| at..at + symbol.len()));
    }
    apart(found)
}

/// Whether these words are those of the phrase, the last one perhaps longer.
fn begins_with(words: &[String], phrase: &[String]) -> bool {
    match (words.split_last(), phrase.split_last()) {
        (Some((word, before)), Some((typed, typed_before))) => {
            before == typed_before && word.starts_with(typed.as_str())
        }
        _ => false,
    }
}

/// The words of a text: letters and digits, with the accents that stand behind their letters.
fn words_of(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match words.last_mut() {
            Some(word) if word.end == at && (c.is_alphanumeric() || is_accent(c)) => word.end = end,
            _ if c.is_alphanumeric() => words.push(at..end),
            _ => {}
        }
    }
    words
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Where the first `count` plain letters of a word end, with the accents of the last one.
fn end_of(word: &str, count: usize) -> usize {
    let mut letters = 0;
    for (at, c) in word.char_indices() {
        if letters >= count && !is_accent(c) {
            return at;
        }
        letters += folded(c.encode_utf8(&mut [0; 4])).chars().count();
    }
    word.len()
}

/// In order, with those that touch as one.
fn apart(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_unstable_by_key(|part| (part.start, part.end));
    let mut all: Vec<Range<usize>> = Vec::new();
    for part in found {
        match all.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => all.push(part),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::found_words;

    /// The text with brackets around what was found.
    fn marked(search: &str, text: &str) -> String {
        let mut marked = String::new();
        let mut from = 0;
        for part in found_words(search, text) {
            marked += &text[from..part.start];
            marked += &format!("[{}]", &text[part.clone()]);
            from = part.end;
        }
        marked + &text[from..]
    }

    #[test]
    fn words_are_marked_whatever_their_case_and_accents() {
        for (search, text, wanted) in [
            ("", "olá", "olá"),
            ("ola", "Olá, OLÁ!", "[Olá], [OLÁ]!"),
            ("amanhã", "amanha", "[amanha]"),
            // The last word may be the beginning of one, the others not.
            (
                "boleto venc",
                "boleto vencido, boletos",
                "[boleto] [venc]ido, boletos",
            ),
            ("bole venc", "boleto venceu", "boleto [venc]eu"),
            (
                "aca",
                "o ac\u{327}a\u{301}i\u{301}",
                "o [ac\u{327}a\u{301}]i\u{301}",
            ),
            // A word with a sign in it is a phrase.
            (
                "e-mail",
                "e mail, e-mails, mail e",
                "[e mail], [e-mail]s, mail e",
            ),
            ("👍 ok", "OK 👍👍", "[OK] [👍👍]"),
            ("\" OR *", "a OR b", "a [OR] b"),
            ("<b>", "x <b>bold", "x <[b]>[b]old"),
        ] {
            assert_eq!(marked(search, text), wanted, "{search}");
        }
    }

    proptest! {
        #[test]
        fn any_search_in_any_text_finds_parts_of_it_in_order(search in ".*", text in ".*") {
            let mut from = 0;
            for part in found_words(&search, &text) {
                prop_assert!(part.start >= from && part.start < part.end);
                prop_assert!(text.get(part.clone()).is_some());
                from = part.end;
            }
        }
    }
}
