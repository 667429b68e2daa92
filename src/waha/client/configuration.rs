//! Asks WAHA how it is configured: its version, its environment, its clock, and the webhooks of its sessions. This changes nothing.

use std::collections::HashMap;
use std::fmt;
use std::time::SystemTime;

use ureq::http::Uri;

use super::http::{ANSWER_MAX, Client};
use super::outcome::SendError;
use super::sessions::{LIST_MAX, Session, described, not_waha};
use crate::clock::Millis;
use crate::secret::Secret;
use crate::waha::label::label;
use crate::waha::lenient::{Raw, lenient};

/// What WAHA says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WahaServer {
    /// Its version, such as `2026.7.1`.
    pub version: Option<String>,
    /// Its default engine, such as `GOWS`.
    pub engine: Option<String>,
    /// Its clock, to the second, from the head of its answer.
    pub clock: Option<SystemTime>,
}

/// WAHA's environment variables. Some are secrets, so it is never shown as a whole.
#[derive(Clone, Default)]
pub struct WahaEnvironment(HashMap<String, Secret>);

impl WahaEnvironment {
    /// A variable that is no secret; `None` if it is not set, or empty.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.secret(name).map(Secret::reveal)
    }

    /// A variable that may be a secret.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.0
            .get(name)
            .filter(|value| !value.reveal().trim().is_empty())
    }
}

impl fmt::Debug for WahaEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A webhook, as WAHA has it configured.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfiguredHook {
    /// Where events are posted. It may have a password in it.
    pub url: Secret,
    /// Which events.
    pub events: Vec<String>,
    /// The key that signs them.
    pub hmac: Option<Secret>,
    /// How often an event is repeated that was not accepted.
    pub retries: ConfiguredRetries,
}

/// Where a webhook goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookPlace {
    /// Whether it is encrypted: then a proxy is before us.
    pub is_https: bool,
    /// The host, as WAHA sees it.
    pub host: String,
    /// The port, if it is named.
    pub port: Option<u16>,
    /// The path.
    pub path: String,
}

impl ConfiguredHook {
    /// Where it goes; `None` if that is no address.
    #[must_use]
    pub fn place(&self) -> Option<HookPlace> {
        let url: Uri = self.url.reveal().trim().parse().ok()?;
        Some(HookPlace {
            is_https: url.scheme_str()? == "https",
            host: url.host()?.to_owned(),
            port: url.port_u16(),
            path: url.path().to_owned(),
        })
    }

    /// Where it goes, to show to a person: the user, the password, the path and the query may be secret.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.place() {
            Some(place) => {
                let scheme = if place.is_https { "https" } else { "http" };
                let port = place.port.map(|port| format!(":{port}"));
                format!("{scheme}://{}{}", place.host, port.unwrap_or_default())
            }
            None => "(not an address)".to_owned(),
        }
    }
}

/// How often WAHA repeats an event. Each part may be missing: WAHA then has its own default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfiguredRetries {
    /// `constant`, `linear` or `exponential`.
    pub policy: Option<String>,
    /// The first delay, in seconds.
    pub delay_seconds: Option<f64>,
    /// How many times.
    pub attempts: Option<f64>,
}

/// A session with its configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfiguredSession {
    /// The session itself.
    pub session: Session,
    /// Its own webhooks. Those in WAHA's environment are not among them.
    pub hooks: Vec<ConfiguredHook>,
    /// Whether NOWEB keeps messages for it, if that is configured.
    pub noweb_store: Option<bool>,
}

lenient! {
    /// The answer about the version.
    struct Version {
        "version" => version: Raw<'a>,
        "engine" => engine: Raw<'a>,
    }

    /// The answer about the server's own state.
    struct ServerStatus {
        "startTimestamp" => started_at: Raw<'a>,
    }

    /// The configuration of a session in a list.
    struct Configured {
        "config" => config: Raw<'a>,
    }

    /// A webhook of a session.
    struct Hook {
        "url" => url: Raw<'a>,
        "events" => events: Raw<'a>,
        "hmac" => hmac: Raw<'a>,
        "retries" => retries: Raw<'a>,
    }
}

