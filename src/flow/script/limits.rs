//! How much a chat may be answered before the bot leaves it alone: the brake for two bots that would talk forever.

use std::time::Duration;

/// `[limits]` in a flow file. 0 switches a limit off.
///
/// The numbers are far from what a person in a hurry needs, and two bots reach them within minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many conversations a chat may open in an hour.
    pub conversations_per_hour: u32,
    /// How many replies a chat gets in an hour. What the flow says at once is one reply, in however many messages.
    pub replies_per_hour: u32,
    /// How many answers in a row may look as if a machine wrote them.
    pub machine_answers: u32,
    /// How long the bot then leaves the chat alone.
    pub leave_alone_for: Duration,
}

impl Limits {
    /// No limits.
    pub const OFF: Limits = Limits {
        conversations_per_hour: 0,
        replies_per_hour: 0,
        machine_answers: 0,
        leave_alone_for: Duration::ZERO,
    };

    /// Whether all limits are switched off.
    pub fn is_off(&self) -> bool {
        self.conversations_per_hour == 0 && self.replies_per_hour == 0 && self.machine_answers == 0
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            conversations_per_hour: 30,
            replies_per_hour: 100,
            machine_answers: 6,
            leave_alone_for: Duration::from_secs(3_600),
        }
    }
}
