//! Asks a running daemon whether it is ready. A container's HEALTHCHECK runs this.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::terminal;

/// Checks that the daemon takes webhooks.
///
/// # Errors
/// Why the daemon that listens on `address` is not ready, or that nothing answers there.
pub fn check(address: SocketAddr) -> Result<(), String> {
    let answer = ask(address)?;
    if answer.is_ready {
        return Ok(());
    }
    Err(answer.refusal())
}

/// Checks every part: the history and WAHA too, without which webhooks can still be taken. Returns a line for each part, and
/// whether all are ready.
///
/// # Errors
/// Nothing answers at `address`, or the daemon starts or stops.
pub fn check_all(address: SocketAddr) -> Result<(String, bool), String> {
    let answer = ask(address)?;
    let Some(parts) = parts(&answer.body) else {
        return Err(answer.refusal());
    };
    let is_ready = answer.is_ready && parts.iter().all(|(_, reason)| reason.is_none());
    let lines: Vec<String> = parts
        .into_iter()
        .map(|(name, reason)| match reason {
            None => format!("{name}: ready"),
            Some(reason) => format!("{name}: not ready: {}", terminal::line(&reason)),
        })
        .collect();
    Ok((lines.join("\n"), is_ready))
}

/// The parts that the answer names, each with the reason if it is not ready.
fn parts(body: &str) -> Option<Vec<(String, Option<String>)>> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let part = |(name, part): (&String, &serde_json::Value)| {
        let reason = part["reason"].as_str().unwrap_or("no reason given");
        let is_ready = part["ready"] == true;
        (name.clone(), (!is_ready).then(|| reason.to_owned()))
    };
    Some(body["parts"].as_object()?.iter().map(part).collect())
}

/// An answer of the daemon.
struct HealthAnswer {
    url: String,
    status: u16,
    is_ready: bool,
    body: String,
}

impl HealthAnswer {
    fn refusal(&self) -> String {
        let Self {
            url, status, body, ..
        } = self;
        let body = terminal::cut(body, 1_000);
        format!("the daemon is not ready: {url} answered {status}: {body}")
    }
}

fn ask(mut address: SocketAddr) -> Result<HealthAnswer, String> {
    // If the daemon listens on all addresses, ask it on the loopback address.
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let url = format!("http://{address}/ready");
    let agent: ureq::Agent = ureq::Agent::config_builder()
        // The daemon is on this machine: a web proxy (HTTP_PROXY) would not find it.
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(5)))
        .http_status_as_error(false)
        .build()
        .into();
    let mut answer = agent.get(&url).call().map_err(|error| {
        format!(
            "no answer from {url}: {error}; does the daemon run, and is LISTEN the same as its own?"
        )
    })?;
    Ok(HealthAnswer {
        status: answer.status().as_u16(),
        is_ready: answer.status().is_success(),
        body: answer.body_mut().read_to_string().unwrap_or_default(),
        url,
    })
}
