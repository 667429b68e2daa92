//! The header that names a file for saving (RFC 6266). The name comes from a customer's phone.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest name, in characters. Disks take 255 bytes.
const NAME_MAX: usize = 60;

/// All except `attr-char` of RFC 8187.
const NOT_IN_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The header's value. `shown`: in a page, and not only saved. `fallback` names a file without a name of its own.
pub(super) fn disposition(shown: bool, name: Option<&str>, fallback: &str) -> String {
    let name = name.and_then(safe_name);
    let name = name.as_deref().unwrap_or(fallback);
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ' ' | '(' | ')');
    let ascii: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let kind = if shown { "inline" } else { "attachment" };
    let encoded = utf8_percent_encode(name, NOT_IN_VALUE);
    format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

/// The name without anything that leads to another folder, hides its end or turns the text around; `None` if nothing is left.
fn safe_name(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = name
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c));
    let kept: String = kept
        .map(|c| match c {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' | '%' => '_',
            c if c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    // A leading dot hides the file, and Windows drops dots and spaces at the end.
    let kept = kept.trim_matches([' ', '.']);
    let name = match kept.rsplit_once('.') {
        // The end stays: it says which program opens the file.
        Some((stem, end)) if end.chars().count() <= 10 => {
            let stem: String = stem.chars().take(NAME_MAX - 11).collect();
            format!("{}.{end}", stem.trim_end())
        }
        _ => kept.chars().take(NAME_MAX).collect(),
    };
    (!name.is_empty()).then_some(name)
}

/// Characters that format text, such as the one that makes `gpj.exe` look like `exe.jpg`.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_one_that_can_be_saved() {
        for (name, saved) in [
            ("boleto.pdf", "boleto.pdf"),
            ("Comprovante março (1).pdf", "Comprovante março (1).pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\a.dll", "a.dll"),
            ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
            ("a\";filename=b.exe", "a_;filename=b.exe"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            (".htaccess", "htaccess"),
            ("a. . .", "a"),
            ("a\tb\u{a0}c.txt", "ab c.txt"),
        ] {
            assert_eq!(safe_name(name).as_deref(), Some(saved), "{name:?}");
        }
        for name in ["", "...", "/", "\u{202e}", " \n "] {
            assert_eq!(safe_name(name), None, "{name:?}");
        }
        let long = format!("{}.pdf", "á".repeat(300));
        let saved = safe_name(&long).unwrap();
        assert!(saved.ends_with("á.pdf") && saved.chars().count() <= NAME_MAX);
    }

    #[test]
    fn the_header_has_the_name_twice() {
        assert_eq!(
            disposition(true, Some("maçã \"1\".png"), "x"),
            "inline; filename=\"ma__ _1_.png\"; filename*=UTF-8''ma%C3%A7%C3%A3%20_1_.png"
        );
        assert_eq!(
            disposition(false, Some("\u{202e}"), "file-7.bin"),
            "attachment; filename=\"file-7.bin\"; filename*=UTF-8''file-7.bin"
        );
        assert_eq!(
            disposition(false, None, "a"),
            "attachment; filename=\"a\"; filename*=UTF-8''a"
        );
    }

    proptest! {
        #[test]
        fn a_header_is_one_line_with_two_closed_names(name in "\\PC{0,80}|[\\u{0}-\\u{ff}]{0,80}") {
            let header = disposition(false, Some(&name), "file");
            prop_assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)), "{header}");
            prop_assert_eq!(header.matches('"').count(), 2);
            prop_assert!(!header.contains(['/', '\\']), "{header}");
        }
    }
}
