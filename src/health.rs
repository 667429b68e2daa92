//! Asks a running daemon whether it is ready. A container's HEALTHCHECK runs this.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// # Errors
/// Why the daemon that listens on `address` is not ready, or that nothing answers there.
pub fn check(mut address: SocketAddr) -> Result<(), String> {
    // If the daemon listens on all addresses, ask it on the loopback address.
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let url = format!("http://{address}/ready");
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .http_status_as_error(false)
        .build()
        .into();
    let mut answer = agent.get(&url).call().map_err(|error| {
        format!(
            "no answer from {url}: {error}; does the daemon run, and is LISTEN the same as its own?"
        )
    })?;
    if answer.status().is_success() {
        return Ok(());
    }
    let body = answer.body_mut().read_to_string().unwrap_or_default();
    Err(format!(
        "the daemon is not ready: {url} answered {}: {body}",
        answer.status()
    ))
}
