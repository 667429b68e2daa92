//! Calling the shop's own system: one signed request at a time, on a blocking connection.
//!
//! Whether and when to try again is for the caller to say; nothing is repeated and no redirect followed here.

use std::time::{Duration, SystemTime};

use ureq::Agent;
use ureq::http::HeaderMap;
use ureq::http::header::RETRY_AFTER;

/// A shop that is there accepts a connection at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Servers close connections that were idle for some seconds (Node after 5); to reuse one in that moment would cost a try.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// Bytes of an answer: far more than a conversation takes.
const ANSWER_MAX: u64 = 1024 * 1024;
/// Bytes of each of a connection's two buffers, and of an answer's headers.
const BUFFER_SIZE: usize = 16 * 1024;

/// The way to all shops; cheap to clone.
#[derive(Clone, Debug)]
pub struct Shop {
    agent: Agent,
}

/// Why there is no answer to go by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// In words for the log; nothing of what was sent or answered is in it.
    pub reason: String,
    /// It may go better another time.
    pub again: bool,
    /// When the shop wants to be asked again, if it says so.
    pub after: Option<Duration>,
}

impl Failure {
    /// One that may go better another time.
    pub fn passing(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            again: true,
            after: None,
        }
    }

    /// One that would come again.
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
            // The shop is a neighbour, as WAHA is: a proxy for the web (HTTP_PROXY) would not find it.
            .proxy(None)
            .http_status_as_error(false)
            // A redirected POST loses its body: better to say that the address is wrong.
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
    /// Posts JSON, and gives the body of an answer of success.
    ///
    /// # Errors
    /// What went wrong, and whether to try again: not where the shop says that the request is wrong (RFC 9110, 15.5),
    /// except 408, 425 and 429, which are about the moment.
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
                "it answered {status}, a redirection, which is not followed; write the address that it leads to"
            ))),
            status @ (401 | 403) => Err(Failure::lasting(format!(
                "it answered {status}; if that is because of the signature: does it have the same FLOW_CALL_HMAC_SECRET?"
            ))),
            status => Err(Failure::lasting(format!("it answered {status}"))),
        }
    }
}

/// Seconds, or a date (RFC 9110, 10.2.3).
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
        Error::BadUri(_) | Error::Http(_) => Failure::lasting("the address is none"),
        // Never what was sent or answered: these are about the connection and the protocol.
        error => Failure::passing(error.to_string()),
    }
}
