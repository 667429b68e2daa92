//! The state and behaviour of the fake WAHA, and the answers that follow from them.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Value, json};

use super::echoes::Echoes;
use super::engine::Engine;
use super::files::{Files, Served};
use super::lists::{NO_STORE, Question, bad_request, not_implemented};
use super::media::{Media, SendAs, TOO_LARGE};
use super::messages::{Messages, Said};
use super::picture;
use super::sessions::{Change, Sessions};
use super::{Answer, Behaviour, Call, Sent, say};

/// Everything that can change.
pub(super) struct State {
    /// What requests must have as `X-Api-Key`.
    pub(super) key: String,
    /// If set, the key is only for this session.
    pub(super) key_is_for: Option<String>,
    pub(super) engine: Engine,
    pub(super) behaviour: Behaviour,
    /// The behaviours for single chats; other chats get `behaviour`.
    pub(super) behaviours: HashMap<String, Behaviour>,
    pub(super) chance: fastrand::Rng,
    pub(super) delay: Duration,
    pub(super) cannot_list: bool,
    /// How long GOWS looks for a message that it doesn't have, and why it does not find it.
    pub(super) search_takes: Duration,
    pub(super) search_fails: String,
    /// Per chat: the serialised ids of the messages that were marked as seen.
    pub(super) seen: HashMap<String, Vec<String>>,
    /// All requests to mark messages as seen get this status and body.
    pub(super) refuses_seen: Option<(u16, Value)>,
    /// Chats whose messages can't be listed.
    pub(super) failing_lists: HashSet<String>,
    pub(super) echoes: Option<Echoes>,
    /// Where the statuses of sessions are posted.
    pub(super) statuses: Option<Echoes>,
    pub(super) sessions: Sessions,
    pub(super) files: Files,
    pub(super) messages: Messages,
    /// When it was started.
    pub(super) started_ms: u64,
    /// Its environment variables; `None`: it does not tell them.
    pub(super) environment: Option<Value>,
    /// What the list of sessions says of the configuration of each.
    pub(super) session_config: Value,
    pub(super) version: &'static str,
    /// How far its clock is wrong, in seconds.
    pub(super) clock_ahead: i64,
    pub(super) calls: Vec<Call>,
    pub(super) sent: Vec<Sent>,
    pub(super) under_way: HashMap<String, usize>,
    pub(super) overlaps: usize,
    pub(super) connections: usize,
    /// The number in the last message id.
    last_id: u64,
}

/// A request, after reading it.
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Value,
    /// The types that it accepts.
    pub(super) accept: String,
    /// Bytes of the body.
    pub(super) size: usize,
    /// The key that it had.
    pub(super) key: Vec<u8>,
    pub(super) at: Instant,
}

impl Asked {
    /// The chat that a text or a file is for.
    pub(super) fn message_for(&self) -> Option<String> {
        let chat = self.body["chatId"].as_str().unwrap_or_default();
        let sends = self.path == "/api/sendText" || SendAs::by_path(&self.path).is_some();
        sends.then(|| chat.to_owned())
    }

    /// The session that it is about.
    fn session(&self) -> Option<&str> {
        let path = self.path.strip_prefix("/api/")?;
        let in_folder = ["sessions/", "files/"]
            .iter()
            .find_map(|folder| path.strip_prefix(folder));
        let in_path = match in_folder {
            Some(path) => path.split('/').next(),
            None => path.split_once('/').map(|(session, _)| session),
        };
        in_path.or_else(|| self.body["session"].as_str())
    }

    fn field(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

/// What a request causes.
pub(super) struct Reaction {
    pub(super) answer: Answer,
    /// How long the answer is held back.
    pub(super) hangs: Duration,
    /// The `message.any` of a message that was taken, and where it goes.
    pub(super) echo: Option<(Echoes, Value)>,
    /// What happens to the session from now on.
    pub(super) changes: Vec<Change>,
}

impl From<Answer> for Reaction {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            hangs: Duration::ZERO,
            echo: None,
            changes: Vec::new(),
        }
    }
}

