//! Connects to WAHA's host. After a failure we know whether there was a connection.
//!
//! This is the only place that knows ureq's `unversioned` API. It is worth it: ureq's own errors don't separate a refused
//! connection from a broken one, and for us that is the difference between "surely not sent" and "in doubt". Also, ureq looks
//! up the host's name on a new thread for each request, even if it reuses a connection; it sends a request in two pieces; and it looks
//! twice between two requests whether the connection is still open.

use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{fmt, io};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
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
    type Out = InOnePiece;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let connected = self.0.connect(details, chained);
        let connected = connected.map_err(NotConnected::mark)?;
        Ok(connected.map(InOnePiece::new))
    }
}

/// A connection that sends the head of a request together with the beginning of its body. Each piece would cost a system call here and a
/// wake-up at WAHA.
struct InOnePiece {
    inner: Box<dyn Transport>,
    /// The head of a request, until its body or the answer is due.
    head: Vec<u8>,
    /// The next piece is the head of a request.
    begins: bool,
    /// An answer came, and nobody has asked since whether the connection is open.
    was_answered: bool,
}

/// Without the head: it has our key.
impl fmt::Debug for InOnePiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InOnePiece").field(&self.inner).finish()
    }
}

impl InOnePiece {
    fn new(inner: Box<dyn Transport>) -> Self {
        Self {
            inner,
            head: Vec::new(),
            begins: true,
            was_answered: false,
        }
    }

    /// Sends the head, and `more` bytes after it that are at the beginning of the output buffer.
    fn send_head(&mut self, more: usize, timeout: NextTimeout) -> Result<(), Error> {
        let head = std::mem::take(&mut self.head);
        let output = self.inner.buffers().output();
        let both = head.len() + more;
        if both <= output.len() {
            output.copy_within(..more, head.len());
            output[..head.len()].copy_from_slice(&head);
            return self.inner.transmit_output(both, timeout);
        }
        let body = output[..more].to_vec();
        for piece in [head, body] {
            self.inner.buffers().output()[..piece.len()].copy_from_slice(&piece);
            self.inner.transmit_output(piece.len(), timeout)?;
        }
        Ok(())
    }
}

impl Transport for InOnePiece {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if std::mem::take(&mut self.begins) {
            let head = &self.inner.buffers().output()[..amount];
            self.head.extend_from_slice(head);
            return Ok(());
        }
        if self.head.is_empty() {
            return self.inner.transmit_output(amount, timeout);
        }
        self.send_head(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if !self.head.is_empty() {
            self.send_head(0, timeout)?;
        }
        self.begins = true;
        self.was_answered = true;
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        // ureq asks when it puts the connection aside, and when it uses it again. Only then it matters.
        std::mem::take(&mut self.was_answered) || self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    /// Reads a request whose body has this length. Returns how many pieces it came in.
    fn read(from: &mut TcpStream, body: usize) -> usize {
        let (mut all, mut piece, mut pieces) = (Vec::new(), vec![0; 1 << 20], 0);
        loop {
            let count = from.read(&mut piece).unwrap();
            assert!(count > 0, "it ended too early");
            all.extend_from_slice(&piece[..count]);
            pieces += 1;
            let head = all.windows(4).position(|end| end == b"\r\n\r\n");
            if head.is_some_and(|head| all.len() == head + 4 + body) {
                return pieces;
            }
        }
    }

    #[test]
    fn a_request_comes_in_one_piece_and_a_connection_that_was_closed_is_not_used_again() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api", server.local_addr().unwrap());
        let (closed, is_closed) = std::sync::mpsc::channel();
        let serving = std::thread::spawn(move || {
            let (mut first, _) = server.accept().unwrap();
            for body in [5, 0, 40_000, 5] {
                let pieces = read(&mut first, body);
                assert!(pieces == 1 || body > 5, "{pieces} pieces");
                first.write_all(ANSWER).unwrap();
            }
            drop(first);
            closed.send(()).unwrap();
            let (mut second, _) = server.accept().unwrap();
            assert_eq!(read(&mut second, 5), 1);
            second.write_all(ANSWER).unwrap();
        });
        let agent = agent(Agent::config_builder().build());
        let long = "a".repeat(40_000);
        let text =
            |mut answer: ureq::http::Response<ureq::Body>| answer.body_mut().read_to_string();
        assert_eq!(text(agent.post(&url).send("hello").unwrap()).unwrap(), "ok");
        assert_eq!(text(agent.get(&url).call().unwrap()).unwrap(), "ok");
        assert_eq!(text(agent.post(&url).send(&long).unwrap()).unwrap(), "ok");
        assert_eq!(text(agent.post(&url).send("again").unwrap()).unwrap(), "ok");
        is_closed.recv().unwrap();
        assert_eq!(text(agent.post(&url).send("hello").unwrap()).unwrap(), "ok");
        serving.join().unwrap();
    }
}
