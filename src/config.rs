//! The configuration: what the program uses, read from what the user typed. One run reports every mistake.
//!
//! Each component has a file in `config/` that reads its settings. The result is a value, or mistakes that say what to write
//! instead.

mod catch_up;
mod console;
mod data;
mod flow;
mod handling;
mod history;
mod log;
mod owner;
mod reader;
mod role;
mod waha;
mod webhook;

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::console::address::ConsoleUrl;
use crate::ids::NotifyChat;
use crate::logging::LogConfig;
use crate::settings::Settings;

pub use catch_up::CatchUpConfig;
pub use console::{ConsoleConfig, console_address};
pub use data::{RedisConfig, data_dir};
pub use flow::FlowConfig;
pub use handling::HandlingConfig;
pub use history::KeepHistory;
pub(crate) use history::keep_for;
pub use reader::Mistakes;
pub use role::Role;
pub use waha::WahaConfig;
pub use webhook::{WebhookConfig, listen};

use reader::SettingsReader;

/// The daemon's complete configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// What this process does.
    pub role: Role,
    /// How webhooks are received.
    pub webhook: WebhookConfig,
    /// Where WAHA is.
    pub waha: WahaConfig,
    /// Where the data is.
    pub redis: RedisConfig,
    /// Whether this process keeps the history.
    pub history: KeepHistory,
    /// How long conversations are kept in it; `None`: for ever.
    pub keep_for: Option<std::time::Duration>,
    /// Which flow customers follow.
    pub flow: FlowConfig,
    /// How conversations are handled and answered.
    pub handling: HandlingConfig,
    /// Where to notify the owner.
    pub notify_chat: Option<NotifyChat>,
    /// How to find messages whose webhooks were lost.
    pub catch_up: CatchUpConfig,
    /// The console; `None` if this process has none.
    pub console: Option<ConsoleConfig>,
    /// Where browsers reach the console, for links in notices; also in processes without a console.
    pub console_url: Option<ConsoleUrl>,
    /// The log.
    pub log: LogConfig,
    /// Warnings for the log, about settings that are valid but risky.
    pub warnings: Vec<String>,
}

impl Config {
    /// Checks the settings for a role.
    ///
    /// # Errors
    /// All mistakes, not only the first.
    pub fn read(role: Role, settings: &Settings) -> Result<Self, Mistakes> {
        let mut reader = SettingsReader::default();
        let parts = ReadSettings::read(&mut reader, role, settings);
        reader.finish(|warnings| {
            Some(Self {
                role,
                webhook: parts.webhook?,
                waha: parts.waha?,
                redis: parts.redis,
                history: parts.history?,
                keep_for: parts.keep_for?,
                flow: parts.flow?,
                handling: parts.handling?,
                notify_chat: parts.notify_chat,
                catch_up: parts.catch_up?,
                console: parts.console,
                console_url: parts.console_url,
                log: parts.log?,
                warnings,
            })
        })
    }
}

/// What each component read, or `None` if there is a mistake about it.
struct ReadSettings {
    webhook: Option<WebhookConfig>,
    waha: Option<WahaConfig>,
    redis: RedisConfig,
    history: Option<KeepHistory>,
    keep_for: Option<Option<std::time::Duration>>,
    flow: Option<FlowConfig>,
    handling: Option<HandlingConfig>,
    notify_chat: Option<NotifyChat>,
    catch_up: Option<CatchUpConfig>,
    console: Option<ConsoleConfig>,
    console_url: Option<ConsoleUrl>,
    log: Option<LogConfig>,
}

impl ReadSettings {
    /// Each component reads all of its settings, so that no mistake hides another.
    fn read(reader: &mut SettingsReader, role: Role, settings: &Settings) -> Self {
        let webhook = WebhookConfig::read(reader, &settings.webhook);
        let waha = WahaConfig::read(reader, &settings.waha, role);
        let redis = RedisConfig::read_for(reader, &settings.redis, role);
        let history = KeepHistory::read(reader, &settings.history, role);
        let keep_for = history::read_keep(reader, &settings.history);
        let flow = FlowConfig::read(reader, &settings.flow, role);
        let handling = HandlingConfig::read(reader, &settings.handling);
        let notify_chat = owner::read(reader, &settings.owner);
        let catch_up = CatchUpConfig::read(reader, &settings.catch_up);
        let console = ConsoleConfig::read(reader, &settings.console, role);
        if let (Some(webhook), Some(console)) = (&webhook, &console) {
            console::refuse_one_port_for_two(reader, webhook.listen, console.listen);
        }
        if let Some(history) = history {
            let (has_url, has_console) = (redis.url.is_some(), console.is_some());
            history::refuse_what_needs_it(reader, role, history, has_url, has_console);
        }
        Self {
            webhook,
            waha,
            redis,
            history,
            keep_for,
            flow,
            handling,
            notify_chat,
            catch_up,
            console,
            console_url: console::link_base(&settings.console),
            log: log::read(reader, &settings.log),
        }
    }
}

