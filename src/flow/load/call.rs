//! Reads `call`: a step that asks the shop's own system.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::flow::load::loader::Loader;
use crate::flow::load::reader::{Section, Written};
use crate::flow::script::step::{Calling, Step};

const CALL_KEYS: [&str; 9] = [
    "call",
    "timeout",
    "attempts",
    "may",
    "save",
    "remember",
    "otherwise",
    "next",
    "end",
];
const TIMEOUT: Duration = Duration::from_secs(10);
/// The customer waits during every try.
const TIMEOUT_MAX: Duration = Duration::from_secs(60);
const ATTEMPTS: u32 = 3;
const ATTEMPTS_MAX: u32 = 10;

impl Loader<'_> {
    /// Reads `call = "http://shop:9000/price"` and the keys beside it.
    pub(crate) fn read_call(&mut self, body: &Section<'_>, step: &str) -> Option<Step> {
        self.reader.only(body, &CALL_KEYS);
        let then = self.read_then(body, step, false);
        let timeout = self.reader.duration(body, "timeout");
        if let Some((time, place)) = &timeout
            && (time.is_zero() || *time > TIMEOUT_MAX)
        {
            let message = format!(
                "`timeout` in {} must be more than zero and at most a minute, like \"10s\"",
                body.name
            );
            self.reader.note(place, message);
        }
        let attempts = self.reader.count(body, "attempts");
        if let Some((attempts, place)) = &attempts
            && !(1..=ATTEMPTS_MAX).contains(attempts)
        {
            let message = format!(
                "`attempts` in {} is the number of tries in all; write a number from 1 to {ATTEMPTS_MAX}",
                body.name
            );
            self.reader.note(place, message);
        }
        let may = self.read_may(body, step);
        let save = self.read_saved(body);
        let remember = self.read_remember(body);
        let otherwise = self.reader.text(body, "otherwise");
        match &otherwise {
            Some(otherwise) => {
                self.add_path(step, otherwise, format!("`otherwise` in {}", body.name));
            }
            None if body.has("otherwise") => {}
            None => {
                let message = format!(
                    "{} leads nowhere when the call fails; add otherwise = \"a_step\"",
                    body.name
                );
                self.reader.note(&body.place, message);
            }
        }
        let url = self.read_url(body)?;
        Some(Step::Call(Calling {
            url,
            timeout: timeout.map_or(TIMEOUT, |(time, _)| time),
            attempts: attempts.map_or(ATTEMPTS, |(attempts, _)| attempts),
            may,
            save,
            remember,
            then: then?,
            otherwise: otherwise?.text.to_owned(),
        }))
    }

    /// The steps that the answer may choose. Without `may` it may choose any.
    fn read_may(&mut self, body: &Section<'_>, step: &str) -> Option<BTreeSet<String>> {
        if !body.has("may") {
            self.graph.chosen_from.insert(step.to_owned());
            return None;
        }
        let written = self.reader.texts(body, "may")?;
        for to in &written {
            self.add_path(step, to, format!("`may` in {}", body.name));
        }
        Some(written.iter().map(|to| to.text.to_owned()).collect())
    }

    /// The variables that the answer may set. Without `save` it may set any.
    fn read_saved(&mut self, body: &Section<'_>) -> Option<BTreeSet<String>> {
        if !body.has("save") {
            self.saves_any = true;
            return None;
        }
        let written = self.reader.texts(body, "save")?;
        let names = written
            .iter()
            .map(|name| self.variable(name, "save", body))
            .collect();
        Some(names)
    }

    fn read_url(&mut self, body: &Section<'_>) -> Option<String> {
        let url = self.reader.text(body, "call")?;
        match mistake_in(&url) {
            None => Some(url.text.to_owned()),
            Some(mistake) => {
                let message = format!("`call` in {} {mistake}", body.name);
                self.reader.note(&url.place, message);
                None
            }
        }
    }
}

/// The mistake in an address, and the remedy.
fn mistake_in(url: &Written<'_>) -> Option<&'static str> {
    let url = url.text;
    if url.contains("{{") || url.contains("{%") {
        return Some(
            "is the same for all customers, so it can't have {{ }} in it; the call sends the variables in its body",
        );
    }
    let like = "is not an address; write it like \"http://localhost:9000/price\"";
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else {
        return Some(like);
    };
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(
            "has a character that is not allowed in an address; write it as % and two digits, like %20",
        );
    }
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..host_end];
    if authority.contains('@') {
        return Some(
            "has a user or a password in it; leave that out: the call has a signature instead",
        );
    }
    if rest.contains('#') {
        return Some("has a # in it, and the part after it is never sent; remove it");
    }
    // An IPv6 address is in brackets and contains colons.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, "80"),
    };
    let is_host = match host.strip_prefix('[') {
        Some(address) => address
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => {
            let fits =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            !host.is_empty() && host.bytes().all(fits)
        }
    };
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    // RFC 3986 does not allow these characters, and the client would refuse them.
    let is_path = !rest[host_end..].contains(['"', '<', '>', '\\', '^', '`', '{', '|', '}']);
    (!(is_host && is_port && is_path)).then_some(like)
}

#[cfg(test)]
mod tests {
    use crate::flow::{Locale, Script};

    #[test]
    fn the_address_of_a_call_is_checked_when_the_flow_loads() {
        let check = |url: &str, words: Option<&str>| {
            let flow = format!(
                "start = 'a'\n[step.a]\ncall = '{url}'\nnext = 'b'\notherwise = 'b'\n[step.b]\nsay = 'x'\nend = 'y'"
            );
            let found = Script::load(&flow, Locale::En).err().unwrap_or_default();
            match words {
                None => assert!(found.is_empty(), "{url}: {found:?}"),
                Some(words) => assert!(
                    found.len() == 1 && found[0].line == 3 && found[0].message.contains(words),
                    "{url}: {found:?}"
                ),
            }
        };
        for good in [
            "http://localhost:9000",
            "https://shop.example.com/a/b?c=d",
            "http://[::1]:9000/",
            "http://10.0.0.7/x",
            "http://my_shop",
        ] {
            check(good, None);
        }
        for (wrong, words) in [
            ("localhost:9000", "not an address"),
            ("ftp://x/", "not an address"),
            ("http://", "not an address"),
            ("http:///x", "not an address"),
            ("http://x:0/", "not an address"),
            ("http://x:99999/", "not an address"),
            ("http://x:y/", "not an address"),
            ("http://[::x]/", "not an address"),
            ("http://x/<a>", "not an address"),
            ("http://x/{{ name }}", "can't have {{ }}"),
            ("http://x/a b", "%20"),
            ("http://loja.example/preço", "%20"),
            ("http://me:secret@x/", "leave that out"),
            ("http://x/#a", "remove it"),
        ] {
            check(wrong, Some(words));
        }
    }
}
