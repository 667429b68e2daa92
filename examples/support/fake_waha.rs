//! A fake WAHA that sends nothing to WhatsApp: it takes what waha-sm sends, answers as WAHA does, remembers every message,
//! and can misbehave.
//!
//! It runs on its own thread, so that its caller needs no runtime.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

pub use behaviour::Behaviour;
pub use echoes::Echo;
pub use engine::Engine;
pub use files::Served;
pub use media::{Media, SendAs};
use server::Server;
pub use sessions::Scan;
use sessions::Sessions;
use state::State;

#[path = "fake_waha/behaviour.rs"]
mod behaviour;
#[path = "fake_waha/echoes.rs"]
mod echoes;
#[path = "fake_waha/engine.rs"]
mod engine;
#[path = "fake_waha/files.rs"]
mod files;
#[path = "fake_waha/lists.rs"]
mod lists;
#[path = "fake_waha/media.rs"]
mod media;
#[path = "fake_waha/messages.rs"]
mod messages;
#[path = "fake_waha/picture.rs"]
mod picture;
#[path = "fake_waha/server.rs"]
mod server;
#[path = "fake_waha/sessions.rs"]
mod sessions;
#[path = "fake_waha/state.rs"]
mod state;

/// One request that came in.
#[derive(Clone, Debug)]
pub struct Call {
    /// `POST` or `GET`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Not decoded: `limit=10&filter.fromMe=false`.
    pub query: String,
    /// The JSON body, or null.
    pub body: Value,
    /// When it came in.
    pub at: Instant,
    /// The status it was answered with; 0: it was not answered.
    pub status: u16,
}

/// A message that WAHA took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The session.
    pub session: String,
    /// The chat.
    pub chat: String,
    /// The text that the customer reads; the caption if it is media.
    pub text: String,
    /// The file, if it has one.
    pub media: Option<Media>,
    /// Its message id.
    pub message_id: String,
    /// When it was taken.
    pub at: Instant,
    /// How WAHA behaved when it took it: [`Behaviour::name`].
    pub behaviour: &'static str,
}

