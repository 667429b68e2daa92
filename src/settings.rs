//! The settings: what the user typed, as flags or environment variables. [`Config`](crate::config::Config) is what they
//! mean.
//!
//! Each component has its own struct. An empty setting counts as not set, because compose files write `KEY=`.

use std::ffi::OsString;

use clap::Args;

/// Every setting of the daemon, as the user typed it.
#[derive(Clone, Debug, Default, Args)]
pub struct Settings {
    /// How webhooks are received.
    #[command(flatten)]
    pub webhook: WebhookSettings,
    /// Where WAHA is.
    #[command(flatten)]
    pub waha: WahaSettings,
    /// Where the data is.
    #[command(flatten)]
    pub redis: RedisSettings,
    /// Whether the history is kept.
    #[command(flatten)]
    pub history: HistorySettings,
    /// Which flow customers follow.
    #[command(flatten)]
    pub flow: FlowSettings,
    /// How conversations are handled and answered.
    #[command(flatten)]
    pub handling: HandlingSettings,
    /// Where the owner is notified.
    #[command(flatten)]
    pub owner: OwnerSettings,
    /// How to find messages whose webhooks were lost.
    #[command(flatten)]
    pub catch_up: CatchUpSettings,
    /// The console.
    #[command(flatten)]
    pub console: ConsoleSettings,
    /// The log.
    #[command(flatten)]
    pub log: LogSettings,
}

/// How webhooks are received.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookSettings {
    /// Required: the secret that WAHA signs its webhooks with (WHATSAPP_HOOK_HMAC_KEY in WAHA)
    #[arg(
        long,
        env = "WEBHOOK_HMAC_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub webhook_hmac_secret: Option<String>,
    /// File with the webhook secret, instead of WEBHOOK_HMAC_SECRET
    #[arg(long, env = "WEBHOOK_HMAC_SECRET_FILE", value_name = "PATH")]
    pub webhook_hmac_secret_file: Option<String>,
    /// The previous secret, still accepted while you change it
    #[arg(
        long,
        env = "WEBHOOK_HMAC_SECRET_PREVIOUS",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub webhook_hmac_secret_previous: Option<String>,
    /// File with the previous secret, instead of WEBHOOK_HMAC_SECRET_PREVIOUS
    #[arg(long, env = "WEBHOOK_HMAC_SECRET_PREVIOUS_FILE", value_name = "PATH")]
    pub webhook_hmac_secret_previous_file: Option<String>,
    /// yes: accept a secret under 16 characters, which can be guessed; only for a test [default: no]
    #[arg(long, env = "ALLOW_WEAK_SECRET", value_name = "yes|no")]
    pub allow_weak_secret: Option<String>,
    /// Address and port to listen on [default: 0.0.0.0:8080]
    #[arg(long, env = "LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}

/// Where WAHA is.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "WAHA")]
pub struct WahaSettings {
    /// WAHA's address [default: http://localhost:3000]
    #[arg(long, env = "WAHA_URL", value_name = "URL", hide_env_values = true)]
    pub waha_url: Option<String>,
    /// WAHA's API key, in plain text (WAHA itself may keep only its hash)
    #[arg(long, env = "WAHA_API_KEY", value_name = "KEY", hide_env_values = true)]
    pub waha_api_key: Option<String>,
    /// File with WAHA's API key, instead of WAHA_API_KEY
    #[arg(long, env = "WAHA_API_KEY_FILE", value_name = "PATH")]
    pub waha_api_key_file: Option<String>,
}

/// Where the data is, as the user typed it; [`RedisConfig`](crate::config::RedisConfig) is what it means.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Data")]
pub struct RedisSettings {
    /// Redis >= 6.2 or Valkey: redis://, rediss://, redis-sentinel://, redis-cluster://, redis+unix://
    /// [default: none; `all` runs a private one]
    #[arg(long, env = "REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<String>,
    /// File with the Redis URL, instead of REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE", value_name = "PATH")]
    pub redis_url_file: Option<String>,
    /// How many replicas of Redis must have an event before WAHA's webhook is answered with 200 [default: 0]
    #[arg(long, env = "ACK_REPLICAS", value_name = "NUMBER")]
    pub ack_replicas: Option<String>,
    /// The prefix of all our keys in Redis [default: waha-sm:]
    #[arg(long, env = "REDIS_PREFIX", value_name = "PREFIX")]
    pub redis_prefix: Option<String>,
    /// Directory of the history and of the private Redis [default: ./data]
    #[arg(long, env = "DATA_DIR", value_name = "PATH")]
    pub data_dir: Option<OsString>,
    /// How much the private Redis may store, like 256mb or 1gb; 0: any amount. When it is full, WAHA must repeat its events
    /// until there is space [default: 256mb]
    #[arg(long, env = "PRIVATE_REDIS_MAXMEMORY", value_name = "BYTES")]
    pub private_redis_maxmemory: Option<String>,
}

