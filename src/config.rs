//! Settings: what the user typed becomes what the program uses, and every mistake is found in one go.

mod notify_chat;
mod reader;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::cli::{RedisSettings, Settings};
pub use crate::config::notify_chat::NotifyChat;
use crate::config::reader::{Reader, set};
use crate::flow::Locale;
use crate::flows::Flows;
use crate::store::SEEN_TTL;

/// Where the history and the private Redis live unless said otherwise.
pub const DATA_DIR: &str = "./data";
/// All addresses: in a container that is what the port mapping needs.
pub const LISTEN: &str = "0.0.0.0:8080";
/// A guessable secret lets anybody speak for WAHA.
const SECRET_LENGTH_ADVISED: usize = 16;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Both of the others.
    All,
    /// Listener and archiver.
    Serve,
    /// Workers, sender, announcer.
    Work,
}

impl Role {
    /// Takes webhooks and keeps the history.
    pub fn serves(self) -> bool {
        self != Self::Work
    }

    /// Attends customers.
    pub fn works(self) -> bool {
        self != Self::Serve
    }
}

/// Something that never reaches a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    fn of(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for the one who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How replies are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// As a person would: seen, typing, then the message.
    Human,
    /// At once.
    Off,
}

/// What to do with a reply of which WAHA can't tell whether it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InDoubt {
    /// Send it again: rather twice than not at all.
    Resend,
    /// Give up on it, for a person to look at.
    Hold,
}

/// More often than that is no use to anybody.
const CATCH_UP_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// A length of time as settings write it: `90s`, `5m`, `12h`; `0` is none.
#[derive(Clone, Copy, Debug)]
struct Length(Duration);

