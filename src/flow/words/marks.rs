//! Characters that a phone or a program adds to an answer and that the customer does not mean: invisible ones, typographic
//! hyphens and spaces, and WhatsApp's own markup.

/// The text with plain hyphens, spaces and digits, without invisible characters, and without WhatsApp's markup around its
/// words: "*5*", "5️⃣" and "> 5" become "5".
pub(crate) fn plain_marks(text: &str) -> String {
    let text = visible(&text.replace("\r\n", "\n"));
    let mut plain: String = text.chars().filter_map(plain_char).collect();
    if plain.contains("```") {
        plain = plain.replace("```", "");
    }
    let lines: Vec<String> = plain.split('\n').map(without_markup).collect();
    lines.join("\n").trim().to_owned()
}

/// The text without characters that nobody sees. Those that join several emoji into one stay.
pub(crate) fn visible(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joins = matches!(c, ZERO_WIDTH_JOINER | EMOJI_STYLE)
            && kept.chars().next_back().is_some_and(is_symbol)
            && (c == EMOJI_STYLE || chars.peek().copied().is_some_and(is_symbol));
        if joins || !is_invisible(c) {
            kept.push(c);
        }
    }
    kept
}

/// Joins two emoji into one, as in a family.
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Says that the symbol before it is drawn as an emoji.
const EMOJI_STYLE: char = '\u{fe0f}';

/// A key of the telephone, around the digit before it: "5️⃣".
const KEYCAP: char = '\u{20e3}';

/// Emoji and the like.
fn is_symbol(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace() || c == EMOJI_STYLE
}

/// Unicode's characters without a shape: format characters, fillers, and the selectors of a variant.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    ) || c.is_control() && !c.is_whitespace()
}

/// The plain form of a hyphen, a space or a digit.
fn plain_char(c: char) -> Option<char> {
    let digit = |from: char| char::from_digit((u32::from(c) - u32::from(from)) % 10, 10);
    match c {
        KEYCAP => None,
        c if is_hyphen(c) => Some('-'),
        '\t' => Some(' '),
        '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        c if c.is_whitespace() && c != '\n' => Some(' '),
        // Full width, as in Asian keyboards, and the bold digits of "fancy fonts".
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{1d7ce}'..='\u{1d7ff}' => digit('\u{1d7ce}'),
        c => Some(c),
    }
}

/// Hyphens, dashes and the minus, of every width.
pub(crate) fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{2796}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
    )
}

/// What WhatsApp puts around bold, italic, struck-out and monospaced words.
const MARKUP: [char; 4] = ['*', '_', '~', '`'];

/// One line without the mark of a quote before it, and without markup.
fn without_markup(line: &str) -> String {
    let mut line = line.trim();
    while let Some(quoted) = line.strip_prefix('>') {
        line = quoted.trim_start();
    }
    MARKUP.into_iter().fold(line.to_owned(), without_pairs)
}

/// The line without this mark where it stands in pairs around words, as WhatsApp reads it. Within a word, as in
/// "ana_maria_souza@example.com", it is no markup.
fn without_pairs(line: String, mark: char) -> String {
    if !line.contains(mark) {
        return line;
    }
    let chars: Vec<char> = line.chars().collect();
    let opens = |at: usize| {
        let before = at.checked_sub(1).map(|at| chars[at]);
        chars[at] == mark
            && before
                .is_none_or(|c| c.is_whitespace() || "([{\"'-".contains(c) || MARKUP.contains(&c))
            && chars
                .get(at + 1)
                .is_some_and(|c| !c.is_whitespace() && *c != mark)
    };
    let closes = |at: usize| {
        let after = chars.get(at + 1);
        chars[at] == mark
            && !chars[at - 1].is_whitespace()
            && after.is_none_or(|c| {
                c.is_whitespace() || ")]}\"'-.,;:!?".contains(*c) || MARKUP.contains(c)
            })
    };
    let mut kept = String::with_capacity(line.len());
    let mut close = None;
    for at in 0..chars.len() {
        if close == Some(at) {
            close = None;
        } else if close.is_none()
            && opens(at)
            && let Some(end) = (at + 2..chars.len()).find(|end| closes(*end))
        {
            close = Some(end);
        } else {
            kept.push(chars[at]);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_nobody_sees_or_means_is_left_out() {
        for (written, plain) in [
            ("\u{202a}+55 11 98765-4321\u{202c}", "+55 11 98765-4321"),
            ("\u{2068}11 98765-4321\u{2069}", "11 98765-4321"),
            ("11\u{200b}98765\u{200b}4321", "11987654321"),
            ("\u{feff}12", "12"),
            ("1\u{ad}2\u{2060}3", "123"),
            ("529.982.247\u{2011}25", "529.982.247-25"),
            ("529.982.247\u{2212}25", "529.982.247-25"),
            ("1\u{2013}2\u{2014}3\u{fe63}4\u{ff0d}5", "1-2-3-4-5"),
            ("529\u{a0}982\u{202f}247\u{2009}25", "529 982 247 25"),
            ("\u{3000}5\u{3000}", "5"),
            ("５／１２", "5/12"),
            ("𝟓𝟓", "55"),
            ("5\u{fe0f}\u{20e3}", "5"),
            ("1\u{fe0f}\u{20e3}2\u{fe0f}\u{20e3}", "12"),
            ("*5*", "5"),
            ("_12_", "12"),
            ("~x~", "x"),
            ("`5`", "5"),
            ("```5```", "5"),
            ("```\n5\n```", "5"),
            ("*_5_*", "5"),
            ("_*5*_", "5"),
            ("> 5", "5"),
            (">> *5*", "5"),
            ("dia *5/12*, às *14h*", "dia 5/12, às 14h"),
            ("R$ *1.234,56*!", "R$ 1.234,56!"),
            ("ana_maria_souza@example.com", "ana_maria_souza@example.com"),
            ("_ana@example.com_", "ana@example.com"),
            ("2*3*4", "2*3*4"),
            ("5*", "5*"),
            ("* 5 *", "* 5 *"),
            ("-5", "-5"),
            ("a\r\nb", "a\nb"),
            ("", ""),
            ("**", "**"),
            ("\u{200b}", ""),
        ] {
            assert_eq!(plain_marks(written), plain, "{written:?}");
        }
    }

    #[test]
    fn emoji_of_several_characters_stay_whole() {
        for text in ["👩\u{200d}🔧", "❤\u{fe0f}", "🏳\u{fe0f}\u{200d}🌈", "👍🏽"] {
            assert_eq!(visible(text), text);
            assert_eq!(plain_marks(text), text);
        }
        assert_eq!(visible("a\u{200d}b\u{fe0f}"), "ab");
    }

    proptest! {
        #[test]
        fn plain_words_stay_as_they_are(text in "[a-zA-Z0-9áéíóúãõçñ.,;:/ -]{0,40}") {
            prop_assert_eq!(plain_marks(&text), text.trim());
        }

        #[test]
        fn no_text_makes_it_panic_and_nothing_invisible_stays(text in "([*_~` >\n5a]|\\PC|\u{200b}|\u{202e}){0,30}") {
            let plain = plain_marks(&text);
            let invisible = |c: char| is_invisible(c) && c != ZERO_WIDTH_JOINER && c != EMOJI_STYLE;
            prop_assert!(!plain.contains(invisible));
        }
    }
}
