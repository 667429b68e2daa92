//! Settings for the console: where it listens, under which address browsers reach it, and which proxies are before it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::reader::{Mistakes, SettingsReader, set};
use super::role::Role;
use crate::secret::shown_url;
use crate::settings::{ConsoleAddressSettings, ConsoleSettings};

/// How the console is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address that browsers show, if the owner has set it.
    pub url: Option<ConsoleUrl>,
    /// The proxies whose `X-Forwarded-For` we believe.
    pub trusted_proxies: Vec<TrustedProxy>,
}

impl ConsoleConfig {
    /// `None` if the console is off, or if there is a mistake about it.
    pub(super) fn read(
        reader: &mut SettingsReader,
        settings: &ConsoleSettings,
        role: Role,
    ) -> Option<Self> {
        let listen = read_listen(reader, &settings.address);
        let url = read_url(reader, &settings.address);
        let trusted_proxies = read_proxies(reader, settings.console_trusted_proxies.as_ref());
        // Processes that share a machine often share a file of settings, so it may be set for `work` too.
        if !role.serves() {
            return None;
        }
        let Some(listen) = listen else {
            let also_set = [
                ("CONSOLE_URL", settings.address.console_url.as_ref()),
                (
                    "CONSOLE_TRUSTED_PROXIES",
                    settings.console_trusted_proxies.as_ref(),
                ),
            ];
            for (setting, value) in also_set {
                if set(value).is_some() && set(settings.address.console_listen.as_ref()).is_none() {
                    reader.warn(format!(
                        "{setting} is set, but CONSOLE_LISTEN is not: this process has no console"
                    ));
                }
            }
            return None;
        };
        warn(reader, listen, url.as_ref(), &trusted_proxies);
        Some(Self {
            listen,
            url,
            trusted_proxies,
        })
    }

    /// The address under which a browser reaches it: CONSOLE_URL, or where it listens.
    #[must_use]
    pub fn reached_at(&self) -> ConsoleUrl {
        self.url
            .clone()
            .unwrap_or_else(|| ConsoleUrl::of_listener(self.listen))
    }
}

/// The address of CONSOLE_URL, if it is set and right: links in notices begin with it. Its mistakes are reported by
/// [`ConsoleConfig::read`].
pub(super) fn link_base(settings: &ConsoleSettings) -> Option<ConsoleUrl> {
    set(settings.address.console_url.as_ref())?.parse().ok()
}

/// The address under which a browser reaches the console, for commands that print links; `None` if the console is off.
///
/// # Errors
/// If a setting is wrong.
pub fn console_address(settings: &ConsoleAddressSettings) -> Result<Option<ConsoleUrl>, Mistakes> {
    let mut reader = SettingsReader::default();
    let listen = read_listen(&mut reader, settings);
    let url = read_url(&mut reader, settings);
    reader.finish(|_| Some(url.or_else(|| listen.map(ConsoleUrl::of_listener))))
}

/// Two listeners can't have one port, if one of them listens on all addresses or both on the same.
pub(super) fn refuse_one_port_for_two(
    reader: &mut SettingsReader,
    listen: SocketAddr,
    console: SocketAddr,
) {
    let overlap = listen.ip() == console.ip()
        || listen.ip().is_unspecified()
        || console.ip().is_unspecified();
    if listen.port() != 0 && listen.port() == console.port() && overlap {
        reader.mistake(
            "CONSOLE_LISTEN",
            &format!(
                "is {console} and LISTEN is {listen}: webhooks and the console need a port each, e.g. CONSOLE_LISTEN=127.0.0.1:8081"
            ),
        );
    }
}

fn read_listen(
    reader: &mut SettingsReader,
    settings: &ConsoleAddressSettings,
) -> Option<SocketAddr> {
    set(settings.console_listen.as_ref())?;
    reader.parsed(
        "CONSOLE_LISTEN",
        settings.console_listen.as_ref(),
        "",
        "an address and a port, e.g. 127.0.0.1:8081",
    )
}

