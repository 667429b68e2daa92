//! Settings for webhooks: the address to listen on, and the secrets that sign them.

use std::net::SocketAddr;

use super::reader::{Mistakes, SECRET_LENGTH_MIN, SettingsReader, guessable, is_guessable};
use crate::secret::Secret;
use crate::settings::WebhookSettings;

/// All addresses, because a container's port mapping needs that.
const LISTEN: &str = "0.0.0.0:8080";

/// How webhooks are received.
#[derive(Debug)]
pub struct WebhookConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The secret that signs webhooks.
    pub secret: Secret,
    /// The previous secret. It is still accepted while the owner changes it.
    pub previous_secret: Option<Secret>,
}

impl WebhookConfig {
    pub(super) fn read(reader: &mut SettingsReader, settings: &WebhookSettings) -> Option<Self> {
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
        let previous_secret = reader.secret(
            "WEBHOOK_HMAC_SECRET_PREVIOUS",
            settings.webhook_hmac_secret_previous.as_ref(),
            settings.webhook_hmac_secret_previous_file.as_ref(),
        );
        let listen = read_listen(reader, settings.listen.as_ref());
        let may_be_weak = reader.choice(
            "ALLOW_WEAK_SECRET",
            settings.allow_weak_secret.as_ref(),
            &[("no", false), ("yes", true)],
        );
        if may_be_weak != Some(true) {
            refuse_weak(reader, secret.as_ref(), previous_secret.as_ref());
        }
        warn(reader, secret.as_ref(), previous_secret.as_ref());
        Some(Self {
            listen: listen?,
            secret: secret?,
            previous_secret,
        })
    }

    /// The secrets that may sign webhooks: two while the owner changes the secret.
    pub fn secrets(&self) -> Vec<&[u8]> {
        std::iter::once(&self.secret)
            .chain(&self.previous_secret)
            .map(|secret| secret.reveal().as_bytes())
            .collect()
    }
}

/// The address on which a daemon with this setting listens, for commands that ask it.
///
/// # Errors
/// If the setting is not an address.
pub fn listen(setting: Option<&String>) -> Result<SocketAddr, Mistakes> {
    let mut reader = SettingsReader::default();
    let listen = read_listen(&mut reader, setting);
    reader.finish(|_| listen)
}

fn read_listen(reader: &mut SettingsReader, setting: Option<&String>) -> Option<SocketAddr> {
    reader.parsed(
        "LISTEN",
        setting,
        LISTEN,
        "an address and a port, e.g. 0.0.0.0:8080",
    )
}

/// Anybody could find a short secret by trying, and then speak for WAHA.
fn refuse_weak(reader: &mut SettingsReader, secret: Option<&Secret>, previous: Option<&Secret>) {
    for (setting, secret) in [
        ("WEBHOOK_HMAC_SECRET", secret),
        ("WEBHOOK_HMAC_SECRET_PREVIOUS", previous),
    ] {
        // An empty one could not be read; there is a mistake about it.
        if secret.is_some_and(|secret| is_guessable(secret) && !secret.reveal().is_empty()) {
            reader.mistake(
                setting,
                &format!(
                    "has fewer than {SECRET_LENGTH_MIN} characters and can be guessed: make one with openssl rand -hex 32, and \
                     give it to WAHA too (for a test, or while you change it: ALLOW_WEAK_SECRET=yes)"
                ),
            );
        }
    }
}

fn warn(reader: &mut SettingsReader, secret: Option<&Secret>, previous: Option<&Secret>) {
    for (setting, secret) in [
        ("WEBHOOK_HMAC_SECRET", secret),
        ("WEBHOOK_HMAC_SECRET_PREVIOUS", previous),
    ] {
        if let Some(warning) = secret.and_then(|secret| guessable(setting, secret)) {
            reader.warn(warning);
        }
    }
    match previous {
        Some(_) if previous == secret => reader.warn(
            "WEBHOOK_HMAC_SECRET_PREVIOUS is the same as WEBHOOK_HMAC_SECRET: put the new secret into \
             WEBHOOK_HMAC_SECRET, or remove WEBHOOK_HMAC_SECRET_PREVIOUS",
        ),
        Some(_) => reader.warn(
            "WEBHOOK_HMAC_SECRET_PREVIOUS is set: webhooks signed with the old secret are accepted too; remove it \
             when WAHA has the new one",
        ),
        None => {}
    }
}
