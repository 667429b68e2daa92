//! Connects to WAHA's host. After a failure we know whether there was a connection.
//!
//! This is the only place that knows ureq's `unversioned` API. It is worth it: ureq's own errors don't separate a refused
//! connection from a broken one, and for us that is the difference between "surely not sent" and "in doubt". Also, ureq looks
//! up the host's name on a new thread for each request, even if it reuses a connection.

use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};
use ureq::{Agent, Error};

use super::outcome::SendError;
use crate::waha::one_line::line;

/// How long an address is reused: long enough for a busy sender, short enough for a container that restarts with another
/// address.
const ADDRESS_AGE_MAX: Duration = Duration::from_secs(5);

/// How many characters of a reason we keep.
const REASON_MAX: usize = 200;

/// An agent whose errors [`failure`] understands.
pub(super) fn agent(config: Config) -> Agent {
    Agent::with_parts(
        config,
        Dial(DefaultConnector::default()),
        AddressBook::default(),
    )
}

/// What an error from the agent means for the request.
pub(super) fn failure(error: Error) -> SendError {
    match &error {
        Error::Other(other) if other.is::<NotConnected>() => SendError::Unreachable {
            reason: short(&other.to_string()),
        },
        // Without a connection, nothing was sent.
        Error::ConnectionFailed
        | Error::HostNotFound
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::Tls(_)
        | Error::TlsRequired => SendError::Unreachable {
            reason: reason(error),
        },
        _ => SendError::Interrupted {
            reason: reason(error),
        },
    }
}

/// What went wrong, in a few words.
pub(super) fn reason(error: Error) -> String {
    match error {
        Error::Timeout(phase) => format!("no answer in time ({phase})"),
        Error::Io(ref io) if io.kind() == io::ErrorKind::UnexpectedEof => {
            "the connection was closed before the end of the answer".to_owned()
        }
        // Its own words quote the address, which may have a password in it.
        Error::BadUri(_) | Error::Http(_) => "the address is not valid".to_owned(),
        error => short(&error.to_string()),
    }
}

fn short(text: &str) -> String {
    line(text, REASON_MAX).unwrap_or_default()
}

/// An error that happened before there was a connection.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotConnected(String);

impl NotConnected {
    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    fn mark(error: Error) -> Error {
        let text = match &error {
            Error::Timeout(_) => "the host does not answer".to_owned(),
            Error::Io(error) => error.to_string(),
            error => error.to_string(),
        };
        Error::Other(Box::new(Self(text)))
    }
}

/// Connects like ureq (TCP, then TLS with its handshake), and marks the errors.
#[derive(Debug)]
struct Dial(DefaultConnector);

impl Connector<()> for Dial {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(NotConnected::mark)
    }
}

/// Looks up addresses like ureq, marks the errors, and remembers the last answer.
///
/// One answer is enough, because a client has one host.
#[derive(Debug, Default)]
struct AddressBook {
    resolver: DefaultResolver,
    // Locked only while it is copied, never during a lookup: a lookup that hangs must not block the others.
    last: Mutex<Option<(Instant, ResolvedSocketAddrs)>>,
}

impl Resolver for AddressBook {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let now = Instant::now();
        if let Ok(last) = self.last.lock()
            && let Some((at, addresses)) = last.as_ref()
            && now.duration_since(*at) < ADDRESS_AGE_MAX
        {
            return Ok(addresses.clone());
        }
        let found = self
            .resolver
            .resolve(uri, config, timeout)
            .map_err(NotConnected::mark)?;
        if let Ok(mut last) = self.last.lock() {
            *last = Some((now, found.clone()));
        }
        Ok(found)
    }
}
