//! Reads settings one by one. Each becomes a value, or a mistake that says what to write instead.

use std::str::FromStr;

use crate::secret::Secret;

/// A shorter secret can be guessed, and then anyone can pretend to be WAHA.
pub(super) const SECRET_LENGTH_MIN: usize = 16;

/// The mistakes in the settings: one line each, which says what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

/// An empty setting counts as not set, because compose files write `KEY=`.
pub(super) fn set(value: Option<&String>) -> Option<&str> {
    value
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

/// Collects mistakes and warnings while it reads.
#[derive(Default)]
pub(super) struct SettingsReader {
    mistakes: Vec<String>,
    warnings: Vec<String>,
}

impl SettingsReader {
    /// Builds the result from the values and the warnings, or returns all mistakes. If `build` returns `None`, a value is
    /// missing, and there is a mistake about it.
    pub(super) fn finish<T>(
        self,
        build: impl FnOnce(Vec<String>) -> Option<T>,
    ) -> Result<T, Mistakes> {
        match build(self.warnings) {
            Some(config) if self.mistakes.is_empty() => Ok(config),
            _ => Err(Mistakes(self.mistakes)),
        }
    }

    /// All mistakes and warnings.
    pub(super) fn into_mistakes_and_warnings(self) -> (Vec<String>, Vec<String>) {
        (self.mistakes, self.warnings)
    }

    pub(super) fn mistake(&mut self, setting: &str, what: &str) {
        self.mistakes.push(format!("{setting} {what}"));
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    pub(super) fn parsed<T: FromStr>(
        &mut self,
        setting: &str,
        value: Option<&String>,
        default: &str,
        wanted: &str,
    ) -> Option<T> {
        let value = set(value).unwrap_or(default);
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.mistake(setting, &format!("is {value:?}: write {wanted}"));
        }
        parsed
    }

    /// The first choice is the default.
    pub(super) fn choice<T: Copy>(
        &mut self,
        setting: &str,
        value: Option<&String>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let Some(value) = set(value) else {
            return choices.first().map(|(_, choice)| *choice);
        };
        let chosen = choices
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(value))
            .map(|(_, choice)| *choice);
        if chosen.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.mistake(
                setting,
                &format!("is {value:?}: write {}", names.join(" or ")),
            );
        }
        chosen
    }

    /// The secret in the variable, or in the file that `<setting>_FILE` names.
    pub(super) fn secret(
        &mut self,
        setting: &str,
        value: Option<&String>,
        file: Option<&String>,
    ) -> Option<Secret> {
        let secret = match (set(value), set(file)) {
            (Some(_), Some(_)) => {
                self.mistake(
                    setting,
                    &format!("and {setting}_FILE are both set: keep one of them"),
                );
                // Not `None`, which would also be reported as missing.
                String::new()
            }
            (Some(value), None) => value.to_owned(),
            (None, Some(file)) => self.secret_file(setting, file),
            (None, None) => return None,
        };
        Some(Secret::new(secret))
    }

    fn secret_file(&mut self, setting: &str, file: &str) -> String {
        let content = match std::fs::read_to_string(file) {
            Ok(content) => content.trim().to_owned(),
            Err(error) => {
                self.mistake(
                    &format!("{setting}_FILE"),
                    &format!("is {file:?}, and this file can't be read: {error}"),
                );
                return String::new();
            }
        };
        if content.is_empty() {
            self.mistake(
                &format!("{setting}_FILE"),
                &format!("is {file:?}, and this file is empty: write the secret into it"),
            );
        }
        content
    }
}

/// The warning about a secret that can be guessed.
pub(super) fn guessable(setting: &str, secret: &Secret) -> Option<String> {
    is_guessable(secret).then(|| {
        format!(
            "{setting} is shorter than {SECRET_LENGTH_MIN} characters and can be guessed; make one with: openssl rand -hex 32"
        )
    })
}

pub(super) fn is_guessable(secret: &Secret) -> bool {
    secret.reveal().chars().count() < SECRET_LENGTH_MIN
}
