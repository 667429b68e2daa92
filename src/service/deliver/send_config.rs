//! How replies are sent: what the owner decides about it.

/// How fast replies are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// As a person would: the chat is marked as read, typing is shown, then the message is sent.
    Human,
    /// At once.
    Off,
}

/// What to do with a reply if WAHA can't tell whether it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InDoubt {
    /// Send it again: rather twice than not at all.
    Resend,
    /// Give up on it, so that a person decides.
    Hold,
}

/// The settings of sending.
#[derive(Clone, Copy, Debug)]
pub struct SendConfig {
    /// Whether to type like a person.
    pub pacing: Pacing,
    /// What to do with a reply of which nobody can tell whether it was sent.
    pub in_doubt: InDoubt,
    /// How many requests may be under way at once.
    pub requests: usize,
}
