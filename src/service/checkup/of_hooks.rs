//! Judges the webhooks that WAHA has configured, as WAHA tells them: does each event reach us, signed, once, and long enough?

use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use crate::ids::SessionName;
use crate::secret::Secret;
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
/// WAHA's word for a session that somebody stopped.
pub(super) const STOPPED: &str = "STOPPED";
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
}

/// Where WAHA is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WahaPlace {
    /// On the same machine or in the same container, so that its localhost is ours. (Or in a container whose port is published here.)
    Here,
    /// On another machine, or in another container: its localhost is not ours.
    Elsewhere,
    /// We can't tell: perhaps on the machine of our container, whose ports may lead to ours.
    #[default]
    Unknown,
}

impl WahaPlace {
    /// `host`: of WAHA's address; `addresses`: those of this host.
    pub(super) fn of(host: &str, addresses: &[IpAddr], in_container: bool) -> Self {
        // Only an address of this machine can be bound.
        let is_ours = |ip: &IpAddr| ip.is_loopback() || UdpSocket::bind((*ip, 0)).is_ok();
        // Behind NAT, a public address may be this machine's own, so only private ones are surely another's.
        let is_local = |ip: &IpAddr| match ip {
            IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
        };
        if is_loopback(host) || addresses.iter().any(is_ours) {
            return Self::Here;
        }
        let is_apart = match in_container {
            // The name of another container.
            true => is_container_name(host),
            false => !addresses.is_empty() && addresses.iter().all(is_local),
        };
        if is_apart {
            Self::Elsewhere
        } else {
            Self::Unknown
        }
    }
}

/// Where we and WAHA are.
#[derive(Clone, Copy, Debug)]
pub(super) struct HookPlaces {
    pub(super) waha: WahaPlace,
    /// Whether this machine, or this container, takes the webhooks. Otherwise we don't know the port.
    pub(super) listens_here: bool,
}

/// What the configuration says, and what must be tried to know more.
pub(super) struct JudgedHooks {
    pub(super) findings: Vec<Finding>,
    /// The webhooks that seem to be ours, and may be tried.
    pub(super) to_try: Vec<HookToTry>,
    /// Sessions without a webhook to us, although WAHA has one.
    pub(super) without: Vec<SessionName>,
    pub(super) places: HookPlaces,
}

/// A webhook whose address may lead to us.
pub(super) struct HookToTry {
    pub(super) owner: HookOwner,
    pub(super) hook: ConfiguredHook,
    /// Why it probably does not.
    pub(super) doubt: Option<Finding>,
}

/// `environment`: WAHA's variables; `None` if we may not read them.
pub(super) fn judge(
    environment: Option<&WahaEnvironment>,
    sessions: &[ConfiguredSession],
    own: &OwnWebhook,
    places: HookPlaces,
) -> JudgedHooks {
    let global = environment.and_then(global_hook);
    let all: Vec<&ConfiguredHook> = global
        .iter()
        .chain(sessions.iter().flat_map(|session| &session.hooks))
        .collect();
    let is_ours = |hook: &ConfiguredHook| is_ours(hook, &all, own);
    let global_is_ours = global.as_ref().is_some_and(is_ours);
    let mut ours = Vec::new();
    if let Some(hook) = global.as_ref().filter(|_| global_is_ours) {
        ours.push((HookOwner::Environment, hook.clone()));
    }
    let mut twice = Vec::new();
    let mut without = Vec::new();
    for ConfiguredSession { session, hooks, .. } in sessions {
        let of_session: Vec<_> = hooks.iter().filter(|hook| is_ours(hook)).collect();
        match of_session.len() + usize::from(global_is_ours) {
            // Somebody stopped it; it may never have been for us.
            0 if session.status == STOPPED => {}
            0 => without.push(session.name.clone()),
            1 => {}
            _ => twice.push(Finding::HooksTwice(session.name.clone())),
        }
        let owner = HookOwner::Session(session.name.clone());
        ours.extend(
            of_session
                .into_iter()
                .map(|hook| (owner.clone(), hook.clone())),
        );
    }
    let mut findings = Vec::new();
    let mut to_try = Vec::new();
    let nobody = ours.is_empty();
    for (owner, hook) in ours {
        let place = hook.place();
        let misplaced = place.and_then(|place| judge_place(place, &owner, own, places));
        findings.extend(judge_content(&hook, &owner, own));
        let has_other_key = hook.hmac.as_ref().is_none_or(|key| {
            !is_masked(key) && !own.secrets.iter().any(|ours| is_same(ours, key))
        });
        // It may be another program's: that must not get events of ours.
        if has_other_key || matches!(misplaced, Some(Finding::HookToItself(..))) {
            findings.extend(misplaced);
        } else {
            to_try.push(HookToTry {
                owner,
                hook,
                doubt: misplaced,
            });
        }
    }
    findings.extend(twice);
    // Without its environment, we can't tell whether WAHA posts to us.
    if environment.is_some() {
        match (nobody, all.is_empty()) {
            (true, true) => findings.push(Finding::NoHook),
            (true, false) => {
                let mut elsewhere: Vec<String> = all.iter().map(|hook| hook.shown()).collect();
                elsewhere.dedup();
                findings.push(Finding::HooksElsewhere(elsewhere));
            }
            (false, _) => {
                return JudgedHooks {
                    findings,
                    to_try,
                    without,
                    places,
                };
            }
        }
    }
    JudgedHooks {
        findings,
        to_try,
        without: Vec::new(),
        places,
    }
}