fn read_url(reader: &mut SettingsReader, settings: &ConsoleAddressSettings) -> Option<ConsoleUrl> {
    let typed = set(settings.console_url.as_ref())?;
    let url = typed.parse();
    if let Err(NotAConsoleUrl(why)) = &url {
        reader.mistake(
            "CONSOLE_URL",
            &format!(
                "is {:?}, and {why}: write the address that the browser shows, e.g. https://shop.example/console",
                shown_url(typed)
            ),
        );
    }
    url.ok()
}

fn read_proxies(reader: &mut SettingsReader, setting: Option<&String>) -> Vec<TrustedProxy> {
    let typed = set(setting).unwrap_or_default();
    let mut proxies = Vec::new();
    for one in typed
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
    {
        match one.parse() {
            Ok(proxy) => proxies.push(proxy),
            Err(NotAnAddress) => reader.mistake(
                "CONSOLE_TRUSTED_PROXIES",
                &format!(
                    "has {one:?}: write IP addresses or networks with commas between them, e.g. 127.0.0.1,172.16.0.0/12"
                ),
            ),
        }
    }
    proxies
}

fn warn(
    reader: &mut SettingsReader,
    listen: SocketAddr,
    url: Option<&ConsoleUrl>,
    trusted_proxies: &[TrustedProxy],
) {
    let is_safe = match url {
        Some(url) => url.is_https() || url.is_local(),
        None => listen.ip().is_loopback(),
    };
    if !is_safe {
        reader.warn(
            "the console is reached without https, so others in the network can read passwords and chats: put a proxy with https \
             before it and set CONSOLE_URL=https://..., or listen on 127.0.0.1 and use an SSH tunnel",
        );
    }
    if trusted_proxies.iter().any(|proxy| proxy.bits == 0) {
        reader.warn(
            "CONSOLE_TRUSTED_PROXIES has all addresses, so anybody may claim any address, and guessing of passwords is not slowed \
             down by address: write only the address of your proxy",
        );
    }
}

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
    fn of_listener(listen: SocketAddr) -> Self {
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
    fn is_local(&self) -> bool {
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

    fn settings(listen: &str, url: &str, proxies: &str) -> ConsoleSettings {
        ConsoleSettings {
            address: ConsoleAddressSettings {
                console_listen: Some(listen.to_owned()),
                console_url: Some(url.to_owned()),
            },
            console_trusted_proxies: Some(proxies.to_owned()),
        }
    }

    fn read(
        role: Role,
        settings: &ConsoleSettings,
    ) -> Result<(Option<ConsoleConfig>, Vec<String>), Mistakes> {
        let mut reader = SettingsReader::default();
        let config = ConsoleConfig::read(&mut reader, settings, role);
        reader.finish(|warnings| Some((config, warnings)))
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
    fn what_is_not_an_address_is_a_mistake_that_hides_passwords() {
        for text in [
            "shop.example",
            "ftp://shop.example",
            "https://",
            "https:///console",
            "https://me:cret@shop.example",
            "https://shop.example/?a=b",
            "https://shop.example/#a",
            "https://shop.example:0",
            "https://shop.example:99999",
            "https://shop.example:80x",
            "https://[::1",
            "https://[::1]8081",
            "https://[shop]",
            "https://loja.é",
            "https://shop.example/a//b",
            "https://shop.example/../b",
            "https://shop.example/a b",
            "https://shop.example/a%20b",
        ] {
            assert!(text.parse::<ConsoleUrl>().is_err(), "{text}");
            let Mistakes(mistakes) =
                read(Role::All, &settings("127.0.0.1:8081", text, "")).unwrap_err();
            assert!(
                mistakes.len() == 1
                    && mistakes[0].starts_with("CONSOLE_URL is")
                    && !mistakes[0].contains("cret"),
                "{mistakes:?}"
            );
        }
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

    #[test]
    fn the_console_is_off_unless_set_and_only_in_processes_that_serve() {
        assert_eq!(
            read(Role::All, &ConsoleSettings::default()),
            Ok((None, Vec::new()))
        );
        let all = settings("127.0.0.1:8081", "https://shop.example", "127.0.0.1, ::1");
        for role in [Role::All, Role::Serve] {
            let (config, warnings) = read(role, &all).unwrap();
            let config = config.unwrap();
            assert_eq!(config.listen.to_string(), "127.0.0.1:8081");
            assert_eq!(config.trusted_proxies.len(), 2);
            assert_eq!(config.reached_at().to_string(), "https://shop.example");
            assert!(warnings.is_empty(), "{warnings:?}");
        }
        assert_eq!(read(Role::Work, &all), Ok((None, Vec::new())));
        // A mistake is one in every role, as it is for other settings.
        for wrong in [settings("8081", "", ""), settings("", "", "caddy")] {
            let Mistakes(mistakes) = read(Role::Work, &wrong).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        }
        let (config, warnings) = read(Role::All, &settings("", "https://a", "::1")).unwrap();
        assert!(config.is_none() && warnings.len() == 2, "{warnings:?}");
    }

    #[test]
    fn passwords_over_plain_http_are_a_warning() {
        for (listen, url, warned) in [
            ("127.0.0.1:8081", "", false),
            ("[::1]:8081", "", false),
            ("0.0.0.0:8081", "", true),
            ("192.168.1.5:8081", "", true),
            ("0.0.0.0:8081", "http://192.168.1.5:8081", true),
            ("127.0.0.1:8081", "http://shop.example", true),
            ("0.0.0.0:8081", "https://shop.example", false),
            // In a container, all addresses; the owner says that the browser is on this machine.
            ("0.0.0.0:8081", "http://localhost:8081", false),
        ] {
            let (_, warnings) = read(Role::All, &settings(listen, url, "")).unwrap();
            assert_eq!(!warnings.is_empty(), warned, "{listen} {url}: {warnings:?}");
        }
        let all_trusted = settings("127.0.0.1:8081", "", "0.0.0.0/0");
        assert_eq!(read(Role::All, &all_trusted).unwrap().1.len(), 1);
    }

    #[test]
    fn webhooks_and_the_console_need_a_port_each() {
        for (listen, console, is_good) in [
            ("0.0.0.0:8080", "127.0.0.1:8081", true),
            ("0.0.0.0:8080", "0.0.0.0:8080", false),
            ("0.0.0.0:8080", "127.0.0.1:8080", false),
            ("127.0.0.1:8080", "0.0.0.0:8080", false),
            ("127.0.0.1:8080", "127.0.0.2:8080", true),
            ("127.0.0.1:0", "127.0.0.1:0", true),
        ] {
            let mut reader = SettingsReader::default();
            refuse_one_port_for_two(
                &mut reader,
                listen.parse().unwrap(),
                console.parse().unwrap(),
            );
            let result = reader.finish(|_| Some(()));
            assert_eq!(result.is_ok(), is_good, "{listen} {console}");
            if let Err(Mistakes(mistakes)) = result {
                assert!(
                    mistakes[0].starts_with("CONSOLE_LISTEN") && mistakes[0].contains(" LISTEN ")
                );
            }
        }
    }

    #[test]
    fn links_begin_with_the_url_or_with_where_the_console_listens() {
        let base = |listen: &str, url: &str| {
            let address = settings(listen, url, "").address;
            console_address(&address)
                .unwrap()
                .map(|base| base.link("/join/x"))
        };
        assert_eq!(base("", ""), None);
        let at = |text: &str| Some(text.to_owned());
        assert_eq!(
            base("127.0.0.1:8081", ""),
            at("http://127.0.0.1:8081/join/x")
        );
        assert_eq!(base("0.0.0.0:8081", ""), at("http://localhost:8081/join/x"));
        assert_eq!(base("[::1]:80", ""), at("http://[::1]/join/x"));
        assert_eq!(
            base("127.0.0.1:8081", "https://shop.example/c/"),
            at("https://shop.example/c/join/x")
        );
    }
}