impl Client {
    /// Which version of WAHA this is, and what its clock says.
    ///
    /// # Errors
    ///
    /// As for any request.
    pub fn server(&self) -> Result<WahaServer, SendError> {
        let (answer, clock) = self.get_dated("/api/server/version", ANSWER_MAX)?;
        let json = answer.whole()?;
        let version: Version<'_> = serde_json::from_str(&json).unwrap_or_default();
        Ok(WahaServer {
            version: version.version.text().and_then(label),
            engine: version.engine.text().and_then(label),
            clock,
        })
    }

    /// When WAHA was started; `None` if it does not say.
    ///
    /// # Errors
    ///
    /// As for any request.
    pub fn started_at(&self) -> Result<Option<Millis>, SendError> {
        let answer = self.get("/api/server/status", ANSWER_MAX)?;
        let json = answer.whole()?;
        let ServerStatus { started_at, .. } = serde_json::from_str(&json).unwrap_or_default();
        Ok(started_at.number().map(|at| Millis::new(at as i64)))
    }

    /// WAHA's own environment variables (`WAHA_...` and `WHATSAPP_...`). A key that is limited to one session may not ask.
    ///
    /// # Errors
    ///
    /// As for any request.
    pub fn environment(&self) -> Result<WahaEnvironment, SendError> {
        let answer = self.get("/api/server/environment?all=false", LIST_MAX)?;
        let json = answer.whole()?;
        let all: Raw<'_> =
            serde_json::from_str(&json).map_err(|_| not_waha(&answer, "no environment"))?;
        if !all.is_object() {
            return Err(not_waha(&answer, "no environment"));
        }
        let texts = all.entries().into_iter().filter_map(|(name, value)| {
            let text = match (value.text(), value.number(), value.flag()) {
                (Some(text), ..) => text.into_owned(),
                (None, Some(number), _) => number.to_string(),
                (None, None, flag) => flag?.to_string(),
            };
            Some((name.into_owned(), Secret::new(text)))
        });
        Ok(WahaEnvironment(texts.collect()))
    }

    /// All sessions with their configuration, those too that are stopped.
    ///
    /// # Errors
    ///
    /// As for any request.
    pub fn configured_sessions(&self) -> Result<Vec<ConfiguredSession>, SendError> {
        let answer = self.get("/api/sessions?all=true", LIST_MAX)?;
        let json = answer.whole()?;
        let entries: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(&json).map_err(|_| not_waha(&answer, "no list of sessions"))?;
        let configured = |json: &str| {
            let session = described(json)?;
            let Configured { config, .. } = serde_json::from_str(json).unwrap_or_default();
            let hooks = config.at(&["webhooks"]).elements();
            Some(ConfiguredSession {
                session,
                hooks: hooks.into_iter().filter_map(hook).collect(),
                noweb_store: config.at(&["noweb", "store", "enabled"]).flag(),
            })
        };
        let read = entries
            .into_iter()
            .filter_map(|entry| configured(entry.get()));
        Ok(read.collect())
    }
}

fn hook(json: Raw<'_>) -> Option<ConfiguredHook> {
    let hook: Hook<'_> = json.read();
    let events = hook.events.elements().into_iter();
    let key = hook.hmac.at(&["key"]).text();
    Some(ConfiguredHook {
        url: Secret::new(hook.url.text()?.into_owned()),
        events: events
            .filter_map(|event| Some(event.text()?.into_owned()))
            .collect(),
        hmac: key
            .filter(|key| !key.trim().is_empty())
            .map(|key| Secret::new(key.into_owned())),
        retries: ConfiguredRetries {
            policy: hook.retries.at(&["policy"]).text().and_then(label),
            delay_seconds: hook.retries.at(&["delaySeconds"]).number(),
            attempts: hook.retries.at(&["attempts"]).number(),
        },
    })
}