impl FromStr for Length {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let length: jiff::SignedDuration = text.parse().map_err(drop)?;
        Duration::try_from(length).map(Self).map_err(drop)
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Everything the daemon needs to know, checked.
#[derive(Debug)]
pub struct Config {
    /// What this process does.
    pub role: Role,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where WAHA is.
    pub waha_url: String,
    /// WAHA's key.
    pub waha_api_key: Option<Secret>,
    /// What webhooks are signed with.
    pub webhook_hmac_secret: Secret,
    /// What they may be signed with as well, while the secret is being changed.
    pub webhook_hmac_secret_previous: Option<Secret>,
    /// Where the data is.
    pub redis: RedisConfig,
    /// Customers attended at a time.
    pub workers: usize,
    /// What workers follow.
    pub flows: Flows,
    /// What its calls are signed with.
    pub flow_call_hmac_secret: Option<Secret>,
    /// Whether to type like a person.
    pub pacing: Pacing,
    /// What to do with replies in doubt.
    pub in_doubt: InDoubt,
    /// Where the owner is told of what needs them.
    pub notify_chat: Option<NotifyChat>,
    /// How often to look for messages whose webhooks were lost; zero: never.
    pub catch_up_interval: Duration,
    /// Missed messages older than this are not answered.
    pub catch_up_max_age: Duration,
    /// How to log.
    pub log_format: LogFormat,
    /// What to log.
    pub log_filter: EnvFilter,
    /// Legal, but worth a warning in the log.
    pub warnings: Vec<String>,
    /// What to warn of as soon as a flow calls the shop's own system.
    pub warning_of_calls: Option<String>,
}

/// What is wrong with the settings: one line each, saying what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl Config {
    /// Checks the settings for a role.
    ///
    /// # Errors
    /// All mistakes, never only the first.
    pub fn read(role: Role, settings: &Settings) -> Result<Self, Mistakes> {
        let mut reader = Reader::default();
        let secret = reader.secret(
            "WEBHOOK_HMAC_SECRET",
            settings.webhook_hmac_secret.as_ref(),
            settings.webhook_hmac_secret_file.as_ref(),
        );
        if secret.is_none() {
            reader.mistake(
                "WEBHOOK_HMAC_SECRET",
                "is required: set it to the same secret as WAHA's WHATSAPP_HOOK_HMAC_KEY (to make one: openssl rand -hex 32)",
            );
        }
        let previous = reader.secret(
            "WEBHOOK_HMAC_SECRET_PREVIOUS",
            settings.webhook_hmac_secret_previous.as_ref(),
            settings.webhook_hmac_secret_previous_file.as_ref(),
        );
        let waha_api_key = reader.secret(
            "WAHA_API_KEY",
            settings.waha_api_key.as_ref(),
            settings.waha_api_key_file.as_ref(),
        );
        let redis = RedisConfig::collect(&mut reader, &settings.redis);
        if redis.url.is_none() && role != Role::All {
            reader.mistake(
                "REDIS_URL",
                "is required for `serve` and `work`: set it to the Redis they share, e.g. redis://localhost:6379 \
                 (only `all` runs a private one)",
            );
        }
        let listen = reader.parsed(
            "LISTEN",
            settings.listen.as_ref(),
            LISTEN,
            "an address and a port, e.g. 0.0.0.0:8080",
        );
        let waha_url = reader.waha_url(settings.waha_url.as_ref());
        let workers = reader.workers(settings.workers.as_ref());
        let locale = reader.parsed(
            "LOCALE",
            settings.locale.as_ref(),
            "en",
            "one of en, pt-BR, es",
        );
        let flows = reader.flows(settings.flow_file.as_ref(), locale.unwrap_or(Locale::En));
        let flow_call_hmac_secret = reader.secret(
            "FLOW_CALL_HMAC_SECRET",
            settings.flow_call_hmac_secret.as_ref(),
            settings.flow_call_hmac_secret_file.as_ref(),
        );
        let pacing = reader.choice(
            "PACING",
            settings.pacing.as_ref(),
            &[("human", Pacing::Human), ("off", Pacing::Off)],
        );
        let in_doubt = reader.choice(
            "IN_DOUBT",
            settings.in_doubt.as_ref(),
            &[("resend", InDoubt::Resend), ("hold", InDoubt::Hold)],
        );
        let notify_chat = reader.notify_chat(settings.notify_chat.as_ref());
        let catch_up_interval = reader.parsed(
            "CATCH_UP_INTERVAL",
            settings.catch_up_interval.as_ref(),
            "5m",
            "a time with its unit, e.g. 5m, or 0 for never",
        );
        let catch_up_max_age = reader.parsed(
            "CATCH_UP_MAX_AGE",
            settings.catch_up_max_age.as_ref(),
            "12h",
            "a time with its unit, e.g. 12h",
        );
        let log_format = reader.choice(
            "LOG_FORMAT",
            settings.log_format.as_ref(),
            &[("text", LogFormat::Text), ("json", LogFormat::Json)],
        );
        let log_filter = reader.log_filter(settings.rust_log.as_ref());
        let mut warnings = warnings(
            role,
            secret.as_ref(),
            previous.as_ref(),
            waha_api_key.as_ref(),
        );
        let warning_of_calls = match role.works() {
            true => warning_of_calls(flow_call_hmac_secret.as_ref()),
            false => None,
        };
        if flows.as_ref().is_some_and(|flows| flows.loaded().calls()) {
            warnings.extend(warning_of_calls.clone());
        }

        if catch_up_interval
            .is_some_and(|Length(every)| !every.is_zero() && every < CATCH_UP_INTERVAL_MIN)
        {
            reader.mistake(
                "CATCH_UP_INTERVAL",
                "is shorter than 1s: WAHA has customers to serve meanwhile; write e.g. 5m, or 0 for never",
            );
        }
        if catch_up_max_age.is_some_and(|Length(age)| age > SEEN_TTL) {
            reader.mistake(
                "CATCH_UP_MAX_AGE",
                "is longer than 48h, for which messages are known: older ones would be answered twice; write e.g. 12h",
            );
        }
        let catch_up = catch_up_interval.zip(catch_up_max_age);

        match (
            secret, listen, waha_url, workers, flows, pacing, in_doubt, catch_up, log_format,
            log_filter,
        ) {
            (
                Some(webhook_hmac_secret),
                Some(listen),
                Some(waha_url),
                Some(workers),
                Some(flows),
                Some(pacing),
                Some(in_doubt),
                Some((Length(catch_up_interval), Length(catch_up_max_age))),
                Some(log_format),
                Some(log_filter),
            ) if reader.0.is_empty() => Ok(Self {
                role,
                listen,
                waha_url,
                waha_api_key,
                webhook_hmac_secret,
                webhook_hmac_secret_previous: previous,
                redis,
                workers,
                flows,
                flow_call_hmac_secret,
                pacing,
                in_doubt,
                notify_chat,
                catch_up_interval,
                catch_up_max_age,
                log_format,
                log_filter,
                warnings,
                warning_of_calls,
            }),
            _ => Err(Mistakes(reader.0)),
        }
    }
}

