//! Comparing words the way people write them: without case, accents and surrounding punctuation.

/// Reduces a text to the form in which options and command words are compared.
///
/// "1)", " 1. " and "*1*" all become "1"; "Posição!" becomes "posicao". What has neither letters nor
/// digits (a lone emoji) is kept as it is, so that it can be an option too.
pub(super) fn fold(text: &str) -> String {
    let trimmed = text.trim();
    let core = trimmed.trim_matches(|c: char| !c.is_alphanumeric());
    let core = if core.is_empty() { trimmed } else { core };
    let mut folded = String::with_capacity(core.len());
    let mut gap = false;
    for c in core.chars().flat_map(char::to_lowercase) {
        if c.is_whitespace() {
            gap = true;
        } else if !is_combining(c) {
            if std::mem::take(&mut gap) {
                folded.push(' ');
            }
            folded.push(without_accent(c));
        }
    }
    folded
}

/// As [`fold`], but the marks at its beginning count: "#Fim " is "#fim", and "fim" is not.
pub(super) fn fold_with_marks(text: &str) -> String {
    let marks = text.chars().take_while(|c| !c.is_alphanumeric());
    let marks: String = marks.filter(|c| !c.is_whitespace()).collect();
    let word = fold(text);
    if word.contains(char::is_alphanumeric) {
        marks + &word
    } else {
        word
    }
}

/// Accents that are written as characters of their own: some phones send "e" and then the accent.
fn is_combining(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Covers the lower-case letters of western European languages; others are compared as they are.
fn without_accent(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' => 'i',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'š' | 'ś' => 's',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ž' | 'ź' | 'ż' => 'z',
        other => other,
    }
}

/// The candidate that was probably meant by a word with a slip in it, if one is close enough.
pub(super) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = fold(word);
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be added, dropped, replaced or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert_eq!(fold(written), folded, "{written:?}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_finds_its_word() {
        let known = ["next", "options", "otherwise"];
        assert_eq!(closest("nxet", known), Some("next"));
        assert_eq!(closest("option", known), Some("options"));
        assert_eq!(closest("otherwize", known), Some("otherwise"));
        assert_eq!(closest("zebra", known), None);
    }
}
