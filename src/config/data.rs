//! Settings for the data: which Redis, and which directory.

use std::path::PathBuf;

use super::reader::{Mistakes, SettingsReader, set};
use super::role::Role;
use crate::secret::Secret;
use crate::settings::RedisSettings;
use crate::store;

/// The default directory of the history and the private Redis.
pub const DATA_DIR: &str = "./data";
const REDIS_PREFIX: &str = "waha-sm:";

/// Where the data is. The daemon needs it, and so do commands that use the daemon's data.
#[derive(Debug)]
pub struct RedisConfig {
    /// The URL of Redis; `None`: the private Redis of the daemon on `data_dir`.
    pub url: Option<Secret>,
    /// The prefix of our keys.
    pub prefix: String,
    /// The directory of the daemon's files.
    pub data_dir: PathBuf,
}

impl RedisConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// All mistakes, not only the first.
    pub fn read(settings: &RedisSettings) -> Result<Self, Mistakes> {
        let mut reader = SettingsReader::default();
        let config = Self::collect(&mut reader, settings);
        reader.finish(|_| Some(config))
    }

    /// Checks the settings for a daemon. `serve` and `work` share a Redis, so they need REDIS_URL.
    pub(super) fn read_for(
        reader: &mut SettingsReader,
        settings: &RedisSettings,
        role: Role,
    ) -> Self {
        let config = Self::collect(reader, settings);
        if config.url.is_none() && role != Role::All {
            reader.mistake(
                "REDIS_URL",
                "is required for `serve` and `work`: set it to the Redis they share, e.g. redis://localhost:6379 \
                 (only `all` runs a private one)",
            );
        }
        config
    }

    fn collect(reader: &mut SettingsReader, settings: &RedisSettings) -> Self {
        Self {
            url: url(reader, settings),
            prefix: prefix(reader, settings.redis_prefix.as_ref()),
            data_dir: PathBuf::from(set(settings.data_dir.as_ref()).unwrap_or(DATA_DIR)),
        }
    }
}

/// The URL of Redis, if it is set.
fn url(reader: &mut SettingsReader, settings: &RedisSettings) -> Option<Secret> {
    let url = reader.secret(
        "REDIS_URL",
        settings.redis_url.as_ref(),
        settings.redis_url_file.as_ref(),
    )?;
    if let Err(what) = store::check_url(url.reveal()) {
        reader.mistake("REDIS_URL", &what);
    }
    Some(url)
}

fn prefix(reader: &mut SettingsReader, setting: Option<&String>) -> String {
    let prefix = set(setting).unwrap_or(REDIS_PREFIX);
    if !store::valid_prefix(prefix) {
        reader.mistake(
            "REDIS_PREFIX",
            "may hold only letters, digits and : . _ - (at most 64), e.g. waha-sm:",
        );
    }
    prefix.to_owned()
}