/// What a checkup needs of the settings, as far as it could be read: one wrong setting leaves the others.
#[derive(Debug)]
pub struct CheckedSettings {
    /// Where to listen.
    pub listen: Option<SocketAddr>,
    /// How webhooks are received.
    pub webhook: Option<WebhookConfig>,
    /// Where WAHA is.
    pub waha: Option<WahaConfig>,
    /// Where the data is; `None` if Redis can't be reached like this.
    pub redis: Option<RedisConfig>,
    /// The directory of the daemon's files; `None` if another process keeps the history.
    pub data_dir: Option<PathBuf>,
    /// Which flow customers follow.
    pub flow: Option<FlowConfig>,
    /// Every mistake.
    pub mistakes: Vec<String>,
    /// Every warning.
    pub warnings: Vec<String>,
}

impl CheckedSettings {
    /// Reads the settings as `all` does.
    pub fn read(settings: &Settings) -> Self {
        let mut reader = SettingsReader::default();
        let parts = ReadSettings::read(&mut reader, Role::All, settings);
        let (mistakes, warnings) = reader.into_mistakes_and_warnings();
        let data_dir = parts.redis.data_dir.clone();
        let knows_redis = !mistakes.iter().any(|one| one.starts_with("REDIS_"));
        let listen = parts.webhook.as_ref().map(|webhook| webhook.listen);
        Self {
            listen: listen.or_else(|| self::listen(settings.webhook.listen.as_ref()).ok()),
            webhook: parts.webhook,
            waha: parts.waha,
            redis: Some(parts.redis).filter(|_| knows_redis),
            data_dir: (parts.history != Some(KeepHistory::Off)).then_some(data_dir),
            flow: parts.flow,
            mistakes,
            warnings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::LogFormat;
    use crate::service::deliver::send_config::Pacing;

    fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
        let mut settings = Settings::default();
        settings.webhook.webhook_hmac_secret = Some("s".repeat(32));
        change(&mut settings);
        settings
    }

    #[test]
    fn the_defaults_are_those_of_the_readme() {
        let config = Config::read(Role::All, &settings(|_| {})).unwrap();
        assert_eq!(config.webhook.listen.to_string(), "0.0.0.0:8080");
        assert_eq!(
            (
                config.handling.workers,
                config.handling.pacing,
                config.log.format
            ),
            (1, Pacing::Human, LogFormat::Text)
        );
        assert_eq!(
            (config.waha.url.reveal(), config.redis.prefix.as_str()),
            ("http://localhost:3000", "waha-sm:")
        );
        assert!(config.redis.url.is_none());
    }

    #[test]
    fn one_run_reports_every_mistake_and_says_what_to_write() {
        let mut wrong = Settings::default();
        wrong.webhook.listen = Some("8080".into());
        wrong.waha.waha_url = Some("waha:3000".into());
        wrong.redis.redis_url = Some("localhost".into());
        wrong.redis.redis_prefix = Some("a{b}".into());
        wrong.redis.ack_replicas = Some("one".into());
        wrong.handling.workers = Some("many".into());
        wrong.history.history = Some("no".into());
        wrong.flow.flow_file = Some("/nowhere/flow.toml".into());
        wrong.flow.locale = Some("fr".into());
        wrong.handling.pacing = Some("fast".into());
        wrong.handling.in_doubt = Some("perhaps".into());
        wrong.owner.notify_chat = Some("the owner".into());
        wrong.catch_up.catch_up_interval = Some("5ms".into());
        wrong.catch_up.catch_up_max_age = Some("49h".into());
        wrong.console.address.console_listen = Some("8081".into());
        wrong.console.address.console_url = Some("shop.example".into());
        wrong.console.console_trusted_proxies = Some("caddy".into());
        wrong.log.log_format = Some("xml".into());
        wrong.log.rust_log = Some("a=b=c".into());
        let Mistakes(mistakes) = Config::read(Role::All, &wrong).unwrap_err();
        for setting in [
            "WEBHOOK_HMAC_SECRET",
            "LISTEN",
            "WAHA_URL",
            "REDIS_URL",
            "REDIS_PREFIX",
            "ACK_REPLICAS",
            "HISTORY",
            "WORKERS",
            "FLOW_FILE",
            "LOCALE",
            "PACING",
            "IN_DOUBT",
            "NOTIFY_CHAT",
            "CATCH_UP_INTERVAL",
            "CATCH_UP_MAX_AGE",
            "CONSOLE_LISTEN",
            "CONSOLE_URL",
            "CONSOLE_TRUSTED_PROXIES",
            "LOG_FORMAT",
            "RUST_LOG",
        ] {
            assert_eq!(
                mistakes.iter().filter(|m| m.starts_with(setting)).count(),
                1,
                "{setting}: {mistakes:#?}"
            );
        }
        assert_eq!(mistakes.len(), 20);
    }

    #[test]
    fn a_secret_comes_from_a_file_or_a_variable_but_not_both_and_is_never_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "what-the-file-has\n").unwrap();
        let path = file.path().display().to_string();
        let config = Config::read(
            Role::All,
            &settings(|s| {
                s.webhook.webhook_hmac_secret = None;
                s.webhook.webhook_hmac_secret_file = Some(path.clone());
                s.redis.redis_url = Some("redis://user:hunter2@localhost".into());
            }),
        )
        .unwrap();
        assert_eq!(config.webhook.secret.reveal(), "what-the-file-has");
        let shown = format!("{config:?}");
        assert!(
            !shown.contains("what-the-file-has") && !shown.contains("hunter2"),
            "{shown}"
        );
        let both = Config::read(
            Role::All,
            &settings(|s| s.webhook.webhook_hmac_secret_file = Some(path)),
        );
        assert_eq!(both.unwrap_err().0.len(), 1);
    }

    #[test]
    fn serve_and_work_need_the_url_of_the_redis_they_share() {
        for role in [Role::Serve, Role::Work] {
            let Mistakes(mistakes) = Config::read(role, &settings(|_| {})).unwrap_err();
            assert!(
                mistakes[0].starts_with("REDIS_URL is required"),
                "{mistakes:?}"
            );
        }
    }

    #[test]
    fn a_process_without_a_history_needs_one_that_keeps_it_and_has_no_console() {
        let read = |role, history: &str, redis: bool, console: bool| {
            Config::read(
                role,
                &settings(|s| {
                    s.history.history = Some(history.into());
                    s.redis.redis_url = redis.then(|| "redis://localhost".into());
                    s.console.address.console_listen = console.then(|| "127.0.0.1:8081".into());
                }),
            )
        };
        for role in [Role::All, Role::Serve] {
            let off = read(role, "off", true, false).unwrap();
            assert_eq!(off.history, KeepHistory::Off);
            let Mistakes(mistakes) = read(role, "off", true, true).unwrap_err();
            assert!(
                mistakes.len() == 1 && mistakes[0].contains("CONSOLE_LISTEN"),
                "{mistakes:?}"
            );
        }
        let Mistakes(mistakes) = read(Role::All, "off", false, false).unwrap_err();
        assert!(
            mistakes.len() == 1 && mistakes[0].contains("REDIS_URL"),
            "{mistakes:?}"
        );
        assert_eq!(
            read(Role::All, "here", false, true).unwrap().history,
            KeepHistory::Here
        );
        // A file of settings that all processes share.
        assert_eq!(
            read(Role::Work, "on", true, true).unwrap().history,
            KeepHistory::Off
        );
    }

    #[test]
    fn an_unknown_time_zone_is_a_warning_and_the_log_is_in_utc() {
        let zone = |tz: &str| {
            let config =
                Config::read(Role::All, &settings(|s| s.log.tz = Some(tz.into()))).unwrap();
            let warned = config.warnings.iter().any(|one| one.starts_with("TZ"));
            (config.log.zone.is_some(), warned)
        };
        for known in ["America/Sao_Paulo", ":UTC", "<-03>3"] {
            assert_eq!(zone(known), (true, false), "{known}");
        }
        assert_eq!(zone("Sao Paulo"), (false, true));
        assert_eq!(zone(""), (false, false));
    }
}
