//! Sends one signed request to the shop's own system, on a blocking connection.
//!
//! It neither retries nor follows redirects: the caller decides whether and when to try again.

use std::time::{Duration, SystemTime};

use ureq::Agent;
use ureq::http::HeaderMap;
use ureq::http::header::RETRY_AFTER;

/// How long connecting may take. A system that is running accepts a connection at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is reused. Servers close it after some seconds (Node after 5), and using it at that moment
/// would cost an attempt.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// The longest answer, in bytes: far more than a conversation needs.
const ANSWER_MAX: u64 = 1024 * 1024;
/// The size of each of a connection's two buffers and of an answer's headers, in bytes.
const BUFFER_SIZE: usize = 16 * 1024;

/// The HTTP client for all shops; cheap to clone.
#[derive(Clone, Debug)]
pub struct Shop {
    agent: Agent,
}

/// Why a call has no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// The reason, for the log. It contains nothing from the request or the answer.
    pub reason: String,
    /// Whether another attempt may succeed.
    pub again: bool,
    /// How long to wait before the next attempt, if the shop's system says so.
    pub after: Option<Duration>,
}

impl Failure {
    /// A temporary failure.
    pub fn passing(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            again: true,
            after: None,
        }
    }

    /// A failure that would happen again.
    pub fn lasting(reason: impl Into<String>) -> Self {
        Self {
            again: false,
            ..Self::passing(reason)
        }
    }
}

impl Default for Shop {
    fn default() -> Self {
        let config = Agent::config_builder()
            // The shop's system is on the local network, like WAHA: a web proxy (HTTP_PROXY) would not find it.
            .proxy(None)
            .http_status_as_error(false)
            // A redirected POST loses its body, so we report the wrong address instead.
            .max_redirects(0)
            .user_agent(concat!("waha-sm/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .max_idle_age(IDLE_MAX)
            .input_buffer_size(BUFFER_SIZE)
            .output_buffer_size(BUFFER_SIZE)
            .max_response_header_size(BUFFER_SIZE)
            .build();
        Self {
            agent: config.into(),
        }
    }
}

impl Shop {
    /// Posts JSON, and returns the body of a successful answer.
    ///
    /// # Errors
    /// What went wrong, and whether to try again. A client error (RFC 9110, 15.5) is final, except 408, 425 and 429, which
    /// are temporary.
    pub fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        timeout: Duration,
    ) -> Result<Vec<u8>, Failure> {
        let request = self.agent.post(url).content_type("application/json");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let request = request.config().timeout_global(Some(timeout)).build();
        let mut response = request.send(body).map_err(failure)?;
        match response.status().as_u16() {
            200..=299 => {
                let body = response.body_mut().with_config().limit(ANSWER_MAX);
                body.read_to_vec().map_err(failure)
            }
            status @ (408 | 425 | 429 | 500..=599) => Err(Failure {
                after: retry_after(response.headers()),
                ..Failure::passing(format!("it answered {status}"))
            }),
            status @ 300..=399 => Err(Failure::lasting(format!(
                "it answered {status}, a redirection, which we do not follow; write the address that it leads to"
            ))),
            status @ (401 | 403) => Err(Failure::lasting(format!(
                "it answered {status}; if it refused the signature, give it the same FLOW_CALL_HMAC_SECRET"
            ))),
            status => Err(Failure::lasting(format!("it answered {status}"))),
        }
    }
}

/// Reads `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value)
            .ok()?
            .duration_since(SystemTime::now())
            .ok(),
    }
}

fn failure(error: ureq::Error) -> Failure {
    use ureq::Error;
    match error {
        Error::Timeout(phase) => Failure::passing(format!("no answer in time ({phase})")),
        Error::BodyExceedsLimit(_) => {
            Failure::lasting(format!("the answer is longer than {ANSWER_MAX} bytes"))
        }
        Error::HostNotFound => Failure::passing("there is no such host"),
        Error::Io(ref io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            Failure::passing("the connection was closed before the end of the answer")
        }
        Error::BadUri(_) | Error::Http(_) => Failure::lasting("the address is not valid"),
        // These messages are about connection and protocol, and never quote the request or the answer.
        error => Failure::passing(error.to_string()),
    }
}
