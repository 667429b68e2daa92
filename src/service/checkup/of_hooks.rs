//! Judges the webhooks that WAHA has configured, as WAHA tells them: does each event reach us, signed, once, and long enough?

use std::net::IpAddr;
use std::time::Duration;

use crate::secret::{Secret, shown_url};
use crate::service::checkup::finding::{Finding, HookOwner};
use crate::waha::client::{
    ConfiguredHook, ConfiguredRetries, ConfiguredSession, HookPlace, WahaEnvironment,
};
use crate::waha::signature::{Signature, Verifier, sign};

/// The path on which we take webhooks.
const PATH: &str = "/webhook";
/// What we use. Of these, `message.any` matters most.
const WANTED: [&str; 6] = [
    "message.any",
    "message.ack",
    "message.reaction",
    "message.edited",
    "message.revoked",
    "session.status",
];
/// A restart of a machine, or an update that goes wrong, takes less.
const SPAN_MIN: Duration = Duration::from_secs(3_600);
/// More is as good as for ever.
const SPAN_MAX: f64 = 1e9;

/// What we expect of a webhook.
#[derive(Clone)]
pub struct OwnWebhook {
    /// The port on which we listen.
    pub port: u16,
    /// The secrets that we accept: the present one, and perhaps the one before.
    pub secrets: Vec<Secret>,
    /// Whether we run in a container, so that another port of its machine may lead to ours.
    pub in_container: bool,
    /// Whether WAHA is on the same machine or in the same container, so that its localhost is ours.
    pub beside_waha: bool,
}

/// `environment`: WAHA's variables; `None` if we may not read them.
pub(super) fn judge(
    environment: Option<&WahaEnvironment>,
    sessions: &[ConfiguredSession],
    own: &OwnWebhook,
) -> Vec<Finding> {
    let global = environment.and_then(global_hook);
    let is_ours =
        |hook: &ConfiguredHook| hook.place().is_some_and(|place| place.path.ends_with(PATH));
    let global_is_ours = global.as_ref().is_some_and(is_ours);
    let mut findings = Vec::new();
    if let Some(hook) = global.as_ref().filter(|_| global_is_ours) {
        findings.extend(judge_one(hook, &HookOwner::Environment, own));
    }
    let mut without = Vec::new();
    for ConfiguredSession { session, hooks, .. } in sessions {
        let ours: Vec<_> = hooks.iter().filter(|hook| is_ours(hook)).collect();
        for hook in &ours {
            findings.extend(judge_one(
                hook,
                &HookOwner::Session(session.name.clone()),
                own,
            ));
        }
        if ours.len() + usize::from(global_is_ours) > 1 {
            findings.push(Finding::HooksTwice(session.name.clone()));
        }
        if ours.is_empty() && !global_is_ours {
            without.push(session.name.clone());
        }
    }
    // Without its environment, we can't tell whether WAHA posts to us.
    let is_known = environment.is_some();
    let nobody = without.len() == sessions.len() && !global_is_ours;
    match nobody {
        true if is_known => {
            let hooks = sessions.iter().flat_map(|session| &session.hooks);
            let elsewhere = global.iter().chain(hooks);
            let elsewhere: Vec<String> =
                elsewhere.map(|hook| shown_url(hook.url.reveal())).collect();
            findings.push(match elsewhere.is_empty() {
                true => Finding::NoHook,
                false => Finding::HooksElsewhere(elsewhere),
            });
        }
        false if is_known => findings.extend(without.into_iter().map(Finding::NoHookOf)),
        _ => {}
    }
    if findings.is_empty() && is_known {
        findings.push(Finding::HooksWork);
    }
    findings
}

/// The webhook in WAHA's environment variables.
fn global_hook(environment: &WahaEnvironment) -> Option<ConfiguredHook> {
    let number = |name: &str| {
        environment
            .value(name)
            .and_then(|value| value.trim().parse().ok())
    };
    let events = environment
        .value("WHATSAPP_HOOK_EVENTS")
        .unwrap_or_default();
    Some(ConfiguredHook {
        url: environment.secret("WHATSAPP_HOOK_URL")?.clone(),
        events: events
            .split(',')
            .map(|event| event.trim().to_owned())
            .filter(|event| !event.is_empty())
            .collect(),
        hmac: environment.secret("WHATSAPP_HOOK_HMAC_KEY").cloned(),
        retries: ConfiguredRetries {
            policy: environment
                .value("WHATSAPP_HOOK_RETRIES_POLICY")
                .map(|policy| policy.trim().to_owned()),
            delay_seconds: number("WHATSAPP_HOOK_RETRIES_DELAY_SECONDS"),
            attempts: number("WHATSAPP_HOOK_RETRIES_ATTEMPTS"),
        },
    })
}

fn judge_one(hook: &ConfiguredHook, owner: &HookOwner, own: &OwnWebhook) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(port) = hook.place().and_then(|place| other_port(&place, own)) {
        findings.push(Finding::HookToOtherPort {
            owner: owner.clone(),
            port,
            ours: own.port,
        });
    }
    findings.extend(judge_events(&hook.events, owner));
    findings.extend(match &hook.hmac {
        None => Some(Finding::HookUnsigned(owner.clone())),
        Some(key) if is_masked(key) => None,
        Some(key) => match own.secrets.iter().position(|ours| is_same(ours, key)) {
            Some(0) => None,
            Some(_) => Some(Finding::HookKeyOld(owner.clone())),
            None => Some(Finding::HookKeyDiffers(owner.clone())),
        },
    });
    let span = span(&hook.retries);
    if span < SPAN_MIN {
        findings.push(Finding::HookGivesUpEarly(owner.clone(), span));
    }
    findings
}