impl State {
    pub(super) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            key_is_for: None,
            engine: Engine::Gows,
            behaviour: Behaviour::Well,
            behaviours: HashMap::new(),
            chance: fastrand::Rng::new(),
            delay: Duration::ZERO,
            cannot_list: false,
            search_takes: SEARCH_TAKES,
            search_fails: "not found".to_owned(),
            seen: HashMap::new(),
            refuses_seen: None,
            failing_lists: HashSet::new(),
            echoes: None,
            statuses: None,
            sessions: Sessions::default(),
            files: Files::default(),
            messages: Messages::default(),
            started_ms: now_ms(),
            environment: None,
            session_config: json!({}),
            version: "2026.7.1",
            clock_ahead: 0,
            calls: Vec::new(),
            sent: Vec::new(),
            under_way: HashMap::new(),
            overlaps: 0,
            connections: 0,
            last_id: 0,
        }
    }

    /// How a message for this chat is answered this time.
    pub(super) fn behaviour_for(&mut self, chat: &str) -> Behaviour {
        let behaviour = self.behaviours.get(chat).unwrap_or(&self.behaviour);
        behaviour.this_time(&mut self.chance)
    }

    /// Handles a request; `behaviour` counts only if it sends a message.
    pub(super) fn react(&mut self, asked: &Asked, behaviour: &Behaviour) -> Reaction {
        if asked.path == "/ping" {
            return say(200, &json!({"message": "pong"})).into();
        }
        if asked.key != self.key.as_bytes() {
            return say(401, &json!({"message": "Unauthorized", "statusCode": 401})).into();
        }
        if let Some(session) = &self.key_is_for
            && asked.session() != Some(session)
        {
            return say(403, &json!({"message": "Forbidden", "statusCode": 403})).into();
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/api/sendText") => self.send(asked, behaviour, None),
            ("POST", path) if SendAs::by_path(path).is_some() => {
                match Media::read(path, asked.size, &asked.body) {
                    Ok(media) => self.send(asked, behaviour, Some(media)),
                    Err(TOO_LARGE) => {
                        say(413, &json!({"message": TOO_LARGE, "statusCode": 413})).into()
                    }
                    Err(reason) => say(500, &failure(asked, reason)).into(),
                }
            }
            ("POST", "/api/sendSeen") => self.mark_as_seen(asked).into(),
            ("POST", "/api/startTyping" | "/api/stopTyping") => {
                say(201, &json!({"result": true})).into()
            }
            ("GET", path) if path.starts_with("/api/files/") => {
                self.files.answer(&path["/api/files/".len()..]).into()
            }
            ("POST", path) if path.starts_with("/api/sessions/") => {
                self.order(path).unwrap_or_else(|| nowhere(asked))
            }
            (_, path) if path.contains("/auth/") => {
                let answer = asked.session().map(str::to_owned);
                let answer = answer.and_then(|name| self.sessions.answer_auth(&name, asked));
                answer.map_or_else(|| nowhere(asked), Reaction::from)
            }
            ("GET", path) => self
                .answer_get(path, &asked.query)
                .unwrap_or_else(|| nowhere(asked)),
            _ => nowhere(asked),
        }
    }

    /// The answer to a GET request, if we have one.
    fn answer_get(&mut self, path: &str, query: &str) -> Option<Reaction> {
        let is_deleted = matches!(self.behaviour, Behaviour::SessionIsDeleted);
        let seen = |mut session: Value| {
            if let Behaviour::SessionIs(status) = self.behaviour {
                session["status"] = status.into();
                session["me"] = Value::Null;
            }
            session
        };
        if path == "/api/server/version" {
            let body = json!({"version": self.version, "engine": self.engine.name(), "tier": "PLUS", "browser": null});
            return Some(self.dated(say(200, &body)).into());
        }
        if path == "/api/server/status" {
            let body = json!({"startTimestamp": self.started_ms, "uptime": now_ms() - self.started_ms, "worker": {"id": null}});
            return Some(say(200, &body).into());
        }
        if path == "/api/server/environment" {
            return self
                .environment
                .as_ref()
                .map(|environment| say(200, environment).into());
        }
        if path == "/api/sessions" {
            let names = match is_deleted {
                true => Vec::new(),
                false => self.sessions.names(),
            };
            let config = self.session_config.clone();
            let configured = |mut session: Value| {
                session["config"] = config.clone();
                session
            };
            let sessions = names
                .iter()
                .map(|name| configured(seen(self.sessions.listed(name))));
            let sessions: Vec<Value> = sessions.collect();
            return Some(say(200, &sessions.into()).into());
        }
        if let Some(name) = path.strip_prefix("/api/sessions/") {
            return Some(match is_deleted {
                true => no_such_session().into(),
                false => say(200, &seen(self.sessions.alone(name, self.engine))).into(),
            });
        }
        if path.ends_with("/new-message-id") {
            return Some(if self.engine.is_native() {
                say(200, &json!({"id": self.new_id("1D")})).into()
            } else {
                not_implemented(self.engine).into()
            });
        }
        let question = Question::read(path, query)?;
        question.answer(self)
    }

    /// With the time that its clock shows.
    fn dated(&self, answer: Answer) -> Answer {
        let (status, body, mut headers) = answer?;
        let now = SystemTime::now();
        let apart = Duration::from_secs(self.clock_ahead.unsigned_abs());
        let shown = match self.clock_ahead < 0 {
            true => now - apart,
            false => now + apart,
        };
        headers.push(("date", httpdate::fmt_http_date(shown)));
        Some((status, body, headers))
    }

    /// Starts, stops, restarts or logs out a session, if `path` asks for that.
    fn order(&mut self, path: &str) -> Option<Reaction> {
        let (name, order) = path.strip_prefix("/api/sessions/")?.split_once('/')?;
        if matches!(self.behaviour, Behaviour::SessionIsDeleted) {
            return Some(no_such_session().into());
        }
        self.sessions.order(name, order, self.engine)
    }

    /// Whether this is NOWEB without its store: it remembers no messages.
    pub(super) fn lacks_store(&self) -> bool {
        self.cannot_list && self.engine == Engine::Noweb
    }

    /// Marks messages as seen: those that are named, else all of the chat that we know.
    fn mark_as_seen(&mut self, asked: &Asked) -> Answer {
        if let Some((status, body)) = &self.refuses_seen {
            return say(*status, body);
        }
        let chat = asked.field("chatId");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let named = asked.body["messageIds"].as_array();
        let mut ids: Vec<String> = named.into_iter().flatten().filter_map(text).collect();
        if let Some(id) = text(&asked.body["messageId"]).filter(|id| !ids.contains(id)) {
            ids.push(id);
        }
        // The engine needs the chat, which a bare id doesn't have.
        if ids.iter().any(|id| id.split('_').count() < 3) {
            let reason =
                "Cannot destructure property 'user' of 'jidDecode(...)' as it is undefined.";
            return say(500, &failure(asked, reason));
        }
        if ids.is_empty() && self.lacks_store() {
            return bad_request(NO_STORE);
        }
        let named = !ids.is_empty();
        if !named || !self.engine.is_native() {
            ids = self.messages.ids_of_customer(asked.field("session"), chat);
        }
        let seen = self.seen.entry(chat.to_owned()).or_default();
        seen.extend(ids.iter().cloned());
        match named {
            true => Some((201, Bytes::new(), Vec::new())),
            false => say(201, &json!({"ids": ids})),
        }
    }

    fn send(&mut self, asked: &Asked, behaviour: &Behaviour, media: Option<Media>) -> Reaction {
        let not_working = self.sessions.not_working(asked.field("session"));
        let not_working = not_working.map(Behaviour::SessionIs);
        let behaviour = not_working.as_ref().unwrap_or(behaviour);
        let said = behaviour
            .takes()
            .then(|| self.take(asked, behaviour, media));
        let answer = match (behaviour, &said) {
            (Behaviour::TakesAndHangsUp | Behaviour::HangsUp, _) => None,
            (Behaviour::Answers(status, text, headers), _) => {
                Some((*status, text.clone().into(), headers.clone()))
            }
            (Behaviour::SessionIs(status), _) => say(
                422,
                &json!({
                    "error": "Session status is not as expected. Try again later or restart the session",
                    "session": asked.body["session"], "status": status, "expected": ["WORKING"],
                }),
            ),
            (Behaviour::SessionIsDeleted, _) => {
                let session = asked.field("session");
                let error = format!("Session \"{session}\" does not exist");
                say(422, &json!({"error": error, "session": session}))
            }
            (Behaviour::Fails | Behaviour::TakesAndFails, _) | (_, None) => {
                say(500, &failure(asked, CLOSED))
            }
            (_, Some(said)) => Some((201, self.engine.sent(said).into(), Vec::new())),
        };
        let echo = said.and_then(|said| {
            let event = self.engine.event("message.any", &said.session, &said);
            Some((self.echoes.clone()?, event))
        });
        let hangs = match behaviour {
            Behaviour::TakesAndHangs(time) => *time,
            _ => Duration::ZERO,
        };
        Reaction {
            answer,
            hangs,
            echo,
            changes: Vec::new(),
        }
    }

    fn take(&mut self, asked: &Asked, behaviour: &Behaviour, media: Option<Media>) -> Said {
        let text = if media.is_some() { "caption" } else { "text" };
        let message_id = match asked.field("id") {
            "" => self.new_id("FA4E"),
            chosen => chosen.to_owned(),
        };
        let said = Said {
            session: asked.field("session").to_owned(),
            chat: asked.field("chatId").to_owned(),
            message_id,
            from_me: true,
            name: "Loja Exemplo".to_owned(),
            text: asked.field(text).to_owned(),
            media,
            download_failed: false,
            at_ms: now_ms(),
        };
        self.messages.add(said.clone());
        self.sent.push(Sent {
            session: said.session.clone(),
            chat: said.chat.clone(),
            text: said.text.clone(),
            media: said.media.clone(),
            message_id: said.message_id.clone(),
            at: Instant::now(),
            behaviour: behaviour.name(),
        });
        said
    }

    pub(super) fn customer_writes(
        &mut self,
        session: &str,
        chat: &str,
        name: &str,
        text: &str,
    ) -> Value {
        let said = self.by_customer(session, chat, name, text);
        self.hear(said)
    }

    /// The placeholder and the message itself, under the same id.
    pub(super) fn customer_writes_unreadably(
        &mut self,
        session: &str,
        chat: &str,
        name: &str,
        text: &str,
    ) -> [Value; 2] {
        let said = self.by_customer(session, chat, name, text);
        let placeholder = self.engine.placeholder(&said);
        [placeholder, self.hear(said)]
    }

    pub(super) fn customer_sends_photo(
        &mut self,
        session: &str,
        chat: &str,
        name: &str,
        caption: &str,
        downloaded: bool,
    ) -> Value {
        let mut said = self.by_customer(session, chat, name, caption);
        said.media = Some(Media::from_customer(SendAs::Image, "image/jpeg", None));
        said.download_failed = !downloaded;
        if downloaded {
            let photo = Served::well("image/jpeg", picture::photo());
            self.files.put(session, &said.file_name(), photo);
        }
        self.hear(said)
    }

    pub(super) fn customer_sends_file(
        &mut self,
        session: &str,
        chat: &str,
        name: &str,
        media: Media,
        served: Served,
    ) -> Value {
        let mut said = self.by_customer(session, chat, name, "");
        said.media = Some(media);
        self.files.put(session, &said.file_name(), served);
        self.hear(said)
    }

    /// `None` if there is no such message. NOWEB without its store can't read an edit.
    pub(super) fn customer_edits(
        &mut self,
        session: &str,
        chat: &str,
        message_id: &str,
        text: &str,
    ) -> Option<Value> {
        let mut edited = self.messages.find(session, chat, message_id)?.clone();
        let original = edited.message_id.clone();
        edited.text = text.to_owned();
        self.messages.edit(&edited);
        if self.lacks_store() {
            edited.text = String::new();
        }
        if self.engine.is_native() {
            edited.message_id = self.new_id("ED");
        }
        edited.at_ms = now_ms();
        Some(self.engine.edit(session, &edited, &original))
    }

    fn by_customer(&mut self, session: &str, chat: &str, name: &str, text: &str) -> Said {
        Said {
            session: session.to_owned(),
            chat: chat.to_owned(),
            message_id: self.new_id("C0"),
            from_me: false,
            name: name.to_owned(),
            text: text.to_owned(),
            media: None,
            download_failed: false,
            at_ms: now_ms(),
        }
    }

    /// Stores the message, and returns its event.
    fn hear(&mut self, said: Said) -> Value {
        let event = self.engine.event("message", &said.session, &said);
        self.messages.add(said);
        event
    }

    /// As long as WhatsApp's own ids; `kind` shows where it came from. Two fake WAHAs never give the same id.
    fn new_id(&mut self, kind: &str) -> String {
        if self.last_id == 0 {
            self.last_id = fastrand::u64(1..1 << 40) << 20;
        }
        self.last_id += 1;
        let width = 20 - kind.len();
        format!("3EB0{kind}{:0width$X}", self.last_id)
    }
}

fn no_such_session() -> Answer {
    let message = "Session not found";
    say(
        404,
        &json!({"message": message, "error": "Not Found", "statusCode": 404}),
    )
}

fn nowhere(asked: &Asked) -> Reaction {
    let message = format!("Cannot {} {}", asked.method, asked.path);
    say(
        404,
        &json!({"message": message, "error": "Not Found", "statusCode": 404}),
    )
    .into()
}

/// The real GOWS takes 3.2 s, which most tests can't afford.
const SEARCH_TAKES: Duration = Duration::from_millis(50);
const CLOSED: &str = "Session closed. Most likely the page has been closed.";

/// The 500 of WAHA's exception filter, which echoes the request.
fn failure(asked: &Asked, message: &str) -> Value {
    json!({
        "statusCode": 500, "timestamp": "2026-11-22T12:00:00.000Z",
        "exception": {"message": message, "name": "Error", "stack": "Error: ..."},
        "request": {"path": asked.path, "method": asked.method, "body": asked.body, "query": {}},
        "version": {"version": "2026.7.1"},
    })
}

pub(super) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
