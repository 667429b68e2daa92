//! The settings for the history: whether this process keeps it, and for how long.

use std::time::Duration;

use super::reader::{SettingsReader, set};
use super::role::Role;
use crate::settings::HistorySettings;
use crate::time_span;

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

/// A day: the history is pruned once a day.
const KEEP_MIN: Duration = Duration::from_secs(24 * 3600);

/// How long conversations are kept: a time of at least a day.
///
/// # Errors
/// What to write instead.
pub(crate) fn keep_for(text: &str) -> Result<Duration, String> {
    match time_span::parse(text) {
        Some(keep) if keep >= KEEP_MIN => Ok(keep),
        Some(_) => Err(format!("is {text:?}: write at least 1d")),
        None => Err(format!(
            "is {text:?}: write a time with its unit, like 365d"
        )),
    }
}

/// `HISTORY_KEEP`; `Some(None)`: for ever.
pub(super) fn read_keep(
    reader: &mut SettingsReader,
    settings: &HistorySettings,
) -> Option<Option<Duration>> {
    let Some(text) = set(settings.history_keep.as_ref()) else {
        return Some(None);
    };
    match keep_for(text) {
        Ok(keep) => Some(Some(keep)),
        Err(what) => {
            reader.mistake("HISTORY_KEEP", &what);
            None
        }
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
