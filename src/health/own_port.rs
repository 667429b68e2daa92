//! Requests to a daemon at the address where it listens, or where a webhook leads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ureq::Agent;
use ureq::tls::TlsConfig;

/// The reason if nothing answers in time.
pub const NO_ANSWER: &str = "no answer in time";

/// An answer of whatever listens there.
#[derive(Debug)]
pub struct PortAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body; empty if it can't be read.
    pub body: String,
}

/// The address of a path. If a daemon listens on all addresses, it is asked on the loopback address.
#[must_use]
pub fn url(mut address: SocketAddr, path: &str) -> String {
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
        // A redirected POST loses its body.
        .max_redirects(0)
        // Like WAHA, which posts to whatever certificate there is. What we post is no secret.
        .tls_config(TlsConfig::builder().disable_verification(true).build())
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

/// Posts a webhook with its signature to this address.
///
/// # Errors
/// Why nothing answers.
pub fn post_webhook(
    url: &str,
    body: &str,
    signature: &str,
    within: Duration,
) -> Result<PortAnswer, String> {
    let request = agent(within).post(url);
    let request = request.header("x-webhook-hmac", signature);
    answered(request.content_type("application/json").send(body))
}

/// In words without the address, which may have a password in it.
fn reason(error: ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "the address is not valid".to_owned(),
        ureq::Error::Timeout(_) => NO_ANSWER.to_owned(),
        error => error.to_string(),
    }
}

fn answered(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<PortAnswer, String> {
    let mut answer = answer.map_err(reason)?;
    Ok(PortAnswer {
        status: answer.status().as_u16(),
        body: answer.body_mut().read_to_string().unwrap_or_default(),
    })
}
