//! Where the data is: which Redis, and which directory.

use std::path::PathBuf;

use super::reader::{Mistakes, SettingsReader, set};
use super::role::Role;
use crate::secret::Secret;
use crate::settings::RedisSettings;
use crate::store;

/// Where the history and the private Redis are unless the settings say otherwise.
pub const DATA_DIR: &str = "./data";
const REDIS_PREFIX: &str = "waha-sm:";

/// Where the data is: for the daemon, and for commands that use it from outside.
#[derive(Debug)]
pub struct RedisConfig {
    /// Which Redis; `None`: the private one of the daemon on `data_dir`.
    pub url: Option<Secret>,
    /// The prefix of our keys.
    pub prefix: String,
    /// Where the daemon's files are.
    pub data_dir: PathBuf,
}

impl RedisConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// All mistakes, never only the first.
    pub fn read(settings: &RedisSettings) -> Result<Self, Mistakes> {
        let mut reader = SettingsReader::default();
        let config = Self::collect(&mut reader, settings);
        reader.finish(|_| Some(config))
    }

    /// For a daemon. `serve` and `work` share a Redis, so REDIS_URL is required.
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

/// The Redis to use, if one is set.
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
