//! A request, read completely: path, query, cookies and a small body.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName};
use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// The largest body: an answer to a customer has at most 4,096 characters, and a form a few fields.
const BODY_MAX: usize = 64 << 10;
/// How long a body may take. It comes in one piece, unless the network is bad.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A request.
pub(super) struct Request {
    pub(super) method: Method,
    /// The path after our prefix, in parts, decoded.
    pub(super) path: Vec<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    /// Who sent it: the address of the browser, as far as the proxies in between are trusted.
    pub(super) peer: IpAddr,
    body: Bytes,
}

/// Why a request can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotRead {
    /// The path has bytes that are no text.
    Path,
    /// The body is larger than any of ours.
    TooLarge,
    /// The body did not come.
    TooSlow,
}

impl NotRead {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Path => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

impl Request {
    /// Reads a request. `prefix` is the beginning of our paths; a proxy may remove it or not.
    pub(super) async fn read(
        request: hyper::Request<Incoming>,
        prefix: &str,
        peer: IpAddr,
    ) -> Result<Self, NotRead> {
        let (head, body) = request.into_parts();
        let path = path_parts(head.uri.path(), prefix).ok_or(NotRead::Path)?;
        let body = match head.method {
            Method::GET | Method::HEAD => Bytes::new(),
            _ => {
                let body = Limited::new(body, BODY_MAX).collect();
                match timeout(BODY_TIMEOUT, body).await {
                    Ok(Ok(body)) => body.to_bytes(),
                    Ok(Err(_)) => return Err(NotRead::TooLarge),
                    Err(_) => return Err(NotRead::TooSlow),
                }
            }
        };
        Ok(Self {
            method: head.method,
            path,
            query: form_fields(head.uri.query().unwrap_or_default()),
            headers: head.headers,
            peer,
            body,
        })
    }

    /// The path, for matching.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// A field of the query; the last one counts. Empty counts as missing, because forms send their empty fields.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        field(&self.query, name)
    }

    /// The query without some of its fields, for links to the same page.
    pub(super) fn query_without(&self, left_out: &[&str]) -> String {
        let kept = self
            .query
            .iter()
            .filter(|(name, value)| !value.is_empty() && !left_out.contains(&name.as_str()));
        query_string(kept.map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// The fields of a form.
    pub(super) fn form(&self) -> FormFields {
        FormFields(form_fields(&String::from_utf8_lossy(&self.body)))
    }

    /// The body as JSON. An empty body is an empty object.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        let body: &[u8] = match self.body.is_empty() {
            true => b"{}",
            false => &self.body,
        };
        serde_json::from_slice(body)
            .map_err(|error| format!("the body is not the JSON that is expected here: {error}"))
    }

    /// The value of a header, if it is text.
    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header with a name that hyper has no constant for.
    pub(super) fn named_header(&self, name: &'static str) -> Option<&str> {
        self.header(HeaderName::from_static(name))
    }

    /// The value of a cookie.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.get_all(COOKIE).iter();
        let cookies = cookies.filter_map(|value| value.to_str().ok());
        cookies.flat_map(|value| value.split(';')).find_map(|one| {
            let (key, value) = one.trim().split_once('=')?;
            (key == name).then_some(value)
        })
    }

    /// The token of `Authorization: Bearer`.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Whether it changes nothing, as far as HTTP is concerned.
    pub(super) fn only_reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// The fields of a form.
pub(super) struct FormFields(Vec<(String, String)>);

impl FormFields {
    pub(super) fn get(&self, name: &str) -> &str {
        field(&self.0, name).unwrap_or_default()
    }
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let named = fields.iter().rev().find(|(field, _)| field == name);
    named
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

/// The parts of a path behind the prefix; `None` if it is no text.
fn path_parts(path: &str, prefix: &str) -> Option<Vec<String>> {
    let behind = path
        .strip_prefix(prefix)
        .filter(|behind| behind.is_empty() || behind.starts_with('/'))
        .unwrap_or(path);
    behind
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let text = percent_decode_str(part).decode_utf8().ok()?;
            (!text.contains('\0')).then(|| text.into_owned())
        })
        .collect()
}

/// Reads `application/x-www-form-urlencoded` (<https://url.spec.whatwg.org/#application/x-www-form-urlencoded>).
fn form_fields(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|one| !one.is_empty())
        .map(|one| {
            let (name, value) = one.split_once('=').unwrap_or((one, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// Writes a query, with the question mark; empty without fields.
pub(super) fn query_string<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = String::new();
    for (name, value) in fields {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(&encoded(name));
        query.push('=');
        query.push_str(&encoded(value));
    }
    query
}

/// A part of a path or of a query.
pub(super) fn encoded(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const PART: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b'@');
    utf8_percent_encode(text, PART).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_with_and_without_the_prefix() {
        for (path, prefix, wanted) in [
            ("/", "", Some(vec![])),
            ("/line", "", Some(vec!["line"])),
            ("/desk/line", "/desk", Some(vec!["line"])),
            ("/line", "/desk", Some(vec!["line"])),
            ("/desktop/line", "/desk", Some(vec!["desktop", "line"])),
            (
                "/chat/shop/55%40c.us",
                "",
                Some(vec!["chat", "shop", "55@c.us"]),
            ),
            ("/chat/a%2Fb", "", Some(vec!["chat", "a/b"])),
            ("/%ff", "", None),
            ("/%00", "", None),
        ] {
            let parts = path_parts(path, prefix);
            let wanted = wanted.map(|parts| parts.into_iter().map(str::to_owned).collect());
            assert_eq!(parts, wanted, "{path}");
        }
    }

    #[test]
    fn a_query_is_read_as_it_was_written() {
        let fields = [("q", "olá & tchau+1"), ("session", "shop"), ("name", "=%")];
        let query = query_string(fields);
        let read = form_fields(query.trim_start_matches('?'));
        let read: Vec<(&str, &str)> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(read, fields);
        assert_eq!(
            form_fields("a=1+2&&b"),
            [
                ("a".to_owned(), "1 2".to_owned()),
                ("b".to_owned(), String::new())
            ]
        );
    }
}