/// Where the data is: for the daemon, and for a command that works on it from outside.
#[derive(Debug)]
pub struct RedisConfig {
    /// Which Redis; `None`: the private one of the daemon on `data_dir`.
    pub url: Option<Secret>,
    /// What our keys begin with.
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
        let mut reader = Reader::default();
        let config = Self::collect(&mut reader, settings);
        if reader.0.is_empty() {
            Ok(config)
        } else {
            Err(Mistakes(reader.0))
        }
    }

    fn collect(reader: &mut Reader, settings: &RedisSettings) -> Self {
        Self {
            url: reader.redis_url(
                settings.redis_url.as_ref(),
                settings.redis_url_file.as_ref(),
            ),
            prefix: reader.redis_prefix(settings.redis_prefix.as_ref()),
            data_dir: PathBuf::from(set(settings.data_dir.as_ref()).unwrap_or(DATA_DIR)),
        }
    }
}

impl Config {
    /// What webhooks may be signed with: one secret; two while it is being changed.
    pub fn webhook_secrets(&self) -> Vec<&[u8]> {
        std::iter::once(&self.webhook_hmac_secret)
            .chain(&self.webhook_hmac_secret_previous)
            .map(|secret| secret.reveal().as_bytes())
            .collect()
    }
}

fn warnings(
    role: Role,
    secret: Option<&Secret>,
    previous: Option<&Secret>,
    waha_api_key: Option<&Secret>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, secret) in [
        ("WEBHOOK_HMAC_SECRET", secret),
        ("WEBHOOK_HMAC_SECRET_PREVIOUS", previous),
    ] {
        if secret.is_some_and(|secret| secret.reveal().len() < SECRET_LENGTH_ADVISED) {
            warnings.push(format!(
                "{name} is shorter than {SECRET_LENGTH_ADVISED} characters and can be guessed; make one with: openssl rand -hex 32"
            ));
        }
    }
    match previous {
        Some(_) if previous == secret => warnings.push(
            "WEBHOOK_HMAC_SECRET_PREVIOUS is the same as WEBHOOK_HMAC_SECRET: put the new secret into \
             WEBHOOK_HMAC_SECRET, or remove WEBHOOK_HMAC_SECRET_PREVIOUS"
                .to_owned(),
        ),
        Some(_) => warnings.push(
            "WEBHOOK_HMAC_SECRET_PREVIOUS is set: webhooks signed with the old secret are accepted too; remove it \
             when WAHA has the new one"
                .to_owned(),
        ),
        None => {}
    }
    if role.works() && waha_api_key.is_none() {
        warnings.push("WAHA_API_KEY is not set: WAHA refuses replies without its key".to_owned());
    }
    warnings
}

