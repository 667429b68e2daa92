//! What a checkup can find. To check one more thing, add it here, look for it in [`look`](super::look), and say it in the pages.

use crate::clock::Millis;
use crate::ids::SessionName;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It works.
    Good,
    /// Somebody should look at it.
    Notice,
    /// Customers are not served as they should be.
    Problem,
}

impl Level {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Notice => "notice",
            Self::Problem => "problem",
        }
    }
}

/// One thing that was checked, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Redis takes writes.
    RedisWorks,
    /// Redis does not: why.
    RedisFails(String),
    /// The processes that work, and the customers that the bot can attend at once.
    Workers {
        /// How many processes.
        processes: usize,
        /// How many customers at once.
        workers: u64,
    },
    /// No process attends customers.
    NoWorkers,
    /// Every process that sends can use WAHA.
    WahaWorks,
    /// No process that sends has reported yet.
    WahaUnknown,
    /// Some can't use WAHA: why.
    WahaFails(Vec<String>),
    /// A session is connected to WhatsApp.
    SessionWorks(SessionName),
    /// A session can't send or receive.
    SessionDown {
        /// Which.
        session: SessionName,
        /// WAHA's word; empty if we only know that it can't send.
        status: String,
        /// Since when.
        since: Millis,
    },
    /// Somebody has paused a line.
    LinePaused {
        /// Of this session.
        session: SessionName,
        /// Of this team; empty: the whole line.
        team: String,
        /// Who.
        by: String,
        /// Since when.
        since: Millis,
    },
    /// The history is written.
    HistoryWorks,
    /// It can't be written: why.
    HistoryFails(String),
    /// The flows that are followed, in words.
    FlowsWork(String),
    /// The flow files have mistakes now: a reload, or a restart, would refuse them.
    FlowsHaveMistakes(Vec<String>),
    /// No reply was given up.
    NoDeadReplies,
    /// Replies that were given up, and wait for somebody's decision.
    DeadReplies(u64),
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::RedisWorks
            | Self::Workers { .. }
            | Self::WahaWorks
            | Self::SessionWorks(_)
            | Self::HistoryWorks
            | Self::FlowsWork(_)
            | Self::NoDeadReplies => Level::Good,
            Self::WahaUnknown
            | Self::LinePaused { .. }
            | Self::FlowsHaveMistakes(_)
            | Self::DeadReplies(_) => Level::Notice,
            Self::RedisFails(_)
            | Self::NoWorkers
            | Self::WahaFails(_)
            | Self::SessionDown { .. }
            | Self::HistoryFails(_) => Level::Problem,
        }
    }

    /// What was checked, as programs name it.
    #[must_use]
    pub fn check(&self) -> &'static str {
        match self {
            Self::RedisWorks | Self::RedisFails(_) => "redis",
            Self::Workers { .. } | Self::NoWorkers => "workers",
            Self::WahaWorks | Self::WahaUnknown | Self::WahaFails(_) => "waha",
            Self::SessionWorks(_) | Self::SessionDown { .. } => "session",
            Self::LinePaused { .. } => "line",
            Self::HistoryWorks | Self::HistoryFails(_) => "history",
            Self::FlowsWork(_) | Self::FlowsHaveMistakes(_) => "flows",
            Self::NoDeadReplies | Self::DeadReplies(_) => "dead_replies",
        }
    }
}