/// Whether this webhook is meant for us, among all that WAHA has. Another program may have the same path.
fn is_ours(hook: &ConfiguredHook, all: &[&ConfiguredHook], own: &OwnWebhook) -> bool {
    let has_our_key = |hook: &ConfiguredHook| {
        let key = hook.hmac.as_ref().filter(|key| !is_masked(key));
        key.is_some_and(|key| own.secrets.iter().any(|ours| is_same(ours, key)))
    };
    let Some(place) = hook.place() else {
        return false;
    };
    if has_our_key(hook) {
        return true;
    }
    if !place.path.ends_with(PATH) {
        return false;
    }
    let at = |hook: &ConfiguredHook| {
        let place = hook.place()?;
        Some((place.host, place.port))
    };
    let surely_ours: Vec<_> = all
        .iter()
        .filter(|other| has_our_key(other))
        .map(|other| at(other))
        .collect();
    if !surely_ours.is_empty() {
        return surely_ours.contains(&at(hook));
    }
    let has_our_port = |place: &HookPlace| place.port == Some(own.port);
    let places = all.iter().filter_map(|other| other.place());
    let mut like_ours = places.filter(|place| place.path.ends_with(PATH));
    has_our_port(&place) || !like_ours.any(|place| has_our_port(&place))
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

/// What it posts, and how.
fn judge_content(hook: &ConfiguredHook, owner: &HookOwner, own: &OwnWebhook) -> Vec<Finding> {
    let mut findings = Vec::new();
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

/// Where it goes.
fn judge_place(
    place: HookPlace,
    owner: &HookOwner,
    own: &OwnWebhook,
    places: HookPlaces,
) -> Option<Finding> {
    let owner = owner.clone();
    if is_loopback(&place.host) && places.waha == WahaPlace::Elsewhere {
        return Some(Finding::HookToItself(owner, place.host));
    }
    if !places.listens_here {
        return None;
    }
    if let Some(port) = other_port(&place, own, places.waha == WahaPlace::Here) {
        let ours = own.port;
        return Some(Finding::HookToOtherPort { owner, port, ours });
    }
    // Otherwise a proxy may change it.
    let is_direct = !place.is_https && place.port == Some(own.port);
    (is_direct && place.path != PATH).then_some(Finding::HookPathDiffers(owner))
}

/// The port of the webhook, if nobody can have led it to ours.
fn other_port(place: &HookPlace, own: &OwnWebhook, beside_waha: bool) -> Option<u16> {
    // With https, or without a port, there is a proxy.
    let port = place.port.filter(|port| !place.is_https && *port != 80)?;
    // The name of a container, not of a machine whose port may lead to the container's.
    let is_container = is_container_name(&place.host);
    let is_same_host = beside_waha && is_loopback(&place.host);
    (port != own.port && (!own.in_container || is_container || is_same_host)).then_some(port)
}

/// Whether this is the name of a container, not of a machine.
fn is_container_name(host: &str) -> bool {
    !host.contains(['.', ':', '[']) && host != "localhost"
}

/// Whether this is the host itself.
pub(super) fn is_loopback(host: &str) -> bool {
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
            let place = hook(url, "").place().unwrap();
            other_port(&place, &own(in_container), beside_waha)
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

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn hook(url: &str, key: &str) -> ConfiguredHook {
        ConfiguredHook {
            url: secret(url),
            events: WANTED.map(str::to_owned).to_vec(),
            hmac: Some(secret(key)),
            retries: ConfiguredRetries {
                attempts: Some(20.0),
                policy: Some("exponential".to_owned()),
                delay_seconds: Some(2.0),
            },
        }
    }

    fn own(in_container: bool) -> OwnWebhook {
        OwnWebhook {
            port: 8080,
            secrets: vec![secret("ours")],
            in_container,
        }
    }

    #[test]
    fn of_several_webhooks_those_are_ours_that_have_our_key_our_address_or_at_least_our_port() {
        let ours = |hooks: &[(&str, &str)]| -> Vec<usize> {
            let hooks: Vec<_> = hooks.iter().map(|(url, key)| hook(url, key)).collect();
            let all: Vec<&ConfiguredHook> = hooks.iter().collect();
            (0..hooks.len())
                .filter(|n| is_ours(&hooks[*n], &all, &own(false)))
                .collect()
        };
        let n8n = ("http://n8n:5678/webhook", "theirs");
        assert_eq!(ours(&[n8n, ("http://shop:8080/webhook", "theirs")]), [1]);
        assert_eq!(ours(&[n8n, ("https://shop.example/webhook", "ours")]), [1]);
        assert_eq!(ours(&[n8n, ("https://shop.example/wa/hook", "ours")]), [1]);
        let shop = ("http://shop:8080/webhook", "ours");
        assert_eq!(
            ours(&[shop, n8n, ("http://shop:8080/webhook", "old")]),
            [0, 2]
        );
        // Perhaps it is meant for us.
        assert_eq!(ours(&[n8n]), [0]);
        assert_eq!(
            ours(&[("http://n8n:5678/webhook/1f3c", "theirs")]),
            [] as [usize; 0]
        );
    }

    #[test]
    fn where_waha_is_decides_what_localhost_means() {
        let ip = |text: &str| vec![text.parse().unwrap()];
        for (host, addresses, in_container, wanted) in [
            ("localhost", vec![], false, WahaPlace::Here),
            ("waha.test", ip("127.0.0.1"), true, WahaPlace::Here),
            (
                "10.255.255.1",
                ip("10.255.255.1"),
                false,
                WahaPlace::Elsewhere,
            ),
            // An address that the cloud translates may be ours.
            ("192.0.2.1", ip("192.0.2.1"), false, WahaPlace::Unknown),
            ("waha", ip("10.255.255.1"), true, WahaPlace::Elsewhere),
            (
                "host.docker.internal",
                ip("10.255.255.1"),
                true,
                WahaPlace::Unknown,
            ),
            ("waha", vec![], false, WahaPlace::Unknown),
        ] {
            let place = WahaPlace::of(host, &addresses, in_container);
            assert_eq!(place, wanted, "{host}");
        }
        let found = |url: &str, waha: WahaPlace| {
            let places = HookPlaces {
                waha,
                listens_here: true,
            };
            let place = hook(url, "ours").place().unwrap();
            judge_place(place, &HookOwner::Environment, &own(true), places)
        };
        let owner = HookOwner::Environment;
        let to_itself = |host: &str| Finding::HookToItself(owner.clone(), host.to_owned());
        for (url, waha, wanted) in [
            ("http://waha-sm:8080/webhook", WahaPlace::Elsewhere, None),
            (
                "http://localhost:8080/webhook",
                WahaPlace::Elsewhere,
                Some(to_itself("localhost")),
            ),
            (
                "http://[::1]:8080/webhook",
                WahaPlace::Elsewhere,
                Some(to_itself("[::1]")),
            ),
            ("http://localhost:8080/webhook", WahaPlace::Here, None),
            ("http://localhost:9000/webhook", WahaPlace::Unknown, None),
            (
                "http://waha-sm:8080/webhook/",
                WahaPlace::Elsewhere,
                Some(Finding::HookPathDiffers(owner.clone())),
            ),
        ] {
            assert_eq!(found(url, waha), wanted, "{url} {waha:?}");
        }
    }

    #[test]
    fn keys_are_compared_without_being_shown() {
        assert!(is_same(&secret("one"), &secret("one")));
        assert!(!is_same(&secret("one"), &secret("one ")));
        assert!(is_masked(&secret("******")) && !is_masked(&secret("s*")));
    }
}
