//! The setting for the history: whether this process keeps it.

use super::reader::SettingsReader;
use super::role::Role;
use crate::settings::HistorySettings;

/// Whether a process keeps the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepHistory {
    /// It does, in the file in which it was kept before, or in the first one.
    On,
    /// It does not: another process with the same Redis does.
    Off,
    /// It does, in its own file, even if another file was kept before.
    Here,
}

impl KeepHistory {
    /// `work` never keeps it.
    pub(super) fn read(
        reader: &mut SettingsReader,
        settings: &HistorySettings,
        role: Role,
    ) -> Option<Self> {
        let choices = [("on", Self::On), ("off", Self::Off), ("here", Self::Here)];
        let chosen = reader.choice("HISTORY", settings.history.as_ref(), &choices)?;
        Some(if role.serves() { chosen } else { Self::Off })
    }
}

/// A setting that needs a history.
pub(super) fn refuse_what_needs_it(
    reader: &mut SettingsReader,
    role: Role,
    history: KeepHistory,
    has_redis_url: bool,
    has_console: bool,
) {
    if !role.serves() || history != KeepHistory::Off {
        return;
    }
    if !has_redis_url {
        reader.mistake(
            "HISTORY",
            "is off, and REDIS_URL is not set: nobody else can keep the history of a private Redis, and it would fill the memory. \
             Remove HISTORY, or set REDIS_URL to the Redis of the process that keeps the history",
        );
    }
    if has_console {
        reader.mistake(
            "HISTORY",
            "is off, and CONSOLE_LISTEN is set: the console shows the history, so only the process that keeps it can have the \
             console. Remove CONSOLE_LISTEN here, and set it there",
        );
    }
}
