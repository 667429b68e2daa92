//! Open consoles: each shows the line to an agent of its own, as a browser does, and notes when it was sent which mark.
//!
//! A mark is in the words of a watched customer: `~17~`, the seventeenth message of all of them.

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::{Buf as _, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Also from task to task.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The mark of a message.
pub(crate) fn mark(message: usize) -> String {
    format!("~{message}~")
}

fn mark_in(between: &str) -> Option<usize> {
    between.parse().ok()
}

/// What all consoles have seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// For each console: when it saw each mark.
    pub(crate) at: Vec<HashMap<usize, Instant>>,
    /// How often a console had to load its page again.
    pub(crate) resyncs: usize,
    /// Events and bytes that they got.
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    /// Streams that ended.
    pub(crate) ended: Vec<String>,
}

/// See the module. They are closed when it is dropped.
pub(crate) struct Consoles {
    seen: Arc<Mutex<Seen>>,
    closing: CancellationToken,
}

impl Consoles {
    /// Opens a console with each of these tokens; returns when all show the line.
    pub(crate) fn open(address: SocketAddr, tokens: Vec<String>) -> Result<Self> {
        let seen = Arc::new(Mutex::new(Seen {
            at: vec![HashMap::new(); tokens.len()],
            ..Seen::default()
        }));
        let closing = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (ready, all_ready) = std::sync::mpsc::channel();
        let mut consoles: Vec<Console> = tokens
            .into_iter()
            .enumerate()
            .map(|(number, token)| Console {
                number,
                address,
                token,
                seen: seen.clone(),
            })
            .collect();
        let until = closing.clone();
        std::thread::Builder::new()
            .name("consoles".into())
            .spawn(move || {
                runtime.block_on(async {
                    let mut watching = tokio::task::JoinSet::new();
                    for mut console in consoles.drain(..) {
                        let first = console.load().await;
                        let _ = ready.send(first.as_ref().map(|_| ()).map_err(ToString::to_string));
                        if let Ok(view) = first {
                            watching.spawn(async move { console.watch(view).await });
                        }
                    }
                    drop(ready);
                    until.cancelled().await;
                });
            })?;
        for opened in all_ready {
            opened?;
        }
        Ok(Self { seen, closing })
    }

    /// What they have seen so far.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Consoles {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

/// A page, loaded with a token.
pub(crate) struct Page {
    pub(crate) text: String,
    /// The bytes of the whole answer.
    pub(crate) bytes: usize,
}

/// Loads a page of the console.
pub(crate) async fn load_page(address: SocketAddr, token: &str, path: &str) -> Result<Page> {
    let mut stream = get(address, token, path, "close").await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let head = memmem::find(&answer, b"\r\n\r\n").ok_or("an answer without a head")?;
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        let head = String::from_utf8_lossy(&answer[..head]).into_owned();
        return Err(format!("{path}: {head}").into());
    }
    Ok(Page {
        text: String::from_utf8_lossy(&answer[head..]).into_owned(),
        bytes: answer.len(),
    })
}

async fn get(
    address: SocketAddr,
    token: &str,
    path: &str,
    connection: &str,
) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: {connection}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

struct Console {
    number: usize,
    address: SocketAddr,
    token: String,
    seen: Arc<Mutex<Seen>>,
}

/// Where the stream of a page is.
type Stream = String;

impl Console {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads the line, as a browser does first. Returns the path of its stream.
    async fn load(&mut self) -> Result<Stream> {
        let page = load_page(self.address, &self.token, "/line").await?;
        self.note(page.text.as_bytes(), Instant::now());
        let attribute = |name: &str| -> Option<&str> {
            let (_, value) = page.text.split_once(&format!(" {name}=\""))?;
            Some(value.split_once('"')?.0)
        };
        let view = attribute("data-view").ok_or("the page has no view")?;
        let last = attribute("data-live").ok_or("the page has no stream")?;
        let view = view.replace("&amp;", "&");
        Ok(format!("/live{view}&last={last}"))
    }

    /// Follows the stream of the page for as long as it lasts.
    async fn watch(mut self, mut path: Stream) {
        loop {
            let ended = match self.follow(&path).await {
                // The page has to be loaded again.
                Ok(()) => {
                    self.seen().resyncs += 1;
                    self.load().await
                }
                Err(error) => Err(error),
            };
            match ended {
                Ok(next) => path = next,
                Err(error) => {
                    let number = self.number;
                    self.seen().ended.push(format!("console {number}: {error}"));
                    return;
                }
            }
        }
    }

    /// Reads events until the server says that the page is too old.
    async fn follow(&mut self, path: &str) -> Result<()> {
        let mut stream = get(self.address, &self.token, path, "keep-alive").await?;
        let (mut raw, mut events) = (BytesMut::new(), BytesMut::new());
        while memmem::find(&raw, b"\r\n\r\n").is_none() {
            fill(&mut stream, &mut raw).await?;
        }
        let head = memmem::find(&raw, b"\r\n\r\n").unwrap_or_default();
        if !raw.starts_with(b"HTTP/1.1 200 ") {
            return Err(String::from_utf8_lossy(&raw[..head]).into_owned().into());
        }
        raw.advance(head + 4);
        loop {
            while take_chunk(&mut raw, &mut events)? {}
            let now = Instant::now();
            while let Some(end) = memmem::find(&events, b"\n\n") {
                let event = events.split_to(end + 2);
                let mut seen = self.seen();
                seen.events += 1;
                seen.bytes += event.len();
                drop(seen);
                match event[..].split(|byte| *byte == b'\n').next() {
                    Some(b"event: put") => self.note(&event, now),
                    Some(b"event: resync") => return Ok(()),
                    Some(b"event: poll" | b"event: ended") => {
                        return Err("the server has ended the stream".into());
                    }
                    _ => {}
                }
            }
            fill(&mut stream, &mut raw).await?;
        }
    }

    /// Notes the marks in what is shown now.
    fn note(&mut self, shown: &[u8], now: Instant) {
        let marks = memchr::memchr_iter(b'~', shown);
        let found = marks.filter_map(|at| {
            let rest = &shown[at + 1..];
            let mark = &rest[..memchr::memchr(b'~', rest)?];
            mark_in(std::str::from_utf8(mark).ok()?)
        });
        let found: Vec<usize> = found.collect();
        let mut seen = self.seen();
        for message in found {
            seen.at[self.number].entry(message).or_insert(now);
        }
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err("the connection was closed".into()),
        _ => Ok(()),
    }
}

/// Moves one chunk of a chunked body, if it is there as a whole.
fn take_chunk(raw: &mut BytesMut, into: &mut BytesMut) -> Result<bool> {
    let Some(end) = memmem::find(raw, b"\r\n") else {
        return Ok(false);
    };
    let length = std::str::from_utf8(&raw[..end])?;
    let length = usize::from_str_radix(length, 16)?;
    if length == 0 {
        return Err("the stream has ended".into());
    }
    if raw.len() < end + 2 + length + 2 {
        return Ok(false);
    }
    raw.advance(end + 2);
    into.extend_from_slice(&raw.split_to(length));
    raw.advance(2);
    Ok(true)
}
