//! What a checkup can find. To check one more thing, add it here, look for it in a file beside this one, and say it in the pages.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::SessionName;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It works.
    Good,
    /// It is good to know, but nothing must be done: perhaps it could not be checked.
    Hint,
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
            Self::Hint => "hint",
            Self::Notice => "notice",
            Self::Problem => "problem",
        }
    }

    /// Whether somebody must do something.
    #[must_use]
    pub fn needs_action(self) -> bool {
        self >= Self::Notice
    }
}

/// Where a webhook is configured in WAHA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookOwner {
    /// In WAHA's environment variables, for all sessions.
    Environment,
    /// In the configuration of this session.
    Session(SessionName),
}

/// One thing that was checked, and what was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// All settings can be used.
    SettingsWork,
    /// A setting can't be used: which, and what to write.
    SettingWrong(String),
    /// A setting can be used, but is dangerous.
    SettingRisky(String),
    /// The private Redis may take so much memory (in bytes; `None`: any amount) of this machine's.
    PrivateRedisTooLarge {
        /// What it may take.
        allowed: Option<u64>,
        /// What the machine has.
        machine: u64,
    },
    /// Where the data of the time zones is from.
    TimeZones {
        /// From the system, and not our own copy.
        of_system: bool,
    },

    /// Redis takes writes.
    RedisWorks,
    /// Redis does not: why.
    RedisFails(String),
    /// It is the private one, and it runs only with the daemon.
    RedisRestsWithDaemon,
    /// The settings don't say which Redis.
    RedisNotKnown,
    /// A setting of the server could lose accepted messages.
    RedisRisky(String),
    /// Redis can't write its files.
    RedisCantSave(String),
    /// So much of the memory that Redis may take is used, in percent.
    RedisMemory {
        /// How much, in percent.
        percent: u64,
        /// `maxmemory`.
        max: u64,
    },
    /// Other installations on the same Redis, by the prefixes of their keys.
    OtherInstallations(Vec<String>),

    /// The clocks agree.
    ClocksAgree,
    /// A clock is ahead of ours, or behind, by so many seconds.
    ClockApart {
        /// Whose.
        whose: &'static str,
        /// How far ahead of ours.
        ahead: i64,
    },

    /// The processes that work, and the customers that the bot can attend at once.
    Workers {
        /// How many processes.
        processes: usize,
        /// How many customers at once.
        workers: u64,
    },
    /// No process attends customers.
    NoWorkers,
    /// The first customer in line has waited for too long.
    LineWaits {
        /// In this session.
        session: SessionName,
        /// How many wait.
        waiting: u64,
        /// Since when the first one does.
        since: Millis,
    },
    /// Replies should have been sent long ago.
    RepliesWait {
        /// In this session.
        session: SessionName,
        /// In how many chats.
        chats: u64,
        /// Since when.
        since: Millis,
    },

    /// The daemon takes webhooks that are signed with our secret.
    DaemonWorks,
    /// Nothing answers where the daemon should listen.
    DaemonSilent {
        /// Where.
        at: String,
        /// Why.
        reason: String,
    },
    /// Only workers run on this machine or in this container: another process takes the webhooks.
    DaemonElsewhere,
    /// It refuses our signature: it has another secret.
    DaemonHasOtherSecret(String),
    /// It can't take webhooks now.
    DaemonNotReady(String),
    /// Something else answers there.
    DaemonIsAnother {
        /// Where.
        at: String,
        /// What it answered.
        answer: String,
    },
    /// It may open too few files for many webhooks at once.
    OpenFilesFew {
        /// How many it may.
        allowed: u64,
        /// How many it needs.
        needed: u64,
    },

    /// Every process that sends can use WAHA.
    WahaWorks,
    /// WAHA answers us and accepts our key.
    WahaRuns {
        /// Its version; empty if it does not say.
        version: String,
        /// Its engine; empty if it does not say.
        engine: String,
    },
    /// No process that sends has reported yet.
    WahaUnknown,
    /// Some can't use WAHA: why.
    WahaFails(Vec<String>),
    /// Nothing answers at WAHA's address.
    WahaUnreachable(String),
    /// WAHA refuses our key.
    WahaKeyWrong(String),
    /// We have no key.
    WahaKeyMissing,
    /// Something else answers at WAHA's address, or WAHA fails.
    WahaAnswersOddly(String),
    /// It is too old to sign webhooks.
    WahaTooOld(String),
    /// This version is known to lose or mix up messages.
    WahaKnownBad(String),
    /// Our key may not read WAHA's configuration.
    WahaConfigHidden(String),

    /// The webhooks that WAHA has configured are right.
    HooksWork,
    /// WAHA has no webhook.
    NoHook,
    /// This session has no webhook, and others have.
    NoHookOf {
        /// Which.
        session: SessionName,
        /// Whether it is one of ours; otherwise another program may use it.
        is_known: bool,
    },
    /// WAHA posts somewhere else: to these addresses.
    HooksElsewhere(Vec<String>),
    /// It is to our path, but to a port where we don't listen.
    HookToOtherPort {
        /// Where it is configured.
        owner: HookOwner,
        /// The port in it.
        port: u16,
        /// Ours.
        ours: u16,
    },
    /// It is to this host, which is WAHA's own machine or container, and we are not there.
    HookToItself(HookOwner, String),
    /// It is to `localhost`. That is right only if WAHA runs outside of containers, and no customer was heard yet.
    HookToLocalhost {
        /// Where it is configured.
        owner: HookOwner,
        /// Our port.
        port: u16,
    },
    /// It has our key and goes to our port, but its path is not ours.
    HookPathDiffers(HookOwner),
    /// A signed event to its address did not come to us.
    HookLeadsElsewhere {
        /// Where it is configured.
        owner: HookOwner,
        /// The scheme, the host and the port.
        place: String,
        /// What happened instead.
        reason: String,
        /// Whether it may well be right for WAHA: messages have come through it, or it refuses only us.
        may_be_right: bool,
    },
    /// It names no events, so WAHA posts none.
    HookWithoutEvents(HookOwner),
    /// It lacks events that we need.
    HookLacksEvents(HookOwner, Vec<&'static str>),
    /// Each message comes twice, because of these events.
    HookEventsTwice(HookOwner, String),
    /// It has no key, so we refuse what it posts.
    HookUnsigned(HookOwner),
    /// It has another key than ours.
    HookKeyDiffers(HookOwner),
    /// It has the previous key.
    HookKeyOld(HookOwner),
    /// It gives up after so long.
    HookGivesUpEarly(HookOwner, Duration),
    /// The session posts to us, and so does the environment, or it has two webhooks to us.
    HooksTwice(SessionName),

    /// WAHA keeps media files for so many seconds.
    FilesLast(u64),
    /// Media files are gone before anybody can look at them.
    FilesDieEarly(u64),
    /// Media files are kept for ever.
    FilesForever,
    /// The time that files are kept is no number.
    FilesLastStrangely(String),

    /// A session is connected to WhatsApp.
    SessionWorks {
        /// Which.
        session: SessionName,
        /// When WAHA last posted a customer's message, if it ever did.
        heard_at: Option<Millis>,
    },
    /// A session can't send or receive.
    SessionDown {
        /// Which.
        session: SessionName,
        /// WAHA's word; empty if we only know that it can't send.
        status: String,
        /// Since when, if that is known.
        since: Option<Millis>,
    },
    /// WAHA has no session.
    NoSession,
    /// NOWEB keeps no messages for this session.
    NowebStoreOff(SessionName),
    /// WAHA has messages of customers that it did not post to us.
    SessionDeaf {
        /// Which.
        session: SessionName,
        /// When the first of them was sent.
        sent_at: Millis,
        /// When WAHA last posted a customer's message; `None`: never.
        heard_at: Option<Millis>,
    },
    /// Messages came without a webhook: we found them when we asked WAHA.
    SessionCaughtUp {
        /// Which.
        session: SessionName,
        /// When the first of them was sent.
        sent_at: Millis,
    },
    /// WAHA has messages of customers from before we began, and posted none since.
    SessionNotHeardYet {
        /// Which.
        session: SessionName,
        /// When the first of them was sent.
        sent_at: Millis,
    },
    /// Nothing was heard for long, and WAHA can't tell whether there was something.
    SessionQuiet {
        /// Which.
        session: SessionName,
        /// When WAHA last posted a customer's message.
        heard_at: Millis,
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
    /// It can't be written or read: why.
    HistoryFails(String),
    /// There is none yet.
    HistoryNotThere,
    /// A later version of this program wrote it.
    HistoryNewer(String),
    /// It is behind since then.
    HistoryLags {
        /// How many entries wait.
        entries: u64,
        /// Since when the oldest does.
        since: Millis,
    },
    /// Another file is the history of this Redis: who keeps it.
    HistoryElsewhere(String),

    /// The disk has space: so many bytes, and days until it is full, if that can be told.
    DiskHasSpace {
        /// How many bytes are free.
        free: u64,
        /// For how many days that is enough.
        days: Option<u64>,
    },
    /// It is full soon.
    DiskFillsUp {
        /// How many bytes are free.
        free: u64,
        /// For how many days that is enough.
        days: Option<u64>,
    },
    /// It is full.
    DiskFull {
        /// How many bytes are free.
        free: u64,
    },
    /// The history's write-ahead log has so many bytes: a reader keeps it from being written back.
    WalGrows(u64),
    /// Others can read the data directory: its mode.
    DataDirOpen(String),
    /// It belongs to another user, or can't be used: why.
    DataDirUnusable(String),
    /// It is on a network file system of this kind, on which SQLite's locks don't work.
    DataDirOnNetwork(&'static str),

    /// The flows that are followed, in words.
    FlowsWork(String),
    /// The flow files have mistakes now: a reload, or a restart, would refuse them.
    FlowsHaveMistakes(Vec<String>),
    /// Something in them is allowed but probably a mistake.
    FlowsHaveWarnings(Vec<String>),

    /// No reply was given up.
    NoDeadReplies,
    /// Replies that were given up, and wait for somebody's decision.
    DeadReplies(u64),
}

/// From here on a clock is so wrong that messages are taken for old or new ones.
const CLOCK_PROBLEM: u64 = 300;
/// From here on Redis refuses what comes.
const MEMORY_PROBLEM: u64 = 95;
/// The space lasts for only a weekend.
const DAYS_PROBLEM: u64 = 3;

impl Finding {
    /// How bad it is.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::SettingsWork
            | Self::TimeZones { .. }
            | Self::RedisWorks
            | Self::ClocksAgree
            | Self::Workers { .. }
            | Self::DaemonWorks
            | Self::WahaWorks
            | Self::WahaRuns { .. }
            | Self::HooksWork
            | Self::FilesLast(_)
            | Self::SessionWorks { .. }
            | Self::HistoryWorks
            | Self::DiskHasSpace { .. }
            | Self::FlowsWork(_)
            | Self::NoDeadReplies => Level::Good,
            Self::RedisRestsWithDaemon
            | Self::RedisNotKnown
            | Self::OtherInstallations(_)
            | Self::HistoryNotThere
            | Self::FlowsHaveWarnings(_)
            | Self::WahaConfigHidden(_)
            | Self::DaemonElsewhere
            | Self::HookToLocalhost { .. }
            | Self::FilesForever
            | Self::SessionNotHeardYet { .. } => Level::Hint,
            Self::RedisMemory { percent, .. } if *percent >= MEMORY_PROBLEM => Level::Problem,
            Self::ClockApart { ahead, .. } if ahead.unsigned_abs() > CLOCK_PROBLEM => {
                Level::Problem
            }
            Self::DiskFillsUp {
                days: Some(days), ..
            } if *days < DAYS_PROBLEM => Level::Problem,
            Self::SessionDeaf { heard_at: None, .. } => Level::Notice,
            Self::HookLeadsElsewhere {
                may_be_right: true, ..
            }
            | Self::NoHookOf {
                is_known: false, ..
            } => Level::Hint,
            // Without these we do not hear what customers write.
            Self::HookLacksEvents(_, events) if events.contains(&"message.any") => Level::Problem,
            Self::SettingRisky(_)
            | Self::PrivateRedisTooLarge { .. }
            | Self::RedisRisky(_)
            | Self::RedisMemory { .. }
            | Self::ClockApart { .. }
            | Self::LineWaits { .. }
            | Self::RepliesWait { .. }
            | Self::OpenFilesFew { .. }
            | Self::WahaUnknown
            | Self::WahaKnownBad(_)
            | Self::HookToOtherPort { .. }
            | Self::HookLacksEvents(..)
            | Self::HookEventsTwice(..)
            | Self::HookKeyOld(_)
            | Self::HookGivesUpEarly(..)
            | Self::HooksTwice(_)
            | Self::FilesDieEarly(_)
            | Self::FilesLastStrangely(_)
            | Self::NowebStoreOff(_)
            | Self::SessionQuiet { .. }
            | Self::SessionCaughtUp { .. }
            | Self::HookLeadsElsewhere { .. }
            | Self::LinePaused { .. }
            | Self::HistoryLags { .. }
            | Self::DiskFillsUp { .. }
            | Self::WalGrows(_)
            | Self::DataDirOpen(_)
            | Self::DataDirOnNetwork(_)
            | Self::FlowsHaveMistakes(_)
            | Self::DeadReplies(_) => Level::Notice,
            Self::SettingWrong(_)
            | Self::RedisFails(_)
            | Self::RedisCantSave(_)
            | Self::NoWorkers
            | Self::DaemonSilent { .. }
            | Self::DaemonHasOtherSecret(_)
            | Self::DaemonNotReady(_)
            | Self::DaemonIsAnother { .. }
            | Self::WahaFails(_)
            | Self::WahaUnreachable(_)
            | Self::WahaKeyWrong(_)
            | Self::WahaKeyMissing
            | Self::WahaAnswersOddly(_)
            | Self::WahaTooOld(_)
            | Self::NoHook
            | Self::NoHookOf { .. }
            | Self::HooksElsewhere(_)
            | Self::HookToItself(..)
            | Self::HookPathDiffers(_)
            | Self::HookWithoutEvents(_)
            | Self::HookUnsigned(_)
            | Self::HookKeyDiffers(_)
            | Self::SessionDown { .. }
            | Self::NoSession
            | Self::SessionDeaf { .. }
            | Self::HistoryFails(_)
            | Self::HistoryNewer(_)
            | Self::HistoryElsewhere(_)
            | Self::DiskFull { .. }
            | Self::DataDirUnusable(_) => Level::Problem,
        }
    }

    /// What was checked, as programs name it.
    #[must_use]
    pub fn check(&self) -> &'static str {
        match self {
            Self::SettingsWork | Self::SettingWrong(_) | Self::SettingRisky(_) => "settings",
            Self::PrivateRedisTooLarge { .. } => "memory",
            Self::TimeZones { .. } => "time_zones",
            Self::RedisWorks
            | Self::RedisFails(_)
            | Self::RedisRestsWithDaemon
            | Self::RedisNotKnown
            | Self::RedisRisky(_)
            | Self::RedisCantSave(_)
            | Self::RedisMemory { .. } => "redis",
            Self::OtherInstallations(_) => "neighbours",
            Self::ClocksAgree | Self::ClockApart { .. } => "clocks",
            Self::Workers { .. } | Self::NoWorkers => "workers",
            Self::RepliesWait { .. } => "replies",
            Self::DaemonWorks
            | Self::DaemonSilent { .. }
            | Self::DaemonElsewhere
            | Self::DaemonHasOtherSecret(_)
            | Self::DaemonNotReady(_)
            | Self::DaemonIsAnother { .. } => "daemon",
            Self::OpenFilesFew { .. } => "open_files",
            Self::WahaWorks
            | Self::WahaRuns { .. }
            | Self::WahaUnknown
            | Self::WahaFails(_)
            | Self::WahaUnreachable(_)
            | Self::WahaKeyWrong(_)
            | Self::WahaKeyMissing
            | Self::WahaAnswersOddly(_)
            | Self::WahaTooOld(_)
            | Self::WahaKnownBad(_)
            | Self::WahaConfigHidden(_) => "waha",
            Self::HooksWork
            | Self::NoHook
            | Self::NoHookOf { .. }
            | Self::HooksElsewhere(_)
            | Self::HookToOtherPort { .. }
            | Self::HookToItself(..)
            | Self::HookToLocalhost { .. }
            | Self::HookPathDiffers(_)
            | Self::HookLeadsElsewhere { .. }
            | Self::HookWithoutEvents(_)
            | Self::HookLacksEvents(..)
            | Self::HookEventsTwice(..)
            | Self::HookUnsigned(_)
            | Self::HookKeyDiffers(_)
            | Self::HookKeyOld(_)
            | Self::HookGivesUpEarly(..)
            | Self::HooksTwice(_) => "webhooks",
            Self::FilesLast(_)
            | Self::FilesDieEarly(_)
            | Self::FilesForever
            | Self::FilesLastStrangely(_) => "files",
            Self::SessionWorks { .. }
            | Self::SessionDown { .. }
            | Self::NoSession
            | Self::NowebStoreOff(_)
            | Self::SessionDeaf { .. }
            | Self::SessionCaughtUp { .. }
            | Self::SessionNotHeardYet { .. }
            | Self::SessionQuiet { .. } => "session",
            Self::LinePaused { .. } | Self::LineWaits { .. } => "line",
            Self::HistoryWorks
            | Self::HistoryFails(_)
            | Self::HistoryNotThere
            | Self::HistoryNewer(_)
            | Self::HistoryLags { .. }
            | Self::HistoryElsewhere(_) => "history",
            Self::DiskHasSpace { .. }
            | Self::DiskFillsUp { .. }
            | Self::DiskFull { .. }
            | Self::WalGrows(_) => "disk",
            Self::DataDirOpen(_) | Self::DataDirUnusable(_) | Self::DataDirOnNetwork(_) => {
                "data_dir"
            }
            Self::FlowsWork(_) | Self::FlowsHaveMistakes(_) | Self::FlowsHaveWarnings(_) => "flows",
            Self::NoDeadReplies | Self::DeadReplies(_) => "dead_replies",
        }
    }
}