/// The port of the webhook, if nobody can have led it to ours.
fn other_port(place: &HookPlace, own: &OwnWebhook) -> Option<u16> {
    // With https, or without a port, there is a proxy.
    let port = place.port.filter(|port| !place.is_https && *port != 80)?;
    // The name of a container, not of a machine whose port may lead to the container's.
    let is_container = !place.host.contains(['.', ':', '[']) && place.host != "localhost";
    let is_same_host = own.beside_waha && is_loopback(&place.host);
    (port != own.port && (!own.in_container || is_container || is_same_host)).then_some(port)
}

/// Whether this is the host itself.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn judge_events(events: &[String], owner: &HookOwner) -> Vec<Finding> {
    if events.is_empty() {
        return vec![Finding::HookWithoutEvents(owner.clone())];
    }
    let has = |name: &str| events.iter().any(|event| event == name);
    if has("*") {
        return vec![Finding::HookEventsTwice(owner.clone(), "*".to_owned())];
    }
    let missing: Vec<_> = WANTED.into_iter().filter(|name| !has(name)).collect();
    let mut findings = Vec::new();
    if !missing.is_empty() {
        findings.push(Finding::HookLacksEvents(owner.clone(), missing));
    }
    if has("message") && has("message.any") {
        let twice = "message, message.any".to_owned();
        findings.push(Finding::HookEventsTwice(owner.clone(), twice));
    }
    findings
}

/// Whether WAHA shows something else in place of the key.
fn is_masked(key: &Secret) -> bool {
    key.reveal().chars().all(|c| matches!(c, '*' | '•' | '.'))
}

/// In constant time: the signatures of one text are compared, as those of webhooks are.
fn is_same(ours: &Secret, theirs: &Secret) -> bool {
    const TEXT: &[u8] = b"waha-sm doctor";
    let signed = sign(theirs.reveal().as_bytes(), TEXT);
    Signature::read(Some(signed.as_bytes()), None).is_ok_and(|signature| {
        Verifier::new(&[ours.reveal().as_bytes()])
            .verify(&signature, TEXT)
            .is_ok()
    })
}

/// How long WAHA repeats an event: axios-retry, with the defaults of WAHA.
fn span(retries: &ConfiguredRetries) -> Duration {
    let delay = retries.delay_seconds.unwrap_or(2.0).max(0.0);
    let attempts = retries.attempts.unwrap_or(15.0).clamp(0.0, 60.0);
    let seconds = match retries.policy.as_deref() {
        Some("exponential") => delay * (2_f64.powf(attempts + 1.0) - 2.0),
        Some("linear") => delay * attempts * (attempts + 1.0) / 2.0,
        _ => delay * attempts,
    };
    Duration::from_secs_f64(seconds.clamp(0.0, SPAN_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_waha_repeats_an_event_follows_from_its_settings() {
        let span = |policy: Option<&str>, delay: Option<f64>, attempts: Option<f64>| {
            span(&ConfiguredRetries {
                policy: policy.map(str::to_owned),
                delay_seconds: delay,
                attempts,
            })
            .as_secs()
        };
        assert_eq!(span(None, None, None), 30);
        assert_eq!(span(Some("linear"), None, None), 240);
        assert_eq!(span(Some("exponential"), Some(2.0), Some(12.0)), 16_380);
        assert_eq!(
            span(Some("exponential"), Some(2.0), Some(1e300)),
            1_000_000_000
        );
        assert_eq!(span(Some("constant"), Some(-1.0), Some(-5.0)), 0);
    }

    #[test]
    fn a_port_may_lead_to_ours_only_from_the_machine_of_a_container_or_through_a_proxy() {
        let other = |url: &str, in_container: bool, beside_waha: bool| {
            let hook = ConfiguredHook {
                url: Secret::new(url.to_owned()),
                events: Vec::new(),
                hmac: None,
                retries: ConfiguredRetries::default(),
            };
            let own = OwnWebhook {
                port: 8080,
                secrets: Vec::new(),
                in_container,
                beside_waha,
            };
            other_port(&hook.place().unwrap(), &own)
        };
        for (url, in_container, beside_waha, found) in [
            ("http://waha-sm:8080/webhook", true, false, None),
            ("http://waha-sm:9000/webhook", true, false, Some(9000)),
            (
                "http://host.docker.internal:9000/webhook",
                true,
                false,
                None,
            ),
            ("http://localhost:9000/webhook", true, false, None),
            ("http://127.0.0.1:9000/webhook", true, true, Some(9000)),
            ("http://localhost:9000/webhook", false, true, Some(9000)),
            ("http://192.168.1.5:9000/webhook", false, false, Some(9000)),
            ("https://shop.example:8443/webhook", false, false, None),
            ("http://shop.example/webhook", false, false, None),
        ] {
            assert_eq!(other(url, in_container, beside_waha), found, "{url}");
        }
    }

    #[test]
    fn keys_are_compared_without_being_shown() {
        let secret = |text: &str| Secret::new(text.to_owned());
        assert!(is_same(&secret("one"), &secret("one")));
        assert!(!is_same(&secret("one"), &secret("one ")));
        assert!(is_masked(&secret("******")) && !is_masked(&secret("s*")));
    }
}
