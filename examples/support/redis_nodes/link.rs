//! The network to a server: a port that leads to another port, with a delay if wanted, and that can be cut.
//!
//! A delay holds back each byte for the same time, in order, and limits nothing else: any amount may be on its way.

use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// How much is read at once.
const CHUNK: usize = 64 << 10;
/// Each thread here only copies.
const STACK: usize = 256 << 10;

/// See the module documentation. Ends when it is dropped.
pub(crate) struct Link {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    to: u16,
    /// For each direction.
    delay: Duration,
    /// Nothing gets through.
    cut: AtomicBool,
    over: AtomicBool,
    /// The ends of each connection, in the order in which they were made.
    open: Mutex<Vec<[TcpStream; 2]>>,
}

impl Link {
    /// From a free port to the port `to` of this machine; an answer takes `round_trip` longer than without the link.
    pub(crate) fn new(to: u16, round_trip: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            to,
            delay: round_trip / 2,
            cut: AtomicBool::new(false),
            over: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let ours = shared.clone();
        thread(move || {
            for stream in listener.incoming() {
                if ours.over.load(Ordering::Relaxed) {
                    return;
                }
                // A connection that fails is the client's trouble.
                let _ = stream.and_then(|stream| ours.connect(stream));
            }
        })?;
        Ok(Self { address, shared })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Closes all connections, and every new one, until [`Self::mend`].
    pub(crate) fn cut(&self) {
        self.shared.cut.store(true, Ordering::Relaxed);
        self.shared.close_all();
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.shared.open().len()
    }

    /// Closes the `n`th connection, and every new one, until [`Self::mend`].
    pub(crate) fn cut_one(&self, n: usize) {
        self.shared.cut.store(true, Ordering::Relaxed);
        close(&self.shared.open()[n]);
    }

    pub(crate) fn mend(&self) {
        self.shared.cut.store(false, Ordering::Relaxed);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn connect(&self, client: TcpStream) -> Result<()> {
        if self.cut.load(Ordering::Relaxed) {
            return Err(ErrorKind::ConnectionRefused.into());
        }
        let server = TcpStream::connect(("127.0.0.1", self.to))?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
        }
        self.open().push([client.try_clone()?, server.try_clone()?]);
        self.copy(client.try_clone()?, server.try_clone()?)?;
        self.copy(server, client)
    }

    /// Copies one direction, and closes both ends when one of them does.
    fn copy(&self, mut from: TcpStream, to: TcpStream) -> Result<()> {
        let (sender, receiver) = channel();
        let delay = self.delay;
        thread(move || read(&mut from, &sender, delay))?;
        thread(move || write(to, &receiver))
    }

    /// The connections that both ends still have.
    fn open(&self) -> MutexGuard<'_, Vec<[TcpStream; 2]>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|ends| ends.iter().all(|end| end.peer_addr().is_ok()));
        open
    }

    fn close_all(&self) {
        self.open().drain(..).for_each(|ends| close(&ends));
    }
}

fn close(ends: &[TcpStream; 2]) {
    for end in ends {
        let _ = end.shutdown(Shutdown::Both);
    }
}

/// What was read, and when it may arrive.
type Chunk = (Instant, Vec<u8>);

fn read(from: &mut TcpStream, to: &Sender<Chunk>, delay: Duration) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        let due = Instant::now() + delay;
        if to.send((due, chunk[..read].to_vec())).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
}

fn write(mut to: TcpStream, chunks: &Receiver<Chunk>) {
    for (due, chunk) in chunks {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&chunk).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

fn thread(work: impl FnOnce() + Send + 'static) -> Result<()> {
    let builder = Builder::new().name("link".into()).stack_size(STACK);
    builder.spawn(work).map(drop)
}
