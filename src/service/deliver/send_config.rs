//! The owner's settings for sending replies.

/// How fast replies are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// Like a person: mark the chat as read, show typing, then send.
    Human,
    /// At once.
    Off,
}

/// What to do with a reply if WAHA can't tell whether it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InDoubt {
    /// Send it again: twice is better than never.
    Resend,
    /// Don't send it. It becomes a dead reply, and a person decides.
    Hold,
}

/// The settings for sending.
#[derive(Clone, Copy, Debug)]
pub struct SendConfig {
    /// Whether to type like a person.
    pub pacing: Pacing,
    /// What to do with a reply if WAHA can't tell whether it was sent.
    pub in_doubt: InDoubt,
    /// How many requests may run at once.
    pub requests: usize,
}
