//! Settings for WAHA: its address and its key.

use super::reader::{SettingsReader, set};
use super::role::Role;
use crate::secret::{Secret, shown_url};
use crate::settings::WahaSettings;
use crate::waha::client::{is_address, is_api_key};

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
        if api_key
            .as_ref()
            .is_some_and(|key| !is_api_key(key.reveal()))
        {
            reader.mistake(
                "WAHA_API_KEY",
                "has characters that no key has: is there a line break in it?",
            );
        }
        if role.works() && api_key.is_none() {
            reader.warn("WAHA_API_KEY is not set: WAHA refuses replies without its key");
        }
        Some(Self { url: url?, api_key })
    }
}

fn url(reader: &mut SettingsReader, setting: Option<&String>) -> Option<Secret> {
    let url = set(setting).unwrap_or(WAHA_URL);
    if !is_address(url) {
        reader.mistake(
            "WAHA_URL",
            &format!(
                "is {:?}: write http:// or https://, a host, and perhaps a port and a path, e.g. {WAHA_URL}",
                shown_url(url)
            ),
        );
        return None;
    }
    Some(Secret::new(url.trim_end_matches('/').to_owned()))
}
