//! Settings for the data: which Redis, and which directory.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::reader::{Mistakes, SettingsReader, set};
use super::role::Role;
use crate::secret::Secret;
use crate::settings::RedisSettings;
use crate::store;

/// The default directory of the history and the private Redis.
const DATA_DIR: &str = "./data";
const REDIS_PREFIX: &str = "waha-sm:";
/// Enough for 100,000 customers in line, and little enough for a machine with 1 GB: while Redis rewrites its file, it may
/// take twice as much.
const MEMORY_MAX: u64 = 256 << 20;
/// Nobody has more replicas of one server. A higher number is probably a typing mistake.
const ACK_REPLICAS_MAX: u32 = 10;
/// An empty Redis takes about 2 MB of it.
const MEMORY_MAX_LEAST: u64 = 16 << 20;

/// Where the data is. The daemon needs it, and so do commands that use the daemon's data.
#[derive(Debug)]
pub struct RedisConfig {
    /// The URL of Redis; `None`: the private Redis of the daemon on `data_dir`.
    pub url: Option<Secret>,
    /// The prefix of our keys.
    pub prefix: String,
    /// The directory of the daemon's files.
    pub data_dir: PathBuf,
    /// How many bytes the private Redis may store; 0: any number.
    pub private_memory_max: u64,
    /// How many replicas must have an event before it counts as stored.
    pub ack_replicas: u32,
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
            data_dir: data_dir(settings.data_dir.as_ref()),
            private_memory_max: memory_max(reader, settings),
            ack_replicas: ack_replicas(reader, settings),
        }
    }
}

/// The data directory that the user typed, or the default. It need not be UTF-8.
pub fn data_dir(typed: Option<&OsString>) -> PathBuf {
    let typed = typed.map(|typed| typed.as_bytes().trim_ascii());
    let typed = typed
        .filter(|typed| !typed.is_empty())
        .unwrap_or(DATA_DIR.as_bytes());
    PathBuf::from(OsStr::from_bytes(typed))
}

/// How many replicas must have an event. The private Redis has none.
fn ack_replicas(reader: &mut SettingsReader, settings: &RedisSettings) -> u32 {
    let setting = "ACK_REPLICAS";
    let typed = set(settings.ack_replicas.as_ref()).unwrap_or("0");
    let replicas = typed.parse().ok().filter(|one| *one <= ACK_REPLICAS_MAX);
    let Some(replicas) = replicas else {
        reader.mistake(
            setting,
            &format!("is {typed:?}: write a whole number from 0 to {ACK_REPLICAS_MAX}"),
        );
        return 0;
    };
    if replicas > 0 && !has_url(settings) {
        reader.mistake(
            setting,
            "is for your own Redis with replicas: set REDIS_URL, or leave ACK_REPLICAS out (the private Redis has no replicas)",
        );
    }
    replicas
}

/// The limit of the private Redis.
fn memory_max(reader: &mut SettingsReader, settings: &RedisSettings) -> u64 {
    let setting = "PRIVATE_REDIS_MAXMEMORY";
    let Some(typed) = set(settings.private_redis_maxmemory.as_ref()) else {
        return MEMORY_MAX;
    };
    let Some(bytes) = bytes(typed) else {
        reader.mistake(
            setting,
            &format!("is {typed:?}: write a size like 256mb or 1gb, or 0 for any amount"),
        );
        return MEMORY_MAX;
    };
    if bytes != 0 && bytes < MEMORY_MAX_LEAST {
        reader.mistake(setting, &format!("is {typed:?}: a Redis with less than 16mb has no space for customers; write at least 16mb"));
    }
    if has_url(settings) {
        reader.warn(format!("{setting} is only for the private Redis, and REDIS_URL is set: the limit of that Redis is its own setting maxmemory"));
    }
    bytes
}

/// A size as Redis reads it, without the difference between `mb` and `m`: all are powers of two.
fn bytes(typed: &str) -> Option<u64> {
    let typed = typed.to_ascii_lowercase();
    let digits = typed.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match typed.get(digits.len()..)?.trim_start() {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// Whether a Redis of the user's own is set, rightly or not.
fn has_url(settings: &RedisSettings) -> bool {
    set(settings.redis_url.as_ref()).is_some() || set(settings.redis_url_file.as_ref()).is_some()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_as_redis_reads_it() {
        for (typed, size) in [
            ("0", Some(0)),
            ("268435456", Some(256 << 20)),
            ("256mb", Some(256 << 20)),
            ("256 MB", Some(256 << 20)),
            ("512M", Some(512 << 20)),
            ("1gb", Some(1 << 30)),
            ("65536k", Some(64 << 20)),
            ("", None),
            ("mb", None),
            ("-1mb", None),
            ("1.5gb", None),
            ("1tb", None),
            ("99999999999999999999", None),
            ("99999999999gb", None),
        ] {
            assert_eq!(bytes(typed), size, "{typed}");
        }
    }

    #[test]
    fn a_limit_that_is_no_size_or_too_small_is_a_mistake() {
        let read = |typed: &str| {
            RedisConfig::read(&RedisSettings {
                private_redis_maxmemory: Some(typed.to_owned()),
                ..RedisSettings::default()
            })
        };
        assert_eq!(read("").unwrap().private_memory_max, 256 << 20);
        assert_eq!(read("0").unwrap().private_memory_max, 0);
        assert_eq!(read("16mb").unwrap().private_memory_max, 16 << 20);
        for (typed, said) in [
            ("much", "write a size like 256mb"),
            ("1mb", "at least 16mb"),
        ] {
            let Mistakes(mistakes) = read(typed).unwrap_err();
            assert!(
                mistakes.len() == 1
                    && mistakes[0].starts_with("PRIVATE_REDIS_MAXMEMORY is")
                    && mistakes[0].contains(said),
                "{mistakes:?}"
            );
        }
    }

    #[test]
    fn the_data_directory_may_be_any_bytes_and_an_empty_one_is_the_default() {
        let read = |bytes: &[u8]| data_dir(Some(&OsStr::from_bytes(bytes).to_owned()));
        assert_eq!(data_dir(None), PathBuf::from("./data"));
        assert_eq!(read(b" "), PathBuf::from("./data"));
        assert_eq!(read(b" ./mine "), PathBuf::from("./mine"));
        assert_eq!(read(b"a\xff"), PathBuf::from(OsStr::from_bytes(b"a\xff")));
    }
}
