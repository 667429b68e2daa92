//! Reads settings one by one: each becomes a value, or a line on what to write instead.

use std::path::Path;

use tracing_subscriber::EnvFilter;

use crate::config::{NotifyChat, Secret};
use crate::flow::Locale;
use crate::flows::Flows;
use crate::store;

const WAHA_URL: &str = "http://localhost:3000";
const REDIS_PREFIX: &str = "waha-sm:";
/// A worker is a few kilobytes; beyond this somebody mistyped.
const WORKERS_MAX: usize = 100_000;

/// An empty setting is one that is not set: compose files write `KEY=`.
pub(super) fn set(value: Option<&String>) -> Option<&str> {
    value
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

/// Collects the mistakes while it reads.
#[derive(Default)]
pub(super) struct Reader(pub(super) Vec<String>);

impl Reader {
    pub(super) fn mistake(&mut self, setting: &str, what: &str) {
        self.0.push(format!("{setting} {what}"));
    }

    pub(super) fn parsed<T: std::str::FromStr>(
        &mut self,
        setting: &str,
        value: Option<&String>,
        default: &str,
        wanted: &str,
    ) -> Option<T> {
        let value = set(value).unwrap_or(default);
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.mistake(setting, &format!("is {value:?}: write {wanted}"));
        }
        parsed
    }

    /// The first choice is the default.
    pub(super) fn choice<T: Copy>(
        &mut self,
        setting: &str,
        value: Option<&String>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let Some(value) = set(value) else {
            return choices.first().map(|(_, choice)| *choice);
        };
        let chosen = choices
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(value))
            .map(|(_, choice)| *choice);
        if chosen.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.mistake(
                setting,
                &format!("is {value:?}: write {}", names.join(" or ")),
            );
        }
        chosen
    }

    pub(super) fn secret(
        &mut self,
        setting: &str,
        value: Option<&String>,
        file: Option<&String>,
    ) -> Option<Secret> {
        match (set(value), set(file)) {
            (Some(_), Some(_)) => {
                self.mistake(
                    setting,
                    &format!("and {setting}_FILE are both set: keep one of them"),
                );
                // Something, so that it is not reported as missing besides.
                Some(Secret::of(String::new()))
            }
            (Some(value), None) => Some(Secret::of(value.to_owned())),
            (None, Some(file)) => Some(Secret::of(self.secret_file(setting, file))),
            (None, None) => None,
        }
    }

    fn secret_file(&mut self, setting: &str, file: &str) -> String {
        let content = match std::fs::read_to_string(file) {
            Ok(content) => content.trim().to_owned(),
            Err(error) => {
                self.mistake(
                    &format!("{setting}_FILE"),
                    &format!("names {file:?}, which can't be read: {error}"),
                );
                return String::new();
            }
        };
        if content.is_empty() {
            self.mistake(
                &format!("{setting}_FILE"),
                &format!("names {file:?}, which is empty: put the secret into it"),
            );
        }
        content
    }

    /// The Redis to use, if one is named.
    pub(super) fn redis_url(
        &mut self,
        value: Option<&String>,
        file: Option<&String>,
    ) -> Option<Secret> {
        let url = self.secret("REDIS_URL", value, file)?;
        if let Err(what) = store::check_url(url.reveal()) {
            self.mistake("REDIS_URL", &what);
        }
        Some(url)
    }

    pub(super) fn redis_prefix(&mut self, value: Option<&String>) -> String {
        let prefix = set(value).unwrap_or(REDIS_PREFIX);
        if !store::valid_prefix(prefix) {
            self.mistake(
                "REDIS_PREFIX",
                "may hold letters, digits and : . _ - only, 64 at most, e.g. waha-sm:",
            );
        }
        prefix.to_owned()
    }

    pub(super) fn waha_url(&mut self, value: Option<&String>) -> Option<String> {
        let url = set(value).unwrap_or(WAHA_URL);
        let host = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        if host.is_none_or(|host| {
            host.is_empty() || host.starts_with('/') || host.contains(char::is_whitespace)
        }) {
            self.mistake(
                "WAHA_URL",
                &format!(
                    "is {url:?}: write WAHA's address with http:// or https://, e.g. {WAHA_URL}"
                ),
            );
            return None;
        }
        Some(url.trim_end_matches('/').to_owned())
    }

    pub(super) fn workers(&mut self, value: Option<&String>) -> Option<usize> {
        let value = set(value).unwrap_or("1");
        let workers = value
            .parse()
            .ok()
            .filter(|workers| (1..=WORKERS_MAX).contains(workers));
        if workers.is_none() {
            self.mistake(
                "WORKERS",
                &format!("is {value:?}: write a whole number from 1 to {WORKERS_MAX}"),
            );
        }
        workers
    }

    /// Where the owner is told, if anywhere.
    pub(super) fn notify_chat(&mut self, value: Option<&String>) -> Option<NotifyChat> {
        let value = set(value)?;
        let chat = value.parse().ok();
        if chat.is_none() {
            self.mistake(
                "NOTIFY_CHAT",
                &format!(
                    "is {value:?}: write a phone number with its country (5511999990000), a chat id (...@c.us, ...@lid) or a \
                     group's (...@g.us), with the session before it where it matters: shop/5511999990000"
                ),
            );
        }
        chat
    }

    /// The flows to follow.
    pub(super) fn flows(&mut self, place: Option<&String>, locale: Locale) -> Option<Flows> {
        match Flows::load(set(place).map(Path::new), locale) {
            Ok(flows) => Some(flows),
            Err(mistakes) => {
                for mistake in mistakes {
                    self.mistake("FLOW_FILE", &mistake);
                }
                None
            }
        }
    }

    pub(super) fn log_filter(&mut self, value: Option<&String>) -> Option<EnvFilter> {
        let value = set(value).unwrap_or("info");
        // fred repeats at every try what our own lines say once; who wants its words asks for them by name.
        let filter = if value.contains("fred") {
            value.to_owned()
        } else {
            format!("{value},fred=off")
        };
        match EnvFilter::try_new(filter) {
            Ok(filter) => Some(filter),
            Err(error) => {
                self.mistake(
                    "RUST_LOG",
                    &format!("is {value:?}: {error}; write e.g. info or waha_sm=debug"),
                );
                None
            }
        }
    }
}
