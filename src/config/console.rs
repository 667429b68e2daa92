//! Settings for the console: where it listens, under which address browsers reach it, and which proxies are before it.

use std::net::SocketAddr;

use super::reader::{Mistakes, SettingsReader, set};
use super::role::Role;
use crate::console::address::{ConsoleUrl, TrustedProxy};
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
    if let Err(why) = &url {
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
            Err(_) => reader.mistake(
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
    if trusted_proxies.iter().any(|proxy| proxy.is_everybody()) {
        reader.warn(
            "CONSOLE_TRUSTED_PROXIES has all addresses, so anybody may claim any address, and guessing of passwords is not slowed \
             down by address: write only the address of your proxy",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
