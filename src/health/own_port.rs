//! Requests to a daemon at the address where it listens.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ureq::Agent;

/// An answer of whatever listens there.
#[derive(Debug)]
pub struct PortAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body; empty if it can't be read.
    pub body: String,
}

/// If a daemon listens on all addresses, it is asked on the loopback address.
pub(super) fn url(mut address: SocketAddr, path: &str) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}{path}")
}

fn agent(within: Duration) -> Agent {
    Agent::config_builder()
        // The daemon is on this machine: a web proxy (HTTP_PROXY) would not find it.
        .proxy(None)
        .timeout_global(Some(within))
        .http_status_as_error(false)
        .build()
        .into()
}

/// Gets a path.
///
/// # Errors
/// Why nothing answers.
pub fn get(address: SocketAddr, path: &str, within: Duration) -> Result<PortAnswer, String> {
    let answer = agent(within).get(url(address, path)).call();
    answered(answer)
}

/// Posts a webhook with its signature.
///
/// # Errors
/// Why nothing answers.
pub fn post_webhook(
    address: SocketAddr,
    body: &str,
    signature: &str,
    within: Duration,
) -> Result<PortAnswer, String> {
    let request = agent(within).post(url(address, "/webhook"));
    let request = request.header("x-webhook-hmac", signature);
    answered(request.content_type("application/json").send(body))
}

fn answered(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<PortAnswer, String> {
    let mut answer = answer.map_err(|error| match error {
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    })?;
    Ok(PortAnswer {
        status: answer.status().as_u16(),
        body: answer.body_mut().read_to_string().unwrap_or_default(),
    })
}
