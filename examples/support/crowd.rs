//! A crowd of clients at the daemon's port: some send nothing, some send a byte a second. A refused client connects again.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The time between two bytes, and until a refused client connects again.
const BEAT: Duration = Duration::from_secs(1);
/// How long a client tries to write the beginning of its request. A daemon that reads it needs much less.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a client sends.
#[derive(Clone, Copy)]
pub(crate) enum Client {
    /// Nothing.
    Silent,
    /// Headers that never end.
    Headers,
    /// A body of this `length`, behind a well-formed signature that no secret made: the first bytes of it at once.
    Body { length: usize, at_once: usize },
}

/// The clients stay connected until it is dropped.
pub(crate) struct Crowd {
    over: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Opens this many connections, half of the slow ones with headers that never end; returns when all are connected.
    pub(crate) fn gather(address: SocketAddr, idle: usize, slow: usize) -> std::io::Result<Self> {
        let slow = (0..slow).map(|n| {
            if n.is_multiple_of(2) {
                Client::Body {
                    length: 5_000,
                    at_once: 0,
                }
            } else {
                Client::Headers
            }
        });
        let clients = std::iter::repeat_n(Client::Silent, idle).chain(slow);
        Self::from(Ipv4Addr::LOCALHOST, address, clients)
    }

    /// Opens a connection for each client, all from this address of this machine; returns when all are connected.
    pub(crate) fn from(
        source: Ipv4Addr,
        address: SocketAddr,
        clients: impl IntoIterator<Item = Client>,
    ) -> std::io::Result<Self> {
        allow_open_files();
        let mut clients = clients
            .into_iter()
            .map(|client| Ok((client, client.connect(source, address)?)))
            .collect::<std::io::Result<Vec<_>>>()?;
        let over = Arc::new(AtomicBool::new(false));
        let dismissed = over.clone();
        let keeper = std::thread::Builder::new()
            .name("crowd".into())
            .spawn(move || {
                while !dismissed.load(Ordering::Relaxed) {
                    for (client, stream) in &mut clients {
                        if dismissed.load(Ordering::Relaxed) {
                            return;
                        }
                        let drips = !matches!(client, Client::Silent);
                        if (is_closed(stream) || (drips && stream.write(b"x").is_err()))
                            && let Ok(again) = client.connect(source, address)
                        {
                            *stream = again;
                        }
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

impl Client {
    /// Connects and begins its request. If it is refused at once, it connects again at the next beat.
    fn connect(self, source: Ipv4Addr, address: SocketAddr) -> std::io::Result<TcpStream> {
        let mut stream = connect_from(source, address)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let _ = match self {
            Self::Silent => Ok(()),
            Self::Headers => stream.write_all(b"POST /webhook HTTP/1.1\r\nx-slow: "),
            Self::Body { length, at_once } => {
                let mut start = format!(
                    "POST /webhook HTTP/1.1\r\nhost: x\r\nx-webhook-hmac: {}\r\ncontent-length: {length}\r\n\r\n",
                    "0123456789abcdef".repeat(8)
                )
                .into_bytes();
                start.resize(start.len() + at_once, b'x');
                stream.write_all(&start)
            }
        };
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

/// A connection from this address of this machine: every address that begins with 127 is one.
pub(crate) fn connect_from(source: Ipv4Addr, address: SocketAddr) -> std::io::Result<TcpStream> {
    // Not for the programs that we start.
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    bind(&socket, &SocketAddrV4::new(source, 0))?;
    connect(&socket, &address)?;
    Ok(TcpStream::from(socket))
}

fn is_closed(stream: &TcpStream) -> bool {
    match stream.peek(&mut [0]) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
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
