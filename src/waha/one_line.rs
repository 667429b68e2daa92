//! Makes a short text for one line from what a stranger wrote: a customer's WhatsApp name, or an error text.

use std::sync::LazyLock;

use regex::Regex;

/// Characters without any shape of their own: format characters (some turn the text around), and what is meant to be ignored
/// where it is not understood.
const SHAPELESS: &str = r"[\p{Cf}\p{Default_Ignorable_Code_Point}]";

/// Text in which nothing can be seen. Marks need a letter to stand on.
const NOTHING: &str = r"^[\p{Cf}\p{Default_Ignorable_Code_Point}\p{M}\s]*$";

/// Letters and symbols that are blank. People use U+3164 as an empty WhatsApp name.
const BLANKS: [char; 5] = ['\u{115f}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{ffa0}'];

/// The tags after this flag turn it into another one (England, Scotland, Wales).
const BLACK_FLAG: char = '\u{1f3f4}';

/// One line of at most `max` characters; `None` if nothing in it can be seen.
pub(super) fn line(text: &str, max: usize) -> Option<String> {
    let mut kept = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let before = kept.chars().next_back().unwrap_or(' ');
        if c.is_whitespace() || c.is_control() || BLANKS.contains(&c) {
            if before != ' ' {
                kept.push(' ');
            }
            continue;
        }
        let stays = match c {
            // Joiners hold the parts of an emoji together, and shape letters in Persian and Indic scripts.
            '\u{200c}' | '\u{200d}' => {
                let after = characters.peek().copied().unwrap_or(' ');
                is_joinable(before) && is_joinable(after)
            }
            // How an emoji is shown.
            '\u{fe00}'..='\u{fe0f}' => before != ' ',
            '\u{e0020}'..='\u{e007f}' => before == BLACK_FLAG || is_tag(before),
            c => c.is_ascii() || !is_shapeless(c),
        };
        if stays {
            kept.push(c);
        }
    }
    let cut: String = kept.chars().take(max).collect();
    let cut = cut.trim_end_matches([' ', '\u{200c}', '\u{200d}']);
    is_visible(cut).then(|| cut.to_owned())
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

/// Whether a joiner next to this character can change what people see.
fn is_joinable(c: char) -> bool {
    !c.is_ascii()
        && !c.is_whitespace()
        && (!is_shapeless(c) || matches!(c, '\u{fe00}'..='\u{fe0f}'))
}

fn is_shapeless(c: char) -> bool {
    static CLASS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(SHAPELESS).ok());
    matches(&CLASS, c.encode_utf8(&mut [0; 4]))
}

fn is_visible(text: &str) -> bool {
    static CLASS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(NOTHING).ok());
    !matches(&CLASS, text)
}

fn matches(class: &LazyLock<Option<Regex>>, text: &str) -> bool {
    class.as_ref().is_some_and(|class| class.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_classes_are_valid() {
        assert!(Regex::new(SHAPELESS).is_ok() && Regex::new(NOTHING).is_ok());
    }

    #[test]
    fn a_name_is_one_line_that_can_be_seen() {
        for (text, wanted) in [
            ("Ana", Some("Ana")),
            ("  Ana \t Souza ", Some("Ana Souza")),
            ("Ana\nSouza", Some("Ana Souza")),
            ("Ana\r\nSouza", Some("Ana Souza")),
            ("Ana\0Souza\u{7f}", Some("Ana Souza")),
            ("Ana\u{2028}Souza\u{2029}", Some("Ana Souza")),
            ("Ana\u{a0}Souza\u{3000}", Some("Ana Souza")),
            // Text that is turned around, and marks that change its direction.
            ("\u{202e}ana moc.rolav", Some("ana moc.rolav")),
            ("\u{200f}A\u{2066}na\u{2069}\u{61c}", Some("Ana")),
            ("A\u{200b}n\u{ad}a\u{feff}\u{2060}", Some("Ana")),
            ("A\u{200d}na\u{200d}", Some("Ana")),
            ("Ana\u{e0041}\u{e007f}", Some("Ana")),
            ("\u{3164}Ana\u{3164}", Some("Ana")),
            // Emoji and scripts that need their joiners.
            (
                "Família 👨\u{200d}👩\u{200d}👧",
                Some("Família 👨\u{200d}👩\u{200d}👧"),
            ),
            ("🏳\u{fe0f}\u{200d}🌈", Some("🏳\u{fe0f}\u{200d}🌈")),
            ("❤\u{fe0f} Ana", Some("❤\u{fe0f} Ana")),
            (
                "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
                Some("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"),
            ),
            ("می\u{200c}خواهم", Some("می\u{200c}خواهم")),
            ("क्\u{200d}ष", Some("क्\u{200d}ष")),
            ("Jose\u{301}", Some("Jose\u{301}")),
            (".", Some(".")),
            ("김민준", Some("김민준")),
            // Nothing to see.
            ("", None),
            (" \n ", None),
            ("\u{3164}", None),
            ("\u{3164} \u{2800}\u{115f}\u{1160}\u{ffa0}", None),
            ("\u{200b}\u{200d}\u{2063}\u{feff}", None),
            ("\u{202e}\u{202c}", None),
            ("\u{301}\u{302}", None),
            ("\u{fe0f}", None),
            ("\u{34f}\u{17b4}\u{180e}", None),
            ("\u{e0041}\u{e0042}", None),
        ] {
            assert_eq!(line(text, 100).as_deref(), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        assert_eq!(
            line(&"x".repeat(500), 200).map(|line| line.len()),
            Some(200)
        );
        assert_eq!(line("ab cd", 3).as_deref(), Some("ab"));
        assert_eq!(line("👨\u{200d}👩", 2).as_deref(), Some("👨"));
    }

    proptest! {
        #[test]
        fn a_line_is_short_visible_and_its_own_line(text in "\\PC{0,20}|[\\u{0}-\\u{20}\\u{2000}-\\u{206f}\\u{3164}👨a]{0,20}") {
            if let Some(name) = line(&text, 10) {
                prop_assert!(name.chars().count() <= 10);
                prop_assert!(!name.chars().any(char::is_control));
                prop_assert_eq!(name.trim(), &name);
                prop_assert_eq!(line(&name, 10), Some(name.clone()));
            }
        }
    }
}
