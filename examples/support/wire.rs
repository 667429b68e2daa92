//! HTTP/1.1 messages with a content-length, read from a socket at almost no cost, so that a load test measures the daemon
//! and not itself.

use std::io::{Error, ErrorKind, Result};

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longer than any head or body here.
const MESSAGE_MAX: usize = 1 << 20;

/// One end of a connection.
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: BytesMut,
}

/// A request or a response.
pub(crate) struct Message {
    /// `POST /api/sendText HTTP/1.1`, or `HTTP/1.1 200 OK`.
    pub(crate) first_line: Bytes,
    pub(crate) body: Bytes,
    /// The other end closes after this.
    pub(crate) last: bool,
}

impl Message {
    /// The status of a response.
    pub(crate) fn status(&self) -> Result<u16> {
        let code = self
            .first_line
            .split(|byte| *byte == b' ')
            .nth(1)
            .and_then(|code| std::str::from_utf8(code).ok());
        code.and_then(|code| code.parse().ok())
            .ok_or_else(|| broken("no status"))
    }
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: BytesMut::with_capacity(8 << 10),
        })
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next message; `None` if the other end closed between two of them.
    pub(crate) async fn read(&mut self) -> Result<Option<Message>> {
        let head = loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                let head = self.buffer.split_to(end).freeze();
                self.buffer.advance(4);
                break head;
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(ErrorKind::UnexpectedEof.into())
                };
            }
        };
        let first_line = head.slice(..memmem::find(&head, b"\r\n").unwrap_or(head.len()));
        let (mut length, mut last) = (0, false);
        for line in head.split(|byte| *byte == b'\n').skip(1) {
            let Some(colon) = memchr::memchr(b':', line) else {
                continue;
            };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-length") {
                let value = std::str::from_utf8(value)
                    .ok()
                    .and_then(|value| value.parse().ok());
                length = value
                    .filter(|length| *length <= MESSAGE_MAX)
                    .ok_or_else(|| broken("an invalid content-length"))?;
            } else if name.eq_ignore_ascii_case(b"connection") {
                last = value.eq_ignore_ascii_case(b"close");
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                return Err(broken(
                    "a transfer-encoding; only content-length is understood",
                ));
            }
        }
        while self.buffer.len() < length {
            if !self.fill().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Some(Message {
            first_line,
            body: self.buffer.split_to(length).freeze(),
            last,
        }))
    }

    async fn fill(&mut self) -> Result<bool> {
        if self.buffer.len() > MESSAGE_MAX {
            return Err(broken("a message that is too long"));
        }
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
