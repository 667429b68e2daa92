//! The languages of the built-in texts.

use std::fmt;
use std::str::FromStr;

/// A language of the built-in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Brazilian Portuguese.
    PtBr,
    /// Spanish.
    Es,
}

/// An unknown locale name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown locale `{0}`: write one of en, pt-BR, es")]
pub struct UnknownLocale(pub String);

impl Locale {
    /// All locales, in the order in which messages list them.
    pub const ALL: [Locale; 3] = [Locale::En, Locale::PtBr, Locale::Es];

    /// The name in settings and flow files.
    pub fn as_str(self) -> &'static str {
        match self {
            Locale::En => "en",
            Locale::PtBr => "pt-BR",
            Locale::Es => "es",
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Locale {
    type Err = UnknownLocale;

    /// Also accepts `pt_br` and `PT-BR`: environments use both spellings.
    fn from_str(text: &str) -> Result<Self, UnknownLocale> {
        let wanted = text.trim().replace('_', "-");
        Locale::ALL
            .into_iter()
            .find(|locale| locale.as_str().eq_ignore_ascii_case(&wanted))
            .ok_or_else(|| UnknownLocale(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_read_without_regard_to_case_and_separator() {
        for (text, locale) in [
            ("en", Locale::En),
            ("EN", Locale::En),
            ("pt-BR", Locale::PtBr),
            ("pt_br", Locale::PtBr),
            (" es ", Locale::Es),
        ] {
            assert_eq!(text.parse(), Ok(locale));
        }
        for locale in Locale::ALL {
            assert_eq!(locale.to_string().parse(), Ok(locale));
        }
    }

    #[test]
    fn the_error_for_an_unknown_locale_lists_the_known_ones() {
        let mistake = "fr".parse::<Locale>().unwrap_err().to_string();
        assert_eq!(mistake, "unknown locale `fr`: write one of en, pt-BR, es");
    }
}
