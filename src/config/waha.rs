//! Settings for WAHA: its address and its key.

use super::reader::{SettingsReader, set};
use super::role::Role;
use crate::secret::{Secret, shown_url};
use crate::settings::WahaSettings;

const WAHA_URL: &str = "http://localhost:3000";

/// How to reach WAHA.
#[derive(Debug)]
pub struct WahaConfig {
    /// Its address, which may have a password in it.
    pub url: Secret,
    /// Its key.
    pub api_key: Option<Secret>,
}

impl WahaConfig {
    pub(super) fn read(
        reader: &mut SettingsReader,
        settings: &WahaSettings,
        role: Role,
    ) -> Option<Self> {
        let url = url(reader, settings.waha_url.as_ref());
        let api_key = reader.secret(
            "WAHA_API_KEY",
            settings.waha_api_key.as_ref(),
            settings.waha_api_key_file.as_ref(),
        );
        if role.works() && api_key.is_none() {
            reader.warn("WAHA_API_KEY is not set: WAHA refuses replies without its key");
        }
        Some(Self { url: url?, api_key })
    }
}

fn url(reader: &mut SettingsReader, setting: Option<&String>) -> Option<Secret> {
    let url = set(setting).unwrap_or(WAHA_URL);
    let host = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    if host.is_none_or(|host| {
        host.is_empty() || host.starts_with('/') || host.contains(char::is_whitespace)
    }) {
        reader.mistake(
            "WAHA_URL",
            &format!(
                "is {:?}: write WAHA's address with http:// or https://, e.g. {WAHA_URL}",
                shown_url(url)
            ),
        );
        return None;
    }
    Some(Secret::new(url.trim_end_matches('/').to_owned()))
}
