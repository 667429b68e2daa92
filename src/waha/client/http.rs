//! The client itself: the address and key of one WAHA server, and requests to it over reused connections.

use std::fmt;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode,
};
use serde::Serialize;
use ureq::http::{HeaderValue, Response, Uri};
use ureq::{Agent, RequestBuilder};

use super::answer::WahaAnswer;
use super::connect;
use super::outcome::SendError;
use crate::secret::shown_url;

/// How long to wait for an answer by default. WAHA itself may wait 15 s for its session before it refuses (WAHA's source,
/// `waitUntilStatus`).
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// How long connecting may take. A running WAHA accepts a connection at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection is reused. WAHA's server (Node) closes it after 5 s. If we used it at that moment, we would not
/// know whether the message was sent.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// The most bytes of an answer that we read: more than any answer about one message or person has, including the engine's raw
/// data.
pub(super) const ANSWER_MAX: u64 = 1024 * 1024;

/// The size of each of a connection's two buffers, in bytes: room for WAHA's headers and a usual message.
const BUFFER_SIZE: usize = 16 * 1024;

/// All except the unreserved characters of RFC 3986. The dot is encoded too, because a segment `..` would go up in the path.
const NOT_IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// How to reach WAHA.
#[derive(Clone)]
pub struct ClientConfig {
    /// WAHA's address, like `http://localhost:3000`, perhaps with a path.
    pub base_url: String,
    /// The key in plain text, even if WAHA has only its hash.
    pub api_key: Option<String>,
    /// The timeout for a whole request, from the DNS lookup to the end of the answer; see [`TIMEOUT`].
    pub timeout: Duration,
    /// How many idle connections to keep: as many as there are threads that send at once.
    pub connections: usize,
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("base_url", &shown_url(&self.base_url))
            .field("api_key", &self.api_key.as_ref().map(|_| "(hidden)"))
            .field("timeout", &self.timeout)
            .field("connections", &self.connections)
            .finish()
    }
}

/// Why a client can't be created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    /// It is not an address.
    #[error(
        "`{0}` is not WAHA's address: write `http://` or `https://`, a host and perhaps a port and a path, like `http://localhost:3000`"
    )]
    BaseUrl(String),
    /// The key has characters that a header can't contain.
    #[error("WAHA's API key has characters that no key has (a line break?)")]
    ApiKey,
}

