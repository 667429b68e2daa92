//! The address of the console in a browser, and the proxies before it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// The address of the console, as the browser shows it: `https://shop.example/console`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleUrl {
    is_https: bool,
    /// In lower case, as browsers write it; an IPv6 address is in brackets.
    host: String,
    /// `None`: the scheme's own.
    port: Option<u16>,
    /// "" or "/path", without a slash at its end.
    prefix: String,
}

/// Why a text is not the address of a console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAConsoleUrl(&'static str);

impl ConsoleUrl {
    /// The console as the browser reaches it without a proxy.
    pub(crate) fn of_listener(listen: SocketAddr) -> Self {
        let host = match listen.ip() {
            ip if ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Self {
            is_https: false,
            host,
            port: Some(listen.port()).filter(|port| *port != 80),
            prefix: String::new(),
        }
    }

    /// Whether browsers use https, so that cookies may be only for https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host without the port: `shop.example`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The value of the header `Host` in requests of browsers: `shop.example` or `shop.example:8443`.
    #[must_use]
    pub fn host_header(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The value of the header `Origin` in requests of our own pages: `https://shop.example`.
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{}", self.host_header())
    }

    /// What all paths begin with: "" or "/console".
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The whole address of a page. `path` begins with a slash.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin(), self.prefix)
    }

    /// Whether the browser is on this machine, so that nobody else reads what is sent.
    pub(crate) fn is_local(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }
}

impl fmt::Display for ConsoleUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.link(""))
    }
}

impl FromStr for ConsoleUrl {
    type Err = NotAConsoleUrl;

    fn from_str(text: &str) -> Result<Self, NotAConsoleUrl> {
        let fails = |why| Err(NotAConsoleUrl(why));
        let Some((scheme, rest)) = text.split_once("://") else {
            return fails("it does not begin with http:// or https://");
        };
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return fails("it does not begin with http:// or https://"),
        };
        if rest.contains('@') {
            return fails("it has a user or a password in it");
        }
        if rest.contains(['?', '#']) {
            return fails("it has a `?` or a `#` in it");
        }
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        let Some((host, port)) = host_and_port(place) else {
            return fails(
                "its host or its port is not valid (a name with accents is written as `xn--...`)",
            );
        };
        let path = path.trim_end_matches('/');
        if !path.is_empty() && !path.split('/').all(is_plain_segment) {
            return fails(
                "its path has other characters than letters without accents, digits, `-`, `_`, `.`, `~` and `/`",
            );
        }
        let own_port = if is_https { 443 } else { 80 };
        Ok(Self {
            is_https,
            host,
            port: port.filter(|port| *port != own_port),
            prefix: match path {
                "" => String::new(),
                path => format!("/{path}"),
            },
        })
    }
}

/// A host in the form in which browsers send it, and the port behind it.
fn host_and_port(place: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            (
                format!("[{address}]"),
                port.strip_prefix(':').or(port.is_empty().then_some("")),
            )
        }
        None => {
            let (host, port) = place.split_once(':').unwrap_or((place, ""));
            let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            let fits = !host.is_empty() && host.bytes().all(is_name);
            (fits.then(|| host.to_ascii_lowercase())?, Some(port))
        }
    };
    let port = match port? {
        "" => None,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some(digits.parse().ok().filter(|port| *port != 0)?)
        }
        _ => return None,
    };
    Some((host, port))
}

/// Neither empty nor one of those that browsers resolve, and without anything that they would write differently.
fn is_plain_segment(segment: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain)
}

/// A proxy before the console: one IP address, or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy {
    /// In IPv6 form, so that an IPv4 address is found in both of its forms.
    network: u128,
    /// How many bits at the beginning count.
    bits: u32,
}

/// A text that is neither an IP address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address or a network")]
pub struct NotAnAddress;

impl TrustedProxy {
    /// Whether it is every address.
    pub(crate) fn is_everybody(self) -> bool {
        self.bits == 0
    }

    /// Whether an address is this proxy's.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let differs = as_v6(address) ^ self.network;
        differs.leading_zeros() >= self.bits
    }
}

impl FromStr for TrustedProxy {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) if bits.bytes().all(|b| b.is_ascii_digit()) => {
                (address, Some(bits.parse().map_err(|_| NotAnAddress)?))
            }
            Some(_) => return Err(NotAnAddress),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotAnAddress)?;
        let (width, before) = match address {
            IpAddr::V4(_) => (32, 96),
            IpAddr::V6(_) => (128, 0),
        };
        let bits: u32 = bits.unwrap_or(width);
        if bits > width {
            return Err(NotAnAddress);
        }
        Ok(Self {
            network: as_v6(address),
            // All IPv4 addresses are all addresses for us: such a proxy trusts everybody.
            bits: if bits == 0 { 0 } else { bits + before },
        })
    }
}

fn as_v6(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ConsoleUrl {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_gives_all_that_browsers_send_and_show() {
        let console = url("HTTPS://Shop.Example:8443/desk/console/");
        assert!(console.is_https());
        assert_eq!(console.host(), "shop.example");
        assert_eq!(console.host_header(), "shop.example:8443");
        assert_eq!(console.origin(), "https://shop.example:8443");
        assert_eq!(console.prefix(), "/desk/console");
        assert_eq!(
            console.link("/chat/default"),
            "https://shop.example:8443/desk/console/chat/default"
        );
        let plain = url("http://[0:0::1]/");
        assert!(!plain.is_https());
        assert_eq!(
            (plain.origin().as_str(), plain.prefix()),
            ("http://[::1]", "")
        );
        // Browsers leave the scheme's own port out.
        assert_eq!(url("https://a.example:443").origin(), "https://a.example");
        assert_eq!(url("http://a.example:80/x").host_header(), "a.example");
        assert_eq!(url("http://a.example:443").origin(), "http://a.example:443");
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network_in_both_versions() {
        let trusts = |proxy: &str, address: &str| {
            let proxy: TrustedProxy = proxy.parse().unwrap();
            proxy.contains(address.parse().unwrap())
        };
        for (proxy, address, is_trusted) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("172.16.0.0/12", "172.31.255.255", true),
            ("172.16.5.7/12", "172.20.0.1", true),
            ("172.16.0.0/12", "172.32.0.0", false),
            ("172.16.0.0/12", "::ac10:0", false),
            ("::1", "::1", true),
            ("::1", "127.0.0.1", false),
            ("fd00::/8", "fd12:3456::1", true),
            ("fd00::/8", "fe80::1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
        ] {
            assert_eq!(trusts(proxy, address), is_trusted, "{proxy} {address}");
        }
        for text in [
            "",
            "caddy",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "::1/129",
            "10.0.0",
        ] {
            assert_eq!(text.parse::<TrustedProxy>(), Err(NotAnAddress), "{text}");
        }
    }
}
