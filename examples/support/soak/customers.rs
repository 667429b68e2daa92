//! The customers of a soak, and the WAHA that posts what they write: each message at its time, under one event
//! name or two, once or twice, and again until it is accepted.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{sleep, sleep_until, timeout};

use crate::fake_waha::{FakeWaha, as_message_any};
use crate::wire::Wire;

/// WAHA's default, but the real WAHA gives up after fifteen tries.
const REPEAT_AFTER: Duration = Duration::from_secs(2);
/// The real WAHA waits forever.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// The chance that the next message follows at once from the same customer.
const BURST: f64 = 0.3;
/// The chance that WAHA loses our answer, and repeats an event that we accepted.
const ANSWER_LOST: f64 = 0.02;

/// How many customers write, how often and to whom.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) chats: usize,
    pub(crate) rate: f64,
    pub(crate) seed: u64,
    pub(crate) address: SocketAddr,
    pub(crate) secret: &'static str,
}

/// One message, and its deliveries to us.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) session: &'static str,
    pub(crate) chat: String,
    pub(crate) text: String,
    pub(crate) message_id: String,
    /// When it was first posted.
    pub(crate) posted: Instant,
    /// When it was first answered with 200.
    pub(crate) received: Option<Instant>,
    /// How often it was posted, with all repeats.
    pub(crate) posts: u32,
    /// How many of the posts failed.
    pub(crate) failures: u32,
    /// Deliveries that are not answered with 200 yet.
    open: u32,
}

impl Written {
    /// Whether every delivery was accepted.
    pub(crate) fn is_settled(&self) -> bool {
        self.open == 0
    }
}

/// The session and chat id of a customer.
pub(crate) fn customer(number: usize) -> (&'static str, String) {
    let session = if number.is_multiple_of(2) {
        "default"
    } else {
        "second"
    };
    // Not 5511900000000, which is the number that they write to.
    (session, format!("5511{:09}@c.us", 980_000_000 + number))
}

/// The sessions that customers write to.
pub(crate) const SESSIONS: [&str; 2] = ["default", "second"];

/// The number of a message, from its text or from the text of its reply.
pub(crate) fn number(text: &str) -> Option<usize> {
    text.strip_suffix(']')?.rsplit('[').next()?.parse().ok()
}

