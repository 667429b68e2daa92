//! A secret: a text that logs and debug output never show.

use std::fmt;

/// A key, a password, or a URL that may hold one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `secret` from logs and debug output.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for the code that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
