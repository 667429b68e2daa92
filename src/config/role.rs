//! What a process does.

use std::fmt;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `Serve` and `Work` together.
    All,
    /// Receives webhooks, and keeps the history if no other process does.
    Serve,
    /// Handles conversations and sends replies and notices.
    Work,
}

impl Role {
    /// Whether it receives webhooks.
    pub fn serves(self) -> bool {
        self != Self::Work
    }

    /// Whether it handles conversations.
    pub fn works(self) -> bool {
        self != Self::Serve
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Serve => "serve",
            Self::Work => "work",
        })
    }
}