/// See the module documentation.
pub(crate) struct Customers {
    ledger: Arc<Ledger>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Ledger {
    written: Mutex<Vec<Written>>,
    /// Nobody writes any more; messages are still delivered.
    quiet: AtomicBool,
    /// Nothing is delivered any more.
    over: AtomicBool,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Vec<Written>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Customers {
    /// Begins at once, on its own thread.
    pub(crate) fn start(plan: Plan, waha: Arc<FakeWaha>) -> std::io::Result<Self> {
        let ledger = Arc::new(Ledger::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let ours = ledger.clone();
        let thread = std::thread::Builder::new()
            .name("customers".into())
            .spawn(move || runtime.block_on(write(plan, waha, ours)))?;
        Ok(Self { ledger, thread })
    }

    /// The customers stop writing.
    pub(crate) fn fall_silent(&self) {
        self.ledger.quiet.store(true, Ordering::Relaxed);
    }

    /// What was written so far.
    pub(crate) fn written(&self) -> Vec<Written> {
        self.ledger.lock().clone()
    }

    /// Whether every delivery was accepted.
    pub(crate) fn all_settled(&self) -> bool {
        self.ledger.lock().iter().all(Written::is_settled)
    }

    /// Ends all deliveries. Returns what was written.
    pub(crate) fn end(self) -> Vec<Written> {
        self.ledger.over.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        let written = self.ledger.lock();
        written.clone()
    }
}

/// Where and how deliveries are made.
struct Post {
    plan: Plan,
    ledger: Arc<Ledger>,
    /// Connections that are not in use.
    idle: Mutex<Vec<Wire>>,
}

async fn write(plan: Plan, waha: Arc<FakeWaha>, ledger: Arc<Ledger>) {
    let mut chance = fastrand::Rng::with_seed(plan.seed);
    let post = Arc::new(Post {
        plan,
        ledger,
        idle: Mutex::default(),
    });
    let start = tokio::time::Instant::now();
    let mut who = 0;
    for message in 0.. {
        let due = Duration::from_secs_f64(f64::from(message) / post.plan.rate);
        sleep_until(start + due).await;
        if post.ledger.quiet.load(Ordering::Relaxed) {
            break;
        }
        if chance.f64() >= BURST {
            who = chance.usize(..post.plan.chats);
        }
        let (session, chat) = customer(who);
        let text = format!("Could you tell me when my parcel will arrive? [{message}]");
        let event = waha.customer_writes(session, &chat, "Ana Lima", &text);
        let deliveries = deliveries(&event, &mut chance);
        let id = event["payload"]["id"].as_str().unwrap_or_default();
        post.ledger.lock().push(Written {
            session,
            chat,
            text,
            message_id: id.rsplit('_').next().unwrap_or_default().to_owned(),
            posted: Instant::now(),
            received: None,
            posts: 0,
            failures: 0,
            open: deliveries.len() as u32,
        });
        for (after, event) in deliveries {
            let answer_lost = chance.f64() < ANSWER_LOST;
            tokio::spawn(
                post.clone()
                    .deliver(message as usize, event, after, answer_lost),
            );
        }
    }
    while !post.ledger.over.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(20)).await;
    }
}

/// Under which event names, when and how often WAHA posts a message: it promises neither one name nor one post.
fn deliveries(event: &Value, chance: &mut fastrand::Rng) -> Vec<(Duration, Value)> {
    let any = as_message_any(event);
    let later = Duration::from_millis(chance.u64(..3_000));
    match chance.u32(..10) {
        0..5 => vec![(Duration::ZERO, event.clone())],
        5 => vec![(Duration::ZERO, any)],
        6 => vec![(Duration::ZERO, event.clone()), (Duration::ZERO, any)],
        7 => vec![(Duration::ZERO, any), (later, event.clone())],
        8 => vec![
            (Duration::ZERO, event.clone()),
            (Duration::ZERO, event.clone()),
        ],
        _ => vec![(Duration::ZERO, event.clone()), (later, event.clone())],
    }
}

impl Post {
    /// Posts until it is answered with 200.
    async fn deliver(
        self: Arc<Self>,
        message: usize,
        event: Value,
        after: Duration,
        mut answer_lost: bool,
    ) {
        let request = self.request(&event);
        sleep(after).await;
        loop {
            let answered = timeout(ANSWER_PATIENCE, self.post(&request, answer_lost)).await;
            let taken = matches!(answered, Ok(Ok(200..300)));
            {
                let mut written = self.ledger.lock();
                let written = &mut written[message];
                written.posts += 1;
                if taken {
                    written.open -= 1;
                    written.received.get_or_insert_with(Instant::now);
                    return;
                }
                written.failures += 1;
            }
            answer_lost = false;
            sleep(REPEAT_AFTER).await;
        }
    }

    fn request(&self, event: &Value) -> Vec<u8> {
        let body = event.to_string();
        let signature =
            waha_sm::waha::signature::sign(self.plan.secret.as_bytes(), body.as_bytes());
        format!(
            "POST /webhook HTTP/1.1\r\nHost: {}\r\nUser-Agent: waha-sm-soak\r\nContent-Type: application/json\r\n\
             X-Webhook-Hmac: {signature}\r\nX-Webhook-Hmac-Algorithm: sha512\r\nContent-Length: {}\r\n\r\n{body}",
            self.plan.address,
            body.len()
        )
        .into_bytes()
    }

    /// Returns the status of the answer. If a kept connection turns out to be closed, a new one is used, as HTTP clients do.
    async fn post(&self, request: &[u8], answer_lost: bool) -> std::io::Result<u16> {
        loop {
            let kept = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let was_kept = kept.is_some();
            let mut wire = match kept {
                Some(wire) => wire,
                None => Wire::new(TcpStream::connect(self.plan.address).await?)?,
            };
            let answer = match wire.write(request).await {
                Ok(()) => wire.read().await,
                Err(error) => Err(error),
            };
            match answer {
                // The event may have been accepted; the client can't know.
                Ok(Some(_)) if answer_lost => {
                    return Err(std::io::ErrorKind::ConnectionReset.into());
                }
                Ok(Some(answer)) => {
                    if !answer.last {
                        self.idle
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(wire);
                    }
                    return answer.status();
                }
                Ok(None) | Err(_) if was_kept => {}
                Ok(None) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                Err(error) => return Err(error),
            }
        }
    }
}
