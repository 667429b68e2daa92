//! Reads a file as UTF-8. If it is not, says which byte is the first wrong one, which encoding the file probably has, and how to
//! save it.

use crate::flow::load::reader::Mistake;

/// The text of a file.
///
/// # Errors
/// The first byte that is not UTF-8.
pub fn utf8_text(bytes: Vec<u8>) -> Result<String, Mistake> {
    if let Some(name) = wide(&bytes) {
        return Err(Mistake {
            line: 1,
            column: 1,
            message: format!("this file is {name}, not UTF-8; {SAVE}"),
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        mistake(error.as_bytes(), at)
    })
}

/// How to save a file in UTF-8.
const SAVE: &str = "save it as UTF-8 (Notepad: Save as, Encoding: UTF-8; VS Code: click the encoding in the bar at the bottom, then \
     Save with Encoding)";

/// An encoding in which each character has two bytes or more.
fn wide(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        // Without a mark at its start: every other byte of plain letters is 0.
        [_, 0, _, 0, ..] | [0, _, 0, _, ..] => Some("UTF-16"),
        _ => None,
    }
}

fn mistake(bytes: &[u8], at: usize) -> Mistake {
    let before = &bytes[..at];
    let line_start = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |break_at| break_at + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..])
        .chars()
        .count()
        + 1;
    let byte = bytes[at];
    let (name, letter) = probable(bytes);
    let meant = match letter(byte) {
        Some(c) => {
            let is_end = |b: &u8| b.is_ascii() && !b.is_ascii_alphanumeric();
            let from = before.iter().rposition(is_end).map_or(0, |end| end + 1);
            let to = bytes[at..]
                .iter()
                .position(is_end)
                .map_or(bytes.len(), |end| at + end);
            let word = word(&bytes[from..to], letter);
            let inside = if word.chars().count() > 1 {
                format!(" in \"{word}\"")
            } else {
                String::new()
            };
            format!("in {name} it is \"{c}\"{inside}")
        }
        None => "no usual encoding has a letter for it".to_owned(),
    };
    Mistake {
        line,
        column,
        message: format!("byte {at} of this file (0x{byte:02X}) is not UTF-8: {meant}; {SAVE}"),
    }
}

/// The word in this encoding; parts that are UTF-8 stay.
fn word(bytes: &[u8], letter: fn(u8) -> Option<char>) -> String {
    const WORD_MAX: usize = 40;
    let mut word = String::new();
    for chunk in bytes.utf8_chunks() {
        word.push_str(chunk.valid());
        word.extend(chunk.invalid().iter().map(|b| letter(*b).unwrap_or('?')));
    }
    word.chars().take(WORD_MAX).collect()
}

/// A letter of an encoding with one byte for each.
type Letter = fn(u8) -> Option<char>;

/// The encoding in which the most of the file's other bytes are letters that people write.
fn probable(bytes: &[u8]) -> (&'static str, Letter) {
    let encodings: [(&'static str, Letter); 3] = [
        ("Windows-1252 (Latin-1)", windows_1252),
        ("Code page 850 (DOS)", code_page_850),
        ("Mac Roman", mac_roman),
    ];
    let usual = |letter: Letter| {
        let invalid = bytes.utf8_chunks().flat_map(|chunk| chunk.invalid());
        invalid
            .filter(|b| letter(**b).is_some_and(|c| USUAL.contains(c)))
            .count()
    };
    let mut best = encodings[0];
    for one in encodings {
        if usual(one.1) > usual(best.1) {
            best = one;
        }
    }
    best
}

/// The letters of Portuguese and Spanish, and the signs that word processors write.
const USUAL: &str = "áàâãéêíóôõúüçñÁÀÂÃÉÊÍÓÔÕÚÜÇÑ¿¡ºª“”‘’–—…";

fn windows_1252(byte: u8) -> Option<char> {
    const HIGH: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0',
        '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => Some(HIGH[usize::from(byte - 0x80)]).filter(|c| *c != '\0'),
        _ => Some(char::from(byte)),
    }
}

/// From 0x80, the letters that matter to us.
fn code_page_850(byte: u8) -> Option<char> {
    one_of(
        byte,
        "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´",
    )
}

fn mac_roman(byte: u8) -> Option<char> {
    one_of(
        byte,
        "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ",
    )
}

fn one_of(byte: u8, from_0x80: &str) -> Option<char> {
    from_0x80.chars().nth(usize::from(byte).checked_sub(0x80)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wrong_byte_is_told_with_the_letter_that_it_means() {
        for (bytes, line, column, has) in [
            (
                &b"name = 'a'\n[step.b]\nsay = 'recep\xe7\xe3o'\n"[..],
                3,
                13,
                "byte 32 of this file (0xE7)",
            ),
            (
                b"say = 'recep\xe7\xe3o'",
                1,
                13,
                "in Windows-1252 (Latin-1) it is \"\u{e7}\" in \"recep\u{e7}\u{e3}o\"",
            ),
            (b"say = 'ol\xe1'", 1, 10, "save it as UTF-8"),
            (b"say = \x93oi\x94", 1, 7, "\u{201c}"),
            (
                b"say = 'recep\x87\xc6o, a\x87\xe4es'",
                1,
                13,
                "in Code page 850 (DOS) it is \"\u{e7}\" in \"recep\u{e7}\u{e3}o\"",
            ),
            (
                b"say = 'recep\x8d\x8bo'",
                1,
                13,
                "in Mac Roman it is \"\u{e7}\"",
            ),
            (b"\xff\xfes\0a\0y\0", 1, 1, "this file is UTF-16"),
            (b"\xfe\xff\0s\0a", 1, 1, "this file is UTF-16"),
            (b"s\0a\0y\0", 1, 1, "this file is UTF-16"),
            (b"say = '\xc3", 1, 8, "byte 7"),
        ] {
            let mistake = utf8_text(bytes.to_vec()).unwrap_err();
            assert_eq!(
                (mistake.line, mistake.column),
                (line, column),
                "{mistake:?}"
            );
            assert!(mistake.message.contains(has), "{mistake:?}");
        }
        assert_eq!(
            utf8_text("\u{feff}say = 'ação'".into()).unwrap(),
            "\u{feff}say = 'ação'"
        );
    }
}
