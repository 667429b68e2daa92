//! Emoji: the same one in another skin, gender or hair, drawn twice, or with a digit in it.

/// Whether this is an emoji, an arrow or another drawn symbol.
pub(crate) fn is_emoji(c: char) -> bool {
    let drawn = matches!(c,
        '\u{203c}' | '\u{2049}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}'
        | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}'
        | '\u{1f000}'..='\u{1faff}'
    );
    drawn && drawn_digit(c).is_none()
}

/// Whether this character only changes how the emoji before it looks, or joins two.
pub(crate) fn continues_emoji(c: char) -> bool {
    matches!(
        c,
        '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{e0020}'..='\u{e007f}'
    )
}

/// The digit in a drawn circle that Unicode does not decompose.
fn drawn_digit(c: char) -> Option<char> {
    let first = match c {
        '\u{2776}'..='\u{277e}' => '\u{2776}',
        '\u{2780}'..='\u{2788}' => '\u{2780}',
        '\u{278a}'..='\u{2792}' => '\u{278a}',
        '\u{24f5}'..='\u{24fd}' => '\u{24f5}',
        _ => return None,
    };
    char::from_digit(u32::from(c) - u32::from(first) + 1, 10)
}

fn is_skin(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

fn is_gender(c: char) -> bool {
    matches!(c, '♀' | '♂')
}

fn is_hair(c: char) -> bool {
    matches!(c, '\u{1f9b0}'..='\u{1f9b3}')
}

/// The text with each emoji in its plain form: yellow, of no gender, with its usual hair. Digits in circles become digits.
pub(crate) fn plain_emoji(text: &str) -> String {
    const JOINER: char = '\u{200d}';
    let mut plain = String::with_capacity(text.len());
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        let next = |from: usize| {
            let mut rest = chars[from..].iter().copied();
            rest.find(|c| !is_skin(*c) && *c != '\u{fe0f}')
        };
        match c {
            c if is_skin(c) => {}
            // The sign of a gender, or hair, after a joiner.
            JOINER if chars.get(at).is_some_and(|c| is_gender(*c) || is_hair(*c)) => at += 1,
            // A man or a woman with a profession.
            '👨' | '👩' if next(at) == Some(JOINER) => {
                let joined = chars[at..].iter().skip_while(|c| **c != JOINER).nth(1);
                let keeps = joined.is_some_and(|c| is_hair(*c) || is_gender(*c));
                plain.push(if keeps { c } else { '🧑' });
            }
            '🔟' => plain.push_str("10"),
            c => plain.push(drawn_digit(c).unwrap_or(c)),
        }
    }
    plain
}

/// The part that a text without letters and digits repeats: "👍👍" says no more than "👍".
pub(crate) fn without_repeats(symbols: &str) -> String {
    let is_mark = |c: &char| c.is_whitespace() || c.is_ascii_punctuation();
    let drawn: Vec<char> = symbols.chars().filter(|c| !is_mark(c)).collect();
    if drawn.is_empty() {
        return symbols.to_owned();
    }
    let repeats = |length: &usize| {
        drawn.len().is_multiple_of(*length)
            && drawn.chunks(*length).all(|part| part == &drawn[..*length])
    };
    let length = (1..drawn.len()).find(repeats).unwrap_or(drawn.len());
    drawn[..length].iter().collect()
}

/// An emoji that says no.
pub(crate) fn refuses(emoji: &str) -> bool {
    emoji.contains(['👎', '❌', '🚫', '✖', '❎', '🙅', '⛔', '🛑', '✋'])
}

/// An emoji that says "I don't know".
pub(crate) fn doubts(emoji: &str) -> bool {
    emoji.contains(['🤔', '🤷', '❓', '❔', '🧐', '😕'])
}
