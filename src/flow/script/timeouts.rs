//! How long a flow waits: for the rest of an answer, for a silent customer, for the owner, for an agent.

use std::time::Duration;

/// `[timeouts]` in a flow file.
#[derive(Debug)]
pub(crate) struct Timeouts {
    /// An answer is complete after this much silence. Zero: each message is an answer.
    pub(crate) burst: Duration,
    pub(crate) remind_after: Duration,
    pub(crate) close_after: Duration,
    pub(crate) resume_within: Duration,
    pub(crate) phone_quiet: Duration,
    /// How long an agent may leave a customer unanswered, and keep one who has nothing more to say.
    pub(crate) agent_quiet: Duration,
    /// How long an agent may be away while a customer waits for an answer.
    pub(crate) agent_gone: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Timeouts {
            burst: Duration::from_millis(1_500),
            remind_after: minutes(5),
            // A silent customer keeps a worker busy. A customer who comes back later continues where they stopped.
            close_after: minutes(15),
            resume_within: minutes(24 * 60),
            phone_quiet: minutes(30),
            agent_quiet: minutes(30),
            agent_gone: minutes(5),
        }
    }
}
