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
