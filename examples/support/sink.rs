//! A minimal WAHA for load tests: it takes every text at once (or after a delay), and keeps only which message it answers
//! and when it came in. `fake_waha.rs` imitates the real WAHA.

use std::borrow::Cow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};

use super::traffic::{BYSTANDER, Traffic};
use super::wire::{Message, Wire};

/// More wrong texts than these say nothing new.
const WRONG_MAX: usize = 1_000;

/// What came in.
#[derive(Clone, Default)]
pub(crate) struct Log {
    /// When each message was first answered, in order of arrival.
    pub(crate) answers: Vec<(usize, Instant)>,
    /// When each message was first answered, by message.
    pub(crate) answered_at: Vec<Option<Instant>>,
    /// More answers to a message that was answered already.
    pub(crate) doubled: Vec<(usize, Instant)>,
    /// Texts that answer none of our messages, or that went to the wrong chat: the first thousand.
    pub(crate) wrong: Vec<String>,
}

struct Shared {
    traffic: Arc<Traffic>,
    delay: Duration,
    log: Mutex<Log>,
    changed: Condvar,
}

/// See the module documentation.
pub(crate) struct Sink {
    url: String,
    shared: Arc<Shared>,
}

impl Sink {
    /// Starts on a free port, on its own thread; takes `delay` for each text.
    pub(crate) fn start(traffic: Arc<Traffic>, delay: Duration) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let log = Log {
            answered_at: vec![None; traffic.messages()],
            ..Log::default()
        };
        let shared = Arc::new(Shared {
            traffic,
            delay,
            log: Mutex::new(log),
            changed: Condvar::new(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serving = shared.clone();
        std::thread::Builder::new()
            .name("sink".into())
            .spawn(move || {
                runtime.block_on(async move {
                    let Ok(listener) = TcpListener::from_std(listener) else {
                        return;
                    };
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(connection(serving.clone(), stream));
                    }
                });
            })?;
        Ok(Self { url, shared })
    }

    /// What `WAHA_URL` should be.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What came in so far.
    pub(crate) fn log(&self) -> Log {
        self.shared.lock().clone()
    }

    /// Waits until a message is answered. `None` if that takes longer than `patience`.
    #[allow(dead_code, reason = "for the hostile load only")]
    pub(crate) fn answered_at(&self, message: usize, patience: Duration) -> Option<Instant> {
        let deadline = Instant::now() + patience;
        let mut log = self.shared.lock();
        while log.answered_at[message].is_none() && Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            let waited = self.shared.changed.wait_timeout(log, left);
            log = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        log.answered_at[message]
    }

    /// Waits until this many messages were answered, or until nothing came in for `quiet`.
    pub(crate) fn wait_for(&self, answered: usize, quiet: Duration) {
        let mut log = self.shared.lock();
        while log.answers.len() < answered {
            let waited = self
                .shared
                .changed
                .wait_timeout(log, quiet)
                .unwrap_or_else(PoisonError::into_inner);
            log = waited.0;
            if waited.1.timed_out() {
                return;
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, chat: &str, text: &str, at: Instant) {
        let mut log = self.lock();
        match self.traffic.answered(chat, text) {
            Some(message) if log.answered_at[message].is_none() => {
                log.answered_at[message] = Some(at);
                log.answers.push((message, at));
            }
            Some(message) => log.doubled.push((message, at)),
            None if chat.starts_with(BYSTANDER) => {}
            None if log.wrong.len() < WRONG_MAX => log.wrong.push(format!("to {chat}: {text}")),
            None => {}
        }
        drop(log);
        self.changed.notify_all();
    }
}

#[derive(Deserialize)]
struct SendText<'a> {
    #[serde(rename = "chatId", borrow)]
    chat: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) -> std::io::Result<()> {
    let mut wire = Wire::new(stream)?;
    while let Some(request) = wire.read().await? {
        let at = Instant::now();
        let (status, body) = answer(&shared, &request, at).await;
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        wire.write(&[head.as_bytes(), body.as_bytes()].concat())
            .await?;
        if request.last {
            break;
        }
    }
    Ok(())
}

async fn answer(shared: &Shared, request: &Message, at: Instant) -> (&'static str, String) {
    // waha-sm asks so to find out whether we are WAHA.
    if request.first_line.starts_with(b"GET /api/sessions?") {
        return ("200 OK", "[]".to_owned());
    }
    if !request.first_line.starts_with(b"POST /api/sendText ") {
        return (
            "404 Not Found",
            r#"{"statusCode":404,"message":"Not Found"}"#.to_owned(),
        );
    }
    let Ok(SendText { chat, text }) = serde_json::from_slice(&request.body) else {
        return (
            "400 Bad Request",
            r#"{"statusCode":400,"message":"Bad Request"}"#.to_owned(),
        );
    };
    if !shared.delay.is_zero() {
        tokio::time::sleep(shared.delay).await;
    }
    shared.take(&chat, &text, at);
    let id = fastrand::u64(..);
    (
        "201 Created",
        format!(r#"{{"id":"true_{chat}_3EB0{id:016X}"}}"#),
    )
}