/// Whether the history is kept.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Data")]
pub struct HistorySettings {
    /// Whether `all` or `serve` keeps the history: one process for each Redis. off: another one does; here: in this DATA_DIR from now
    /// on, although another file was kept before [default: on]
    #[arg(long, env = "HISTORY", value_name = "on|off|here")]
    pub history: Option<String>,
    /// How long conversations are kept after they closed, like 365d; then they are removed with all their messages, once a day
    /// [default: for ever]
    #[arg(long, env = "HISTORY_KEEP", value_name = "TIME")]
    pub history_keep: Option<String>,
}

/// Which flow customers follow.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Flow")]
pub struct FlowSettings {
    /// The flow, a TOML file; or a directory with `<session>.toml` for a session and `default.toml` for others
    /// [default: a built-in reception]
    #[arg(long, env = "FLOW_FILE", value_name = "PATH")]
    pub flow_file: Option<String>,
    /// The secret that signs the flow's calls to your own system
    #[arg(
        long,
        env = "FLOW_CALL_HMAC_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub flow_call_hmac_secret: Option<String>,
    /// File with this secret, instead of FLOW_CALL_HMAC_SECRET
    #[arg(long, env = "FLOW_CALL_HMAC_SECRET_FILE", value_name = "PATH")]
    pub flow_call_hmac_secret_file: Option<String>,
    /// Language of the built-in texts: en, pt-BR or es; a flow file may choose its own [default: en]
    #[arg(long, env = "LOCALE", value_name = "LOCALE")]
    pub locale: Option<String>,
}

/// How conversations are handled and answered.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Conversations")]
pub struct HandlingSettings {
    /// How many conversations this process handles at a time; the others wait in line [default: 1]
    #[arg(long, env = "WORKERS", value_name = "NUMBER")]
    pub workers: Option<String>,
    /// human: marks the chat as read, shows "typing" for a time that fits the text, then sends; off: sends at once
    /// [default: human]
    #[arg(long, env = "PACING", value_name = "human|off")]
    pub pacing: Option<String>,
    /// When WAHA's answer to a reply is lost and WAHA can't tell whether it sent the reply: resend (perhaps twice), or
    /// hold (you decide with `waha-sm dead`) [default: resend]
    #[arg(long, env = "IN_DOUBT", value_name = "resend|hold")]
    pub in_doubt: Option<String>,
}

/// Where the owner is notified.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "You")]
pub struct OwnerSettings {
    /// Where to notify you when something needs your attention: a phone number, a chat id or a group (...@g.us); to send
    /// through a certain session, write shop/5511999990000 [default: none, only the log]
    #[arg(long, env = "NOTIFY_CHAT", value_name = "CHAT")]
    pub notify_chat: Option<String>,
}

/// How to find messages whose webhooks were lost.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Lost webhooks")]
pub struct CatchUpSettings {
    /// How often to ask WAHA for messages whose webhooks were lost, in addition to the start; 0: never [default: 5m]
    #[arg(long, env = "CATCH_UP_INTERVAL", value_name = "TIME")]
    pub catch_up_interval: Option<String>,
    /// Messages older than this only go into the history and are not answered, however late they come, by webhook too
    /// [default: 12h]
    #[arg(long, env = "CATCH_UP_MAX_AGE", value_name = "TIME")]
    pub catch_up_max_age: Option<String>,
}

/// The console.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Console")]
pub struct ConsoleSettings {
    /// Where it is.
    #[command(flatten)]
    pub address: ConsoleAddressSettings,
    /// IP addresses or networks of the proxies before the console, with commas between them: their X-Forwarded-For is
    /// believed [default: none]
    #[arg(long, env = "CONSOLE_TRUSTED_PROXIES", value_name = "ADDRESSES")]
    pub console_trusted_proxies: Option<String>,
}

/// Where the console is. The daemon needs it, and so do commands that print links.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Console")]
pub struct ConsoleAddressSettings {
    /// Address and port of the console, the pages for people who attend; for `all` and `serve` [default: none, no console]
    #[arg(long, env = "CONSOLE_LISTEN", value_name = "ADDRESS:PORT")]
    pub console_listen: Option<String>,
    /// The console's address in the browser, perhaps with a path, like https://shop.example/console [default: none, only
    /// localhost and IP addresses]
    #[arg(long, env = "CONSOLE_URL", value_name = "URL")]
    pub console_url: Option<String>,
}

/// The log.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Log")]
pub struct LogSettings {
    /// text or json [default: text]
    #[arg(long, env = "LOG_FORMAT", value_name = "text|json")]
    pub log_format: Option<String>,
    /// What to log: error, warn, info, debug or trace, or by module (waha_sm=debug) [default: info]
    #[arg(long = "log", env = "RUST_LOG", value_name = "FILTER")]
    pub rust_log: Option<String>,
    /// The time zone of the log's times: not our own setting, but one that every program reads.
    #[arg(skip = std::env::var("TZ").ok())]
    pub tz: Option<String>,
}
