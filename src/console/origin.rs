//! Our own address: the beginning of our links, and which requests come from our own pages.
//!
//! `CONSOLE_URL` alone decides it. Without it, the console is for this machine: it answers only under `localhost` or an IP
//! address, so that no name on the internet can be pointed at it (DNS rebinding).

use std::net::IpAddr;

use hyper::header::{HOST, ORIGIN};

use super::address::ConsoleUrl;
use super::request::Request;

/// Our own address.
pub(super) struct OwnAddress(Option<ConsoleUrl>);

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It was sent to a name that is not ours.
    Host(String),
    /// It would change something, and comes from another site's page.
    Origin { ours: String, theirs: String },
}

impl OwnAddress {
    pub(super) fn new(url: Option<ConsoleUrl>) -> Self {
        Self(url)
    }

    /// The beginning of our paths: empty, or `/desk`.
    pub(super) fn prefix(&self) -> &str {
        self.0.as_ref().map_or("", ConsoleUrl::prefix)
    }

    /// Whether browsers reach us over https.
    pub(super) fn is_https(&self) -> bool {
        self.0.as_ref().is_some_and(ConsoleUrl::is_https)
    }

    /// The whole address of one of our paths, for somebody who is told it: as set, or as the browser that asks sees us.
    pub(super) fn link(&self, request: &Request, path: &str) -> String {
        match &self.0 {
            Some(url) => url.link(path),
            None => format!("http://{}{path}", request.header(HOST).unwrap_or_default()),
        }
    }

    /// Refuses requests to another name, and those from other sites that would change something.
    ///
    /// # Errors
    /// Why it is refused.
    pub(super) fn check(&self, request: &Request) -> Result<(), Foreign> {
        let host = request.header(HOST).unwrap_or_default();
        if self.0.is_none() && !is_local_name(host) {
            return Err(Foreign::Host(host.to_owned()));
        }
        // A token is no cookie: no browser adds it by itself.
        if request.only_reads() || request.bearer().is_some() {
            return Ok(());
        }
        let ours = match &self.0 {
            Some(url) => url.origin(),
            None => format!("http://{host}"),
        };
        let theirs = request.header(ORIGIN).unwrap_or("none");
        match theirs.eq_ignore_ascii_case(&ours) {
            true => Ok(()),
            false => Err(Foreign::Origin {
                ours,
                theirs: theirs.to_owned(),
            }),
        }
    }
}

/// Whether a host, with or without a port, is `localhost` or an address.
fn is_local_name(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => (address, rest.strip_prefix(':').unwrap_or(rest)),
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let is_port = port.bytes().all(|b| b.is_ascii_digit());
    is_port && (name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_address_of_its_own_the_console_is_only_for_this_machine() {
        for host in [
            "localhost",
            "localhost:8081",
            "LOCALHOST:8081",
            "127.0.0.1:8081",
            "[::1]:8081",
            "192.168.1.7",
        ] {
            assert!(is_local_name(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example:8081",
            "127.0.0.1.evil.example",
            "[::1].evil",
            "localhost:x",
        ] {
            assert!(!is_local_name(host), "{host}");
        }
    }
}