/// Makes requests to one WAHA server.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    pub(super) base_url: Arc<str>,
    api_key: Option<HeaderValue>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &shown_url(&self.base_url))
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client for the WAHA server at `config`'s address. It connects at the first request.
    ///
    /// # Errors
    ///
    /// [`BadConfig`] if the address or the key can't be right.
    pub fn new(config: ClientConfig) -> Result<Self, BadConfig> {
        let ClientConfig {
            base_url,
            api_key,
            timeout,
            connections,
        } = config;
        let base_url =
            checked_url(&base_url).ok_or_else(|| BadConfig::BaseUrl(shown_url(&base_url)))?;
        let api_key = api_key
            .map(|key| {
                let mut value = HeaderValue::from_str(&key).map_err(|_| BadConfig::ApiKey)?;
                value.set_sensitive(true);
                Ok(value)
            })
            .transpose()?;
        let config = Agent::config_builder()
            // WAHA is on the local network. A web proxy (HTTP_PROXY) would not find it, and must not see the key.
            .proxy(None)
            .http_status_as_error(false)
            // A redirected POST loses its body, so we report the wrong address instead.
            .max_redirects(0)
            .user_agent(concat!("waha-sm/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .timeout_global(Some(timeout))
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            .max_idle_age(IDLE_MAX)
            .input_buffer_size(BUFFER_SIZE)
            .output_buffer_size(BUFFER_SIZE)
            .max_response_header_size(BUFFER_SIZE)
            .build();
        Ok(Self {
            agent: connect::agent(config),
            base_url: base_url.into(),
            api_key,
        })
    }

    /// WAHA's address, without a password, so that it can be shown.
    #[must_use]
    pub fn address(&self) -> String {
        shown_url(&self.base_url)
    }

    /// The host in WAHA's address.
    #[must_use]
    pub fn host(&self) -> String {
        let url: Option<Uri> = self.base_url.parse().ok();
        let host = url.as_ref().and_then(Uri::host).unwrap_or_default();
        host.trim_matches(['[', ']']).to_owned()
    }

    /// The addresses of WAHA's host; none if its name leads nowhere. This blocks, as long as the system looks for it.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let found = (self.host().as_str(), 0).to_socket_addrs();
        found
            .map(|found| found.map(|address| address.ip()).collect())
            .unwrap_or_default()
    }

    /// Whether it has a key.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.api_key.is_some()
    }

    /// Gets `path` and reads at most `max` bytes of the answer.
    pub(super) fn get(&self, path: &str, max: u64) -> Result<WahaAnswer, SendError> {
        self.get_within(path, max, None)
    }

    /// Like [`get`](Self::get), with a timeout of `patience` if that is shorter than the usual one.
    pub(super) fn get_within(
        &self,
        path: &str,
        max: u64,
        patience: Option<Duration>,
    ) -> Result<WahaAnswer, SendError> {
        let received = Self::receive(self.request(path, None, patience), max)?;
        self.judge(received, None)
    }

    /// Like [`get`](Self::get), with the time at which WAHA says that it answered.
    pub(super) fn get_dated(
        &self,
        path: &str,
        max: u64,
    ) -> Result<(WahaAnswer, Option<SystemTime>), SendError> {
        let received = Self::receive(self.request(path, None, None), max)?;
        let date = received.date.as_deref();
        let date = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok());
        Ok((self.judge(received, None)?, date))
    }

    /// Like [`get`](Self::get), for an answer of this type instead of JSON.
    pub(super) fn get_as(
        &self,
        path: &str,
        accept: &'static str,
        max: u64,
    ) -> Result<WahaAnswer, SendError> {
        let received = Self::receive(self.request(path, Some(accept), None), max)?;
        self.judge(received, None)
    }

    /// Gets `path`, and leaves the body of a good answer unread. It must be read within `patience`, and WAHA may not be
    /// silent for longer than `silence`.
    pub(super) fn open(
        &self,
        path: &str,
        patience: Duration,
        silence: Duration,
    ) -> Result<Response<ureq::Body>, SendError> {
        let request = self.agent.get(format!("{}{path}", self.base_url));
        let request = request.config().timeout_global(Some(patience));
        let request = request.timeout_per_read(Some(silence)).build();
        let response = self.with_key(request.header("accept", "*/*")).call();
        match response {
            Ok(response) if response.status() == 200 => Ok(response),
            response => {
                let received = Self::receive(response, ANSWER_MAX)?;
                let status = received.answer.status;
                self.judge(received, None)?;
                Err(SendError::Refused {
                    status,
                    reason: "an answer without a file".to_owned(),
                    advice: "is WAHA_URL the address of WAHA?",
                })
            }
        }
    }

    /// Gets a message, or `None` if WAHA says that it has no such message.
    pub(super) fn get_message(&self, path: &str) -> Result<Option<WahaAnswer>, SendError> {
        let received = Self::receive(self.request(path, None, None), ANSWER_MAX)?;
        if received.answer.says_no_such_message() {
            return Ok(None);
        }
        self.judge(received, None).map(Some)
    }

    /// `accept` is the type of the answer if it is not JSON.
    fn request(
        &self,
        path: &str,
        accept: Option<&'static str>,
        patience: Option<Duration>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.base_url));
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let usual = self.agent.config().timeouts().global;
        if let Some(patience) =
            patience.filter(|patience| usual.is_none_or(|usual| *patience < usual))
        {
            request = request.config().timeout_global(Some(patience)).build();
        }
        self.with_key(request).call()
    }

    /// Adds the key to a request. It goes to WAHA's address only, because no redirect is followed.
    fn with_key<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.api_key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }

    /// Posts `call`. The reason of an error must not contain `text`. `patience` is the timeout if it is longer than the usual
    /// one.
    pub(super) fn post(
        &self,
        path: &str,
        call: &impl Serialize,
        text: Option<&str>,
        patience: Option<Duration>,
    ) -> Result<WahaAnswer, SendError> {
        // This can't fail for strings. If it did, nothing was sent.
        let body = serde_json::to_vec(call).map_err(|error| SendError::Unreachable {
            reason: error.to_string(),
        })?;
        let url = format!("{}{path}", self.base_url);
        let mut request = self.agent.post(url).content_type("application/json");
        let usual = self.agent.config().timeouts().global;
        if let (Some(patience), Some(usual)) = (patience, usual) {
            let patience = patience.max(usual);
            request = request.config().timeout_global(Some(patience)).build();
        }
        let received = Self::receive(self.with_key(request).send(&body), ANSWER_MAX)?;
        self.judge(received, text)
    }

    /// Reads up to `max` bytes of the answer.
    fn receive(
        result: Result<Response<ureq::Body>, ureq::Error>,
        max: u64,
    ) -> Result<Received, SendError> {
        let mut response = result.map_err(connect::failure)?;
        let header = |name| {
            let value: Option<&HeaderValue> = response.headers().get(name);
            value.and_then(|value| Some(value.to_str().ok()?.to_owned()))
        };
        let retry_after = header("retry-after");
        let location = header("location");
        let date = header("date");
        let status = response.status().as_u16();
        // An incomplete body is not an error yet, because the status already says what matters.
        let body = response.body_mut().with_config().limit(max).read_to_vec();
        Ok(Received {
            answer: WahaAnswer {
                status,
                body: body.map_err(connect::reason),
            },
            retry_after,
            location,
            date,
        })
    }

    /// What the answer means. The reason of an error must not contain `text`.
    fn judge(&self, received: Received, text: Option<&str>) -> Result<WahaAnswer, SendError> {
        let key = self.api_key.as_ref().and_then(|key| key.to_str().ok());
        let mut secrets = vec![key, text];
        let password = password(&self.base_url);
        secrets.extend(password.iter().map(|one| Some(one.as_str())));
        received.answer.judged(
            received.retry_after.as_deref(),
            received.location.as_deref(),
            SystemTime::now(),
            &secrets,
        )
    }
}