fn warning_of_calls(secret: Option<&Secret>) -> Option<String> {
    let make = "make one with: openssl rand -hex 32";
    match secret {
        None => Some(format!(
            "the flow calls your own system, and FLOW_CALL_HMAC_SECRET is not set: the calls are not signed, and that system \
             can't tell them from anybody else's; {make}"
        )),
        Some(secret) if secret.reveal().len() < SECRET_LENGTH_ADVISED => Some(format!(
            "FLOW_CALL_HMAC_SECRET is shorter than {SECRET_LENGTH_ADVISED} characters and can be guessed; {make}"
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
        let mut settings = Settings {
            webhook_hmac_secret: Some("s".repeat(32)),
            ..Settings::default()
        };
        change(&mut settings);
        settings
    }

    #[test]
    fn the_defaults_are_those_of_the_readme() {
        let config = Config::read(Role::All, &settings(|_| {})).unwrap();
        assert_eq!(config.listen.to_string(), "0.0.0.0:8080");
        assert_eq!(
            (config.workers, config.pacing, config.log_format),
            (1, Pacing::Human, LogFormat::Text)
        );
        assert_eq!(
            (config.waha_url.as_str(), config.redis.prefix.as_str()),
            ("http://localhost:3000", "waha-sm:")
        );
        assert!(config.redis.url.is_none());
    }

    #[test]
    fn all_mistakes_are_told_at_once_each_with_what_to_write() {
        let wrong = Settings {
            listen: Some("8080".into()),
            waha_url: Some("waha:3000".into()),
            redis: RedisSettings {
                redis_url: Some("localhost".into()),
                redis_prefix: Some("a{b}".into()),
                ..RedisSettings::default()
            },
            workers: Some("many".into()),
            flow_file: Some("/nowhere/flow.toml".into()),
            locale: Some("fr".into()),
            pacing: Some("fast".into()),
            notify_chat: Some("the owner".into()),
            log_format: Some("xml".into()),
            rust_log: Some("a=b=c".into()),
            ..Settings::default()
        };
        let Mistakes(mistakes) = Config::read(Role::All, &wrong).unwrap_err();
        for setting in [
            "WEBHOOK_HMAC_SECRET",
            "LISTEN",
            "WAHA_URL",
            "REDIS_URL",
            "REDIS_PREFIX",
            "WORKERS",
            "FLOW_FILE",
            "LOCALE",
            "PACING",
            "NOTIFY_CHAT",
            "LOG_FORMAT",
            "RUST_LOG",
        ] {
            assert_eq!(
                mistakes.iter().filter(|m| m.starts_with(setting)).count(),
                1,
                "{setting}: {mistakes:#?}"
            );
        }
        assert_eq!(mistakes.len(), 12);
    }

    #[test]
    fn a_secret_comes_from_a_file_or_a_variable_but_not_both_and_is_never_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "from-the-file\n").unwrap();
        let path = file.path().display().to_string();
        let config = Config::read(
            Role::All,
            &settings(|s| {
                s.webhook_hmac_secret = None;
                s.webhook_hmac_secret_file = Some(path.clone());
                s.redis.redis_url = Some("redis://user:hunter2@localhost".into());
            }),
        )
        .unwrap();
        assert_eq!(config.webhook_hmac_secret.reveal(), "from-the-file");
        let shown = format!("{config:?}");
        assert!(
            !shown.contains("from-the-file") && !shown.contains("hunter2"),
            "{shown}"
        );
        let both = Config::read(
            Role::All,
            &settings(|s| s.webhook_hmac_secret_file = Some(path)),
        );
        assert_eq!(both.unwrap_err().0.len(), 1);
    }

    #[test]
    fn serve_and_work_share_a_redis_so_they_must_be_told_which() {
        for role in [Role::Serve, Role::Work] {
            let Mistakes(mistakes) = Config::read(role, &settings(|_| {})).unwrap_err();
            assert!(
                mistakes[0].starts_with("REDIS_URL is required"),
                "{mistakes:?}"
            );
        }
    }
}
