//! A WAHA that never leaves this machine: takes what waha-sm sends, answers as WAHA does, and can misbehave.
//!
//! It runs on a thread of its own, so that whoever uses it needs no runtime.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

/// One request that came in.
#[derive(Clone, Debug)]
pub struct Call {
    /// `POST` or `GET`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The JSON body, or null.
    pub body: Value,
    /// When it came in.
    pub at: Instant,
    /// The status it was answered with; 0: it was not answered.
    pub status: u16,
}

/// A text that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The session.
    pub session: String,
    /// The chat.
    pub chat: String,
    /// What the customer reads.
    pub text: String,
    /// The id it was given.
    pub stanza: String,
}

/// Whose answers to imitate; each engine has its own shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Gows,
    Noweb,
    Webjs,
    /// Says 201 and nothing else.
    Silent,
}

/// How to answer sendText.
#[derive(Clone, Debug)]
pub enum Mood {
    /// As a healthy WAHA.
    Well,
    /// With this status, body and headers, taking nothing.
    Answers(u16, String, Vec<(&'static str, String)>),
    /// The session is not WORKING.
    SessionIs(&'static str),
    /// Closes the connection without an answer, taking nothing.
    HangsUp,
    /// Takes the text and closes the connection without an answer.
    TakesAndHangsUp,
}

struct State {
    engine: Engine,
    mood: Mood,
    /// Applies to these chats only, before `mood`.
    moods: HashMap<String, Mood>,
    delay: Duration,
    calls: Vec<Call>,
    sent: Vec<Sent>,
    under_way: HashMap<String, usize>,
    overlaps: usize,
    connections: usize,
}

struct Shared {
    key: String,
    state: Mutex<State>,
    changed: Condvar,
}

/// See the module.
pub struct FakeWaha {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl FakeWaha {
    /// Starts on a free port of 127.0.0.1, or on the given one; `key` is demanded as `X-Api-Key`.
    pub fn start(port: u16, key: &str) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = State {
            engine: Engine::Gows,
            mood: Mood::Well,
            moods: HashMap::new(),
            delay: Duration::ZERO,
            calls: Vec::new(),
            sent: Vec::new(),
            under_way: HashMap::new(),
            overlaps: 0,
            connections: 0,
        };
        let shared = Arc::new(Shared {
            key: key.to_owned(),
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serving = shared.clone();
        std::thread::Builder::new()
            .name("fake-waha".into())
            .spawn(move || {
                runtime.block_on(async move {
                    let Ok(listener) = TcpListener::from_std(listener) else {
                        return;
                    };
                    while let Ok((stream, _)) = listener.accept().await {
                        serving.lock().connections += 1;
                        tokio::spawn(connection(serving.clone(), stream));
                    }
                });
            })?;
        Ok(Self { address, shared })
    }

    /// What `WAHA_URL` should be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every text taken so far, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.lock().sent.clone()
    }

    /// The texts that one chat got so far, in order.
    pub fn texts(&self, chat: &str) -> Vec<String> {
        self.shared
            .lock()
            .sent
            .iter()
            .filter(|sent| sent.chat == chat)
            .map(|sent| sent.text.clone())
            .collect()
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// How often two requests to send to one chat were under way at once: never, if order is kept.
    pub fn overlaps(&self) -> usize {
        self.shared.lock().overlaps
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// Imitates this engine from now on.
    pub fn imitate(&self, engine: Engine) {
        self.shared.lock().engine = engine;
    }

    /// Answers so from now on.
    pub fn feel(&self, mood: Mood) {
        self.shared.lock().mood = mood;
    }

    /// Answers so for one chat from now on.
    pub fn feel_about(&self, chat: &str, mood: Mood) {
        self.shared.lock().moods.insert(chat.to_owned(), mood);
    }

    /// Takes so long for a sendText from now on.
    pub fn delay(&self, delay: Duration) {
        self.shared.lock().delay = delay;
    }

    /// Waits until what was sent satisfies `condition`; `None` if that took longer than `patience`.
    pub fn wait_for<T>(
        &self,
        patience: Duration,
        mut condition: impl FnMut(&[Sent], &[Call]) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut state = self.shared.lock();
        loop {
            if let Some(found) = condition(&state.sent, &state.calls) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A user's condition that panicked must not hide what really went wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { answer(&shared, request).await }
    });
    // An error here is a connection that somebody closed, as HangsUp does.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An error closes the connection without an answer.
#[derive(Debug)]
struct HangUp;

impl std::fmt::Display for HangUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up on purpose")
    }
}

impl std::error::Error for HangUp {}

async fn answer(
    shared: &Shared,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, HangUp> {
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let allowed = head
        .headers
        .get("x-api-key")
        .is_some_and(|key| key.as_bytes() == shared.key.as_bytes());
    let bytes = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let chat = body["chatId"].as_str().unwrap_or_default().to_owned();
    let sends = path == "/api/sendText";
    if sends {
        let delay = {
            let mut state = shared.lock();
            let under_way = state.under_way.entry(chat.clone()).or_default();
            *under_way += 1;
            let overlap = *under_way > 1;
            state.overlaps += usize::from(overlap);
            state.delay
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }
    let answer = {
        let mut state = shared.lock();
        let answer = state.answer(head.method.as_str(), &path, &chat, &body, allowed);
        if sends && let Some(under_way) = state.under_way.get_mut(&chat) {
            *under_way -= 1;
        }
        let status = answer.as_ref().map_or(0, |(status, ..)| *status);
        state.calls.push(Call {
            method: head.method.to_string(),
            path,
            body,
            at,
            status,
        });
        answer
    };
    shared.changed.notify_all();
    let (status, text, headers) = answer.ok_or(HangUp)?;
    let mut response = Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Full::from(text)).map_err(|_| HangUp)
}

type Answer = Option<(u16, String, Vec<(&'static str, String)>)>;

impl State {
    fn answer(
        &mut self,
        method: &str,
        path: &str,
        chat: &str,
        body: &Value,
        allowed: bool,
    ) -> Answer {
        let say = |status: u16, body: Value| Some((status, body.to_string(), Vec::new()));
        if path == "/ping" {
            return say(200, json!({"message": "pong"}));
        }
        if !allowed {
            return say(401, json!({"message": "Unauthorized", "statusCode": 401}));
        }
        match (method, path) {
            ("POST", "/api/sendText") => self.send_text(chat, body),
            ("POST", "/api/sendSeen" | "/api/startTyping" | "/api/stopTyping") => {
                say(201, json!({"result": true}))
            }
            ("GET", _) if path.starts_with("/api/sessions/") => {
                let name = path.trim_start_matches("/api/sessions/");
                let status = if let Mood::SessionIs(status) = self.mood {
                    status
                } else {
                    "WORKING"
                };
                say(
                    200,
                    json!({"name": name, "status": status, "config": {}, "me": null}),
                )
            }
            _ => say(
                404,
                json!({"message": format!("Cannot {method} {path}"), "error": "Not Found", "statusCode": 404}),
            ),
        }
    }

    fn send_text(&mut self, chat: &str, body: &Value) -> Answer {
        match self.moods.get(chat).unwrap_or(&self.mood).clone() {
            Mood::Well => {
                let stanza = self.take(chat, body);
                let status = 201;
                let text = match self.engine {
                    Engine::Gows => json!({"id": format!("true_{chat}_{stanza}"), "_data": {}}).to_string(),
                    Engine::Noweb => json!({
                        "key": {"remoteJid": chat.replace("@c.us", "@s.whatsapp.net"), "fromMe": true, "id": stanza},
                        "message": {"extendedTextMessage": {"text": body["text"]}}, "status": "PENDING",
                    })
                    .to_string(),
                    Engine::Webjs => json!({
                        "id": {"fromMe": true, "remote": chat, "id": stanza, "_serialized": format!("true_{chat}_{stanza}")},
                        "ack": 0,
                    })
                    .to_string(),
                    Engine::Silent => String::new(),
                };
                Some((status, text, Vec::new()))
            }
            Mood::Answers(status, text, headers) => Some((status, text, headers)),
            Mood::SessionIs(status) => Some((
                422,
                json!({
                    "error": "Session status is not as expected. Try again later or restart the session",
                    "session": body["session"], "status": status, "expected": ["WORKING"],
                })
                .to_string(),
                Vec::new(),
            )),
            Mood::HangsUp => None,
            Mood::TakesAndHangsUp => {
                self.take(chat, body);
                None
            }
        }
    }

    fn take(&mut self, chat: &str, body: &Value) -> String {
        let stanza = format!("3EB0FA4E{:012X}", self.sent.len());
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        self.sent.push(Sent {
            session: text("session"),
            chat: chat.to_owned(),
            text: text("text"),
            stanza: stanza.clone(),
        });
        stanza
    }
}
