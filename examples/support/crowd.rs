//! A crowd of clients at the daemon's port: some send nothing, some send a byte a second. A refused client connects again.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The time between two bytes, and until a refused client connects again.
const BEAT: Duration = Duration::from_secs(1);

/// The clients stay connected until it is dropped.
pub(crate) struct Crowd {
    over: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Opens this many connections; returns when all are connected.
    pub(crate) fn gather(address: SocketAddr, idle: usize, slow: usize) -> std::io::Result<Self> {
        allow_open_files();
        let mut idle = (0..idle)
            .map(|_| silent(address))
            .collect::<std::io::Result<Vec<_>>>()?;
        let mut slow = (0..slow)
            .map(|n| begun(address, n))
            .collect::<std::io::Result<Vec<_>>>()?;
        let over = Arc::new(AtomicBool::new(false));
        let dismissed = over.clone();
        let keeper = std::thread::Builder::new()
            .name("crowd".into())
            .spawn(move || {
                while !dismissed.load(Ordering::Relaxed) {
                    for (n, stream) in slow.iter_mut().enumerate() {
                        if is_closed(stream) || stream.write(b"x").is_err() {
                            come_back(stream, begun(address, n));
                        }
                    }
                    for stream in idle.iter_mut().filter(|stream| is_closed(stream)) {
                        come_back(stream, silent(address));
                    }
                    std::thread::park_timeout(BEAT);
                }
            })?;
        Ok(Self {
            over,
            keeper: Some(keeper),
        })
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(keeper) = self.keeper.take() {
            keeper.thread().unpark();
            let _ = keeper.join();
        }
    }
}

fn silent(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// A client that begins a request and does not finish it. Every second one stops in the middle of the headers.
fn begun(address: SocketAddr, n: usize) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    let start = if n.is_multiple_of(2) {
        // A well-formed signature that no secret made.
        format!(
            "POST /webhook HTTP/1.1\r\nhost: x\r\nx-webhook-hmac: {}\r\ncontent-length: 5000\r\n\r\n",
            "0123456789abcdef".repeat(8)
        )
    } else {
        "POST /webhook HTTP/1.1\r\nx-slow: ".to_owned()
    };
    // If it is refused at once, it connects again at the next beat.
    let _ = stream.write_all(start.as_bytes());
    stream.set_nonblocking(true)?;
    Ok(stream)
}

fn is_closed(stream: &TcpStream) -> bool {
    match stream.peek(&mut [0]) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// A refused connection is retried at the next beat.
fn come_back(stream: &mut TcpStream, again: std::io::Result<TcpStream>) {
    if let Ok(again) = again {
        *stream = again;
    }
}

/// Raises the limit of open files as far as possible: the usual one is low.
fn allow_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // If this fails, connecting will show it.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}
