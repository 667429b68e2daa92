//! A secret: a text that logs and debug output never show.

use std::fmt;

/// A key, a password, or a URL that may hold one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `secret` from logs and debug output.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for the code that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// An address to show to a person, without anything in it that may be secret: the user and the password, and the query. It need
/// not be valid: a password with a `/` in it ends the host too early, and a scheme may be missing.
pub(crate) fn shown_url(url: &str) -> String {
    let is_scheme = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (format!("{scheme}://"), rest),
        _ => (String::new(), url),
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (place, query) = rest.split_at(end);
    // Nobody knows where the password ends.
    if after_user(query).is_some() {
        return format!("{scheme}(hidden)");
    }
    let place = match after_user(place) {
        Some(host) => format!("(hidden)@{host}"),
        None => place.to_owned(),
    };
    let query = if query.len() > 1 { "?(hidden)" } else { "" };
    format!("{scheme}{place}{query}")
}

/// What is behind the last `@`, encoded or not.
fn after_user(text: &str) -> Option<&str> {
    let plain = text.rfind('@').map(|at| (at, 1));
    let encoded = text.rfind("%40").map(|at| (at, 3));
    let (at, length) = plain.max(encoded)?;
    text.get(at + length..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        for (url, shown) in [
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://waha:3000/a/b", "http://waha:3000/a/b"),
            ("http://me:cret@waha:3000/x", "http://(hidden)@waha:3000/x"),
            ("http://me:c%2Fr%40et@waha", "http://(hidden)@waha"),
            ("http://me:c/ret@waha:3000", "http://(hidden)@waha:3000"),
            ("http://me:c@ret@waha", "http://(hidden)@waha"),
            ("http://me:c?ret@waha", "http://(hidden)"),
            ("http://me:c#ret@waha", "http://(hidden)"),
            ("http://me:cret%40waha", "http://(hidden)@waha"),
            ("me:cret@waha:3000", "(hidden)@waha:3000"),
            ("me:c://ret@waha:3000", "(hidden)@waha:3000"),
            ("http://waha?token=cret", "http://waha?(hidden)"),
            (
                "redis-sentinel://me:cret@a:1?node=b:2&sentinelPassword=cret",
                "redis-sentinel://(hidden)@a:1?(hidden)",
            ),
            (
                "redis-sentinel://a:1?node=b:2&sentinelPassword=c@ret",
                "redis-sentinel://(hidden)",
            ),
            (
                "redis+unix:///run/redis.sock",
                "redis+unix:///run/redis.sock",
            ),
            ("", ""),
        ] {
            assert_eq!(shown_url(url), shown, "{url}");
        }
    }
}
