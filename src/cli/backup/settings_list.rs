//! The settings as a backup has them: names and values for a person to compare, and no secret.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Args as _, Command};

use crate::secret::shown_url;
use crate::settings::Settings;
use crate::terminal::line;

/// The first lines of the file.
const HEADER: &str = "# The settings that `waha-sm backup` found, to compare: those of the daemon if it ran, and its own.\n\
    # Secrets are not here: set them again. Addresses are without user and password.\n";

/// The line for a secret that is set.
const SECRET: &str = "# (a secret is set) ";

/// Settings by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct ListedSettings {
    values: BTreeMap<String, String>,
    /// The names of secrets that are set.
    secrets: Vec<String>,
}

impl ListedSettings {
    /// What is set: `other`, by name, and else what is in the environment of this process.
    pub(in crate::cli) fn found(other: impl Fn(&str) -> Option<OsString>) -> Self {
        Self::collect(|name| {
            let value = other(name).or_else(|| std::env::var_os(name))?;
            Some(value.to_string_lossy().into_owned())
        })
    }

    fn collect(value_of: impl Fn(&str) -> Option<String>) -> Self {
        let mut found = Self::default();
        for setting in Settings::augment_args(Command::new("settings")).get_arguments() {
            let Some(name) = setting.get_env().and_then(|name| name.to_str()) else {
                continue;
            };
            let value = value_of(name).filter(|value| !value.trim().is_empty());
            match value {
                None => {}
                Some(value) if name.ends_with("_URL") => found.add(name, &shown_url(value.trim())),
                Some(_) if setting.is_hide_env_values_set() => found.secrets.push(name.to_owned()),
                Some(value) => found.add(name, value.trim()),
            }
        }
        // The time zone is a setting of every program.
        if let Some(zone) = value_of("TZ").filter(|zone| !zone.trim().is_empty()) {
            found.add("TZ", zone.trim());
        }
        found
    }

    fn add(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), line(value));
    }

    /// The file of a backup.
    pub(in crate::cli) fn written(&self) -> String {
        let mut text = HEADER.to_owned();
        for (name, value) in &self.values {
            text.push_str(&format!("{name}={value}\n"));
        }
        for name in &self.secrets {
            text.push_str(&format!("{SECRET}{name}\n"));
        }
        text
    }

    /// Reads the file of a backup.
    pub(in crate::cli) fn read(text: &str) -> Self {
        let mut read = Self::default();
        for found in text.lines() {
            if let Some(name) = found.strip_prefix(SECRET) {
                read.secrets.push(name.to_owned());
            } else if let Some((name, value)) =
                found.split_once('=').filter(|_| !found.starts_with('#'))
            {
                read.add(name, value);
            }
        }
        read
    }

    /// What the user should look at before a start with these settings, if the backup has `before`: one line each.
    pub(in crate::cli) fn differences(&self, before: &Self) -> Vec<String> {
        let names = self.values.keys().chain(before.values.keys());
        let mut names: Vec<&String> = names.collect();
        names.sort();
        names.dedup();
        let value = |of: &Self, name: &str| of.values.get(name).cloned();
        let mut lines = Vec::new();
        for name in names {
            // They say where the data is, and may be other places now.
            if ["DATA_DIR", "REDIS_URL", "REDIS_URL_FILE"].contains(&name.as_str()) {
                continue;
            }
            match (value(before, name), value(self, name)) {
                (Some(then), Some(now)) if then != now => {
                    lines.push(format!("{name} was {then}, and is {now} now"));
                }
                (Some(then), None) => lines.push(format!("{name} was {then}, and is not set now")),
                (None, Some(now)) => lines.push(format!("{name} was not set, and is {now} now")),
                _ => {}
            }
        }
        let set = |secret: &String| {
            let file = format!("{secret}_FILE");
            self.secrets.contains(secret) || self.values.contains_key(&file)
        };
        let missing = before.secrets.iter().filter(|secret| !set(secret));
        lines.extend(
            missing.map(|secret| {
                format!("{secret} was set: it is a secret, so set it again yourself")
            }),
        );
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[(&str, &str)]) -> ListedSettings {
        ListedSettings::collect(|name| {
            let found = values.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_setting_that_sounds_secret_is_hidden() {
        let command = Settings::augment_args(Command::new("settings"));
        for setting in command.get_arguments() {
            let name = setting.get_env().and_then(|name| name.to_str());
            let name = name.unwrap_or_default();
            let sounds_secret = ["SECRET", "KEY", "PASSWORD", "TOKEN"]
                .iter()
                .any(|word| name.contains(word));
            let is_other = name.ends_with("_FILE") || name.starts_with("ALLOW_");
            if sounds_secret && !is_other || name == "REDIS_URL" {
                assert!(setting.is_hide_env_values_set(), "{name}");
            }
        }
    }

    #[test]
    fn a_list_has_no_secret_and_says_what_to_look_at() {
        let before = with(&[
            ("WEBHOOK_HMAC_SECRET", "hunter1-hunter1-hunter1"),
            ("WAHA_API_KEY", "hunter2"),
            ("FLOW_CALL_HMAC_SECRET", "hunter3"),
            ("WEBHOOK_HMAC_SECRET_PREVIOUS", "hunter4"),
            ("REDIS_URL", "redis://me:hunter5@redis:6379/2"),
            ("WAHA_URL", "http://me:hunter6@waha:3000"),
            ("WAHA_API_KEY_FILE", "/run/secrets/key"),
            ("WORKERS", " 500 "),
            ("LOCALE", "pt-BR"),
            ("TZ", "America/Sao_Paulo"),
            ("NOTIFY_CHAT", ""),
        ]);
        let written = before.written();
        assert!(!written.contains("hunter"), "{written}");
        for line in [
            "REDIS_URL=redis://(hidden)@redis:6379/2\n",
            "WAHA_URL=http://(hidden)@waha:3000\n",
            "WORKERS=500\n",
            "TZ=America/Sao_Paulo\n",
            "WAHA_API_KEY_FILE=/run/secrets/key\n",
        ] {
            assert!(written.contains(line), "{line}{written}");
        }
        assert!(!written.contains("NOTIFY_CHAT"));
        assert_eq!(ListedSettings::read(&written), before);
        let now = with(&[
            ("WORKERS", "1"),
            ("WAHA_API_KEY", "x"),
            ("LOCALE", "pt-BR"),
            ("PACING", "off"),
        ]);
        let differences = now.differences(&before);
        assert!(
            differences.contains(&"WORKERS was 500, and is 1 now".to_owned()),
            "{differences:?}"
        );
        assert!(differences.contains(&"PACING was not set, and is off now".to_owned()));
        let again = differences
            .iter()
            .filter(|line| line.ends_with("set it again yourself"));
        assert_eq!(again.count(), 3, "{differences:?}");
        assert!(before.differences(&before).is_empty());
    }
}