/// An answer, in JSON unless its headers name another type; `None` closes the connection without one.
type Answer = Option<(u16, Bytes, Vec<(&'static str, String)>)>;

fn say(status: u16, body: &Value) -> Answer {
    Some((status, body.to_string().into(), Vec::new()))
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// See the module documentation.
pub struct FakeWaha {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Server,
}

impl FakeWaha {
    /// Starts on the given port of 127.0.0.1, or on a free one if it is 0. Requests must have `key` as `X-Api-Key`.
    pub fn start(port: u16, key: &str) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(key)),
            changed: Condvar::new(),
        });
        let server = Server::start(listener, shared.clone())?;
        Ok(Self {
            address,
            shared,
            server,
        })
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

    /// Every call so far, in order of their answers.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// How often two requests to send to one chat were in flight at once: never, if order is kept.
    pub fn overlaps(&self) -> usize {
        self.shared.lock().overlaps
    }

    /// How many texts for this chat came in and are not answered yet.
    pub fn under_way(&self, chat: &str) -> usize {
        let state = self.shared.lock();
        state.under_way.get(chat).copied().unwrap_or_default()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// Imitates this engine from now on.
    pub fn imitate(&self, engine: Engine) {
        self.shared.lock().engine = engine;
    }

    /// Requests must have this key from now on.
    pub fn change_key(&self, key: &str) {
        self.shared.lock().key = key.to_owned();
    }

    /// The key is only for this session from now on: anything else is forbidden. `None`: for all.
    pub fn limit_key_to(&self, session: Option<&str>) {
        self.shared.lock().key_is_for = session.map(str::to_owned);
    }

    /// Behaves like this from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.lock().behaviour = behaviour;
    }

    /// Behaves like this for one chat from now on.
    pub fn behave_for(&self, chat: &str, behaviour: Behaviour) {
        self.shared
            .lock()
            .behaviours
            .insert(chat.to_owned(), behaviour);
    }

    /// Answers well from now on, for every chat.
    pub fn behave_well(&self) {
        let mut state = self.shared.lock();
        state.behaviour = Behaviour::Well;
        state.behaviours.clear();
    }

    /// The seed for [`Behaviour::Sometimes`] from now on.
    pub fn seed(&self, seed: u64) {
        self.shared.lock().chance = fastrand::Rng::with_seed(seed);
    }

    /// Delays each sendText by this time from now on.
    pub fn delay(&self, delay: Duration) {
        self.shared.lock().delay = delay;
    }

    /// Whether chats and messages can't be listed from now on. This is NOWEB without its store: it answers 400, wants to know
    /// which messages to mark as seen, and can't read edits. The others answer 501.
    pub fn cannot_list(&self, cannot: bool) {
        self.shared.lock().cannot_list = cannot;
    }

    /// Whether requests for the messages of this chat get a 500 from now on.
    pub fn cannot_list_chat(&self, chat: &str, cannot: bool) {
        let lists = &mut self.shared.lock().failing_lists;
        if cannot {
            lists.insert(chat.to_owned());
        } else {
            lists.remove(chat);
        }
    }

    /// How long GOWS looks for a message that it doesn't have (the real one: 3.2 s), and why each of its attempts then
    /// fails: "not found", or something that leaves the question open.
    pub fn searches(&self, takes: Duration, reason: &str) {
        let mut state = self.shared.lock();
        state.search_takes = takes;
        state.search_fails = reason.to_owned();
    }

    /// The serialised ids of the messages that were marked as seen in this chat, in order.
    pub fn seen(&self, chat: &str) -> Vec<String> {
        let state = self.shared.lock();
        state.seen.get(chat).cloned().unwrap_or_default()
    }

    /// Answers each request to mark messages as seen like this from now on; `None`: well.
    pub fn refuse_seen(&self, answer: Option<(u16, Value)>) {
        self.shared.lock().refuses_seen = answer;
    }

    /// Until [`FakeWaha::come_back`], closes every connection and refuses new ones.
    pub fn go_away(&self) {
        self.server.close();
    }

    /// Listens again on the same address.
    pub fn come_back(&self) -> std::io::Result<()> {
        self.server.listen(self.address)
    }

    /// A customer writes: stores the message, and returns its `message` event. The caller posts the event, or loses it.
    pub fn customer_writes(&self, session: &str, chat: &str, name: &str, text: &str) -> Value {
        self.shared
            .lock()
            .customer_writes(session, chat, name, text)
    }

    /// As [`FakeWaha::customer_writes`], for a message that can't be read at first: its placeholder, and then the message
    /// itself under the same id.
    pub fn customer_writes_unreadably(
        &self,
        session: &str,
        chat: &str,
        name: &str,
        text: &str,
    ) -> [Value; 2] {
        let mut state = self.shared.lock();
        state.customer_writes_unreadably(session, chat, name, text)
    }

    /// As [`FakeWaha::customer_writes`], for a photo. If it was not downloaded, its media says why and has no address.
    pub fn customer_sends_photo(
        &self,
        session: &str,
        chat: &str,
        name: &str,
        caption: &str,
        downloaded: bool,
    ) -> Value {
        let mut state = self.shared.lock();
        state.customer_sends_photo(session, chat, name, caption, downloaded)
    }

    /// As [`FakeWaha::customer_writes`], for a file of this type that is served like this.
    pub fn customer_sends_file(
        &self,
        session: &str,
        chat: &str,
        name: &str,
        (sent_as, mimetype, filename): (SendAs, &str, Option<&str>),
        served: Served,
    ) -> Value {
        let media = Media::from_customer(sent_as, mimetype, filename);
        let mut state = self.shared.lock();
        state.customer_sends_file(session, chat, name, media, served)
    }

    /// Serves this below `/api/files/{session}/` from now on.
    pub fn serve_file(&self, session: &str, name: &str, file: Served) {
        self.shared.lock().files.put(session, name, file);
    }

    /// Deletes all files, as WAHA does after 180 s (`WHATSAPP_FILES_LIFETIME`).
    pub fn delete_files(&self) {
        self.shared.lock().files.delete_all();
    }

    /// Posts each change of a session to `url` (a daemon's, without a path) as `session.status` from now on, signed with
    /// `secret`; again every 2 s until it is accepted.
    pub fn post_statuses_to(&self, url: &str, secret: &str) {
        let target = echoes::Echoes::new(url, secret, Echo::After);
        self.shared.lock().statuses = Some(target);
    }

    /// How long a session needs to stop (the real one: 3 s).
    pub fn stopping_takes(&self, time: Duration) {
        self.shared.lock().sessions.stop_takes = time;
    }

    /// Sets the status of a session, and posts it.
    pub fn session_becomes(&self, session: &str, status: &'static str) {
        self.change(|sessions, engine| Some(sessions.set(session, status, engine)));
    }

    /// The session has lost its pairing, or its QR code is over: a new code comes.
    pub fn wait_for_phone(&self, session: &str) {
        self.change(|sessions, engine| Some(sessions.wait_for_phone(session, engine)));
    }

    /// A phone scans the QR code of a session, or somebody types its code. Returns whether the session waited for that.
    pub fn phone_scans(&self, session: &str, scan: Scan) -> bool {
        let scanned = self.change(|sessions, engine| sessions.scan(session, engine));
        if scanned && scan == Scan::Pairs {
            self.change(|sessions, engine| Some(sessions.pair(session, engine)));
        }
        scanned
    }

    /// Changes a session and posts the event, if there is one; waits until the daemon has answered.
    fn change(&self, change: impl FnOnce(&mut Sessions, Engine) -> Option<Value>) -> bool {
        let (event, statuses) = {
            let mut state = self.shared.lock();
            let engine = state.engine;
            (change(&mut state.sessions, engine), state.statuses.clone())
        };
        self.shared.changed.notify_all();
        if let (Some(event), Some(statuses)) = (&event, statuses) {
            statuses.post_here(event);
        }
        event.is_some()
    }

    /// A customer edits a message (by its id, serialised or bare): the `message.edited` event; `None` if there is no such
    /// message.
    pub fn customer_edits(
        &self,
        session: &str,
        chat: &str,
        message_id: &str,
        text: &str,
    ) -> Option<Value> {
        let mut state = self.shared.lock();
        state.customer_edits(session, chat, message_id, text)
    }

    /// Moves all messages until now into the past.
    pub fn time_goes_by(&self, time: Duration) {
        let time_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.shared.lock().messages.time_goes_by(time_ms);
    }

    /// Its environment variables: it was started with them just now, and tells them.
    pub fn has_environment(&self, variables: Value) {
        let mut state = self.shared.lock();
        state.environment = Some(variables);
        state.started_ms = state::now_ms();
    }

    /// The configuration of its sessions.
    pub fn has_session_config(&self, config: Value) {
        self.shared.lock().session_config = config;
    }

    /// Which version it says it is.
    pub fn has_version(&self, version: &'static str) {
        self.shared.lock().version = version;
    }

    /// How far its clock is ahead, in seconds.
    pub fn clock_is_ahead(&self, seconds: i64) {
        self.shared.lock().clock_ahead = seconds;
    }

    /// Sets the number behind a `...@lid`.
    pub fn teach_lid(&self, lid: &str, chat: &str) {
        self.shared.lock().messages.teach_lid(lid, chat);
    }

    /// Posts each text that it takes to `url` (a daemon's, without a path) as `message.any` from now on, signed with
    /// `secret`; again every 2 s until it is accepted.
    pub fn echo_to(&self, url: &str, secret: &str, when: Echo) {
        self.shared.lock().echoes = Some(echoes::Echoes::new(url, secret, when));
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

/// The same message as `message.any`, for subscribers of both. NOWEB and GOWS give both the same envelope id.
pub fn as_message_any(event: &Value) -> Value {
    let mut any = event.clone();
    any["event"] = "message.any".into();
    let native = matches!(
        any["environment"]["engine"].as_str(),
        Some("NOWEB" | "GOWS")
    );
    if let (Some(id), false) = (event["id"].as_str(), native) {
        any["id"] = format!("{id}a").into();
    }
    any
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // If a caller's condition panicked, that must not hide what really went wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