/// An answer, with the headers that matter for its meaning.
struct Received {
    answer: WahaAnswer,
    retry_after: Option<String>,
    location: Option<String>,
    date: Option<String>,
}

/// Whether a client can be made with this address of WAHA.
pub fn is_address(text: &str) -> bool {
    checked_url(text).is_some()
}

/// Whether a client can be made with this key of WAHA: whether a header can contain it.
pub fn is_api_key(text: &str) -> bool {
    HeaderValue::from_str(text).is_ok()
}

/// The address without the slashes at its end, if it is valid.
fn checked_url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let http = matches!(uri.scheme_str()?, "http" | "https");
    let host = uri.host().is_some_and(|host| !host.is_empty());
    let bare = !text.contains(['?', '#']);
    (http && host && bare).then(|| text.trim_end_matches('/').to_owned())
}

/// The user and the password in the address, as they are written and as they are meant.
fn password(url: &str) -> Vec<String> {
    let place = url.split_once("://").map_or(url, |(_, rest)| rest);
    let Some((login, _)) = place.rsplit_once('@') else {
        return Vec::new();
    };
    let password = login
        .split_once(':')
        .map_or(login, |(_, password)| password);
    let meant = percent_decode_str(password)
        .decode_utf8_lossy()
        .into_owned();
    vec![login.to_owned(), password.to_owned(), meant]
}

/// The text, encoded as one segment of a path.
pub(super) fn path_segment(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, NOT_IN_SEGMENT)
}
