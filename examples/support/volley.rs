//! Posts webhooks as WAHA does: one by one, over connections that are kept, and again after a while if one was not
//! accepted.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::wire::Wire;

/// WAHA's default.
const REPEAT_AFTER: Duration = Duration::from_secs(2);
const REPEATS_MAX: u32 = 15;
/// The real WAHA waits forever, but a load test must end.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// The wait after a failed connection: the daemon may be down for a moment.
const RECONNECT_AFTER: Duration = Duration::from_millis(20);

/// What to post, and how fast.
pub(crate) struct Volley {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Vec<Vec<u8>>,
    pub(crate) connections: usize,
    /// Per second, however long the answers take; `None`: the next as soon as a connection is free.
    pub(crate) rate: Option<f64>,
}

/// The outcome of one webhook.
#[derive(Clone)]
pub(crate) struct Shot {
    pub(crate) message: usize,
    /// When it should have been sent. Latencies count from here.
    pub(crate) intended: Instant,
    /// When it was first sent.
    pub(crate) sent: Instant,
    /// When it was accepted; `None` if it never was.
    pub(crate) taken: Option<Instant>,
    /// How often posting it failed before that.
    pub(crate) failures: u32,
}

/// A webhook to post, and when; `None`: at once.
enum Due {
    First(usize, Option<Instant>),
    Again(Shot),
}

struct Posting {
    volley: Volley,
    queue: Mutex<mpsc::UnboundedReceiver<Due>>,
    again: mpsc::UnboundedSender<Due>,
    shots: RefCell<Vec<Shot>>,
    left: Cell<usize>,
    finished: CancellationToken,
}

impl Volley {
    /// Posts all webhooks. Blocks this thread until each was accepted or given up on.
    pub(crate) fn fire(self) -> std::io::Result<Vec<Shot>> {
        let (to_queue, queue) = mpsc::unbounded_channel();
        let left = self.requests.len();
        feed(to_queue.clone(), left, self.rate)?;
        let posting = Rc::new(Posting {
            shots: RefCell::new(Vec::with_capacity(left)),
            queue: Mutex::new(queue),
            again: to_queue,
            left: Cell::new(left),
            finished: CancellationToken::new(),
            volley: self,
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        LocalSet::new().block_on(&runtime, async {
            for _ in 0..posting.volley.connections.max(1) {
                spawn_local(posting.clone().connection());
            }
            if left > 0 {
                posting.finished.cancelled().await;
            }
        });
        Ok(posting.shots.take())
    }
}

/// Puts the messages into the queue, all at once or each when it is due. It sleeps on its own thread, because the
/// runtime's timer only has milliseconds.
fn feed(
    queue: mpsc::UnboundedSender<Due>,
    messages: usize,
    rate: Option<f64>,
) -> std::io::Result<()> {
    let Some(rate) = rate else {
        (0..messages).for_each(|message| drop(queue.send(Due::First(message, None))));
        return Ok(());
    };
    let start = Instant::now();
    std::thread::Builder::new()
        .name("clock".into())
        .spawn(move || {
            for message in 0..messages {
                let due = start + Duration::from_secs_f64(message as f64 / rate);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if queue.send(Due::First(message, Some(due))).is_err() {
                    return;
                }
            }
        })?;
    Ok(())
}

impl Posting {
    async fn connection(self: Rc<Self>) {
        let mut wire = None;
        loop {
            let due = self.queue.lock().await.recv().await;
            let shot = match due {
                Some(Due::First(message, due)) => {
                    let sent = Instant::now();
                    Shot {
                        message,
                        intended: due.unwrap_or(sent),
                        sent,
                        taken: None,
                        failures: 0,
                    }
                }
                Some(Due::Again(shot)) => shot,
                None => return,
            };
            match timeout(ANSWER_PATIENCE, self.post(&mut wire, shot.message)).await {
                Ok(Ok(200..300)) => self.done(Shot {
                    taken: Some(Instant::now()),
                    ..shot
                }),
                Ok(Ok(_)) => self.failed(shot),
                Ok(Err(_)) | Err(_) => {
                    wire = None;
                    self.failed(shot);
                    sleep(RECONNECT_AFTER).await;
                }
            }
        }
    }

    /// Returns the status of the answer. If a kept connection turns out to be closed, a new one is used, as HTTP clients do.
    async fn post(&self, wire: &mut Option<Wire>, message: usize) -> std::io::Result<u16> {
        loop {
            let kept = wire.is_some();
            let connection = match wire {
                Some(connection) => connection,
                None => wire.insert(Wire::new(TcpStream::connect(self.volley.address).await?)?),
            };
            let exchanged = match connection.write(&self.volley.requests[message]).await {
                Ok(()) => connection.read().await,
                Err(error) => Err(error),
            };
            match exchanged {
                Ok(Some(answer)) => {
                    if answer.last {
                        *wire = None;
                    }
                    return answer.status();
                }
                Ok(None) | Err(_) if kept => *wire = None,
                Ok(None) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                Err(error) => return Err(error),
            }
        }
    }

    fn failed(self: &Rc<Self>, mut shot: Shot) {
        shot.failures += 1;
        if shot.failures > REPEATS_MAX {
            return self.done(shot);
        }
        let again = self.again.clone();
        spawn_local(async move {
            sleep(REPEAT_AFTER).await;
            let _ = again.send(Due::Again(shot));
        });
    }

    fn done(&self, shot: Shot) {
        self.shots.borrow_mut().push(shot);
        self.left.set(self.left.get() - 1);
        if self.left.get() == 0 {
            self.finished.cancel();
        }
    }
}
