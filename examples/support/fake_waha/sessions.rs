//! The fake WAHA's sessions: started, stopped, paired with a phone and logged out, each with the `session.status` events that
//! the real WAHA posts (2026.2.1: its session manager, with NOWEB and GOWS).

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::engine::{Engine, OUR_NUMBER};
use super::picture;
use super::state::{Asked, Reaction, now_ms};
use super::{Answer, say};

/// How many of its last statuses an event lists.
const STATUSES_MAX: usize = 3;
/// The real WAHA waits for 3 s after it has stopped a session, which most tests can't afford.
const STOP_TAKES: Duration = Duration::from_millis(60);
/// How long a session connects.
const START_TAKES: Duration = Duration::from_millis(30);

/// Whether a phone that has scanned the code gets a working session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// It is paired, and the session works.
    Pairs,
    /// It is never paired: the session stays STARTING.
    Hangs,
}

/// A session.
#[derive(Clone)]
struct Session {
    status: &'static str,
    /// The last statuses and when they began.
    statuses: Vec<(&'static str, u64)>,
    paired: bool,
    /// How many QR codes it had.
    codes: u64,
    /// How many orders it got. The changes that an older order began are not made any more.
    orders: u64,
}

impl Session {
    /// As tests find each session: paired and working.
    fn working() -> Self {
        Self {
            status: "WORKING",
            statuses: vec![("WORKING", now_ms())],
            paired: true,
            codes: 0,
            orders: 0,
        }
    }

    fn becomes(&mut self, status: &'static str) {
        self.status = status;
        self.codes += u64::from(status == "SCAN_QR_CODE");
        self.statuses.push((status, now_ms()));
        if self.statuses.len() > STATUSES_MAX {
            self.statuses.remove(0);
        }
    }

    fn me(&self) -> Value {
        match self.status {
            "WORKING" => json!({"id": OUR_NUMBER, "pushName": "Loja Exemplo"}),
            _ => Value::Null,
        }
    }

    /// Its status once it has connected.
    fn connected(&self) -> &'static str {
        if self.paired {
            "WORKING"
        } else {
            "SCAN_QR_CODE"
        }
    }
}

/// A change of a session that comes later.
pub(super) struct Change {
    after: Duration,
    session: String,
    order: u64,
    /// `None`: what it is once it has connected.
    status: Option<&'static str>,
}

impl Change {
    pub(super) fn after(&self) -> Duration {
        self.after
    }
}

/// See the module documentation.
pub(super) struct Sessions {
    named: BTreeMap<String, Session>,
    pub(super) stop_takes: Duration,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            named: BTreeMap::new(),
            stop_takes: STOP_TAKES,
        }
    }
}

impl Sessions {
    fn named(&mut self, name: &str) -> &mut Session {
        let named = self.named.entry(name.to_owned());
        named.or_insert_with(Session::working)
    }

    /// The session's status, if it can't send.
    pub(super) fn not_working(&self, name: &str) -> Option<&'static str> {
        let session = self.named.get(name)?;
        (session.status != "WORKING").then_some(session.status)
    }

    /// All names; the default session is always there.
    pub(super) fn names(&self) -> Vec<String> {
        let others = self.named.keys().filter(|name| *name != "default");
        ["default".to_owned()]
            .into_iter()
            .chain(others.cloned())
            .collect()
    }

    /// As WAHA lists it.
    pub(super) fn listed(&mut self, name: &str) -> Value {
        let session = self.named(name);
        json!({
            "name": name, "status": session.status, "config": {}, "me": session.me(), "presence": null,
            "timestamps": {"activity": null},
        })
    }

    /// As WAHA describes it alone.
    pub(super) fn alone(&mut self, name: &str, engine: Engine) -> Value {
        let mut session = self.listed(name);
        session["engine"] = json!({"engine": engine.name()});
        session
    }

    /// Sets the status of a session, and returns its event.
    pub(super) fn set(&mut self, name: &str, status: &'static str, engine: Engine) -> Value {
        let session = self.named(name);
        session.orders += 1;
        session.becomes(status);
        self.event(name, engine)
    }

    /// A phone scans the QR code of a session, or types its code: the session connects. Returns its event; `None` if the
    /// session doesn't wait for a phone.
    pub(super) fn scan(&mut self, name: &str, engine: Engine) -> Option<Value> {
        let session = self.named(name);
        if session.status != "SCAN_QR_CODE" {
            return None;
        }
        session.orders += 1;
        session.becomes("STARTING");
        Some(self.event(name, engine))
    }

    /// The phone is paired: the session works.
    pub(super) fn pair(&mut self, name: &str, engine: Engine) -> Value {
        self.named(name).paired = true;
        self.set(name, "WORKING", engine)
    }

    /// A new QR code comes. Returns the session's event.
    pub(super) fn wait_for_phone(&mut self, name: &str, engine: Engine) -> Value {
        self.named(name).paired = false;
        self.set(name, "SCAN_QR_CODE", engine)
    }

    /// Makes a change whose time has come. Returns the event; `None` if there was a newer order.
    pub(super) fn make(&mut self, change: &Change, engine: Engine) -> Option<Value> {
        let session = self.named(&change.session);
        if session.orders != change.order {
            return None;
        }
        let status = change.status.unwrap_or(session.connected());
        session.becomes(status);
        Some(self.event(&change.session, engine))
    }

    /// Starts, stops, restarts or logs out a session. `None`: there is no such order.
    pub(super) fn order(&mut self, name: &str, order: &str, engine: Engine) -> Option<Reaction> {
        let stop_takes = self.stop_takes;
        let session = self.named(name);
        let runs = session.status != "STOPPED";
        if order == "start" && runs {
            // As WAHA Core 2026.2.1.
            let message = format!("Session '{name}' is already started.");
            let body =
                json!({"message": message, "error": "Unprocessable Entity", "statusCode": 422});
            return Some(say(422, &body).into());
        }
        let (stops, starts) = match order {
            "start" => (false, true),
            "stop" => (runs, false),
            "restart" => (runs, true),
            "logout" => (runs, runs),
            _ => return None,
        };
        session.paired &= order != "logout";
        session.orders += 1;
        let mut changes = Vec::new();
        let mut change = |after, status| {
            changes.push(Change {
                after,
                session: name.to_owned(),
                order: session.orders,
                status,
            });
        };
        let pause = if stops { stop_takes } else { Duration::ZERO };
        if stops {
            change(Duration::ZERO, Some("STOPPED"));
        }
        if starts {
            change(pause, Some("STARTING"));
            change(pause + START_TAKES, None);
        }
        let mut body = self.alone(name, engine);
        body["status"] = if starts { "STARTING" } else { "STOPPED" }.into();
        Some(Reaction {
            hangs: pause,
            changes,
            ..say(201, &body).into()
        })
    }

    /// The answer about pairing; `None` if it is about something else.
    pub(super) fn answer_auth(&mut self, name: &str, asked: &Asked) -> Option<Answer> {
        let path = asked.path.rsplit('/').next()?;
        let session = self.named(name);
        let waits = session.status == "SCAN_QR_CODE";
        let refusal = json!({
            "error": "Session status is not as expected. Try again later or restart the session",
            "session": name, "status": session.status, "expected": ["SCAN_QR_CODE"],
        });
        Some(match (asked.method.as_str(), path) {
            ("GET", "qr") | ("POST", "request-code") if !waits => say(422, &refusal),
            ("GET", "qr") if asked.query.contains("format=raw") => say(
                200,
                &json!({"value": format!("2@{name}/{}", session.codes)}),
            ),
            ("GET", "qr") => {
                let code = picture::code(session.codes);
                match asked.accept.as_str() {
                    "application/json" => say(
                        200,
                        &json!({"mimetype": "image/png", "data": STANDARD.encode(code)}),
                    ),
                    _ => Some((200, code.into(), vec![("content-type", "image/png".into())])),
                }
            }
            ("POST", "request-code") => match asked.body["phoneNumber"].as_str() {
                Some(_) => say(201, &json!({"code": format!("WAHA-{:04}", session.codes)})),
                None => say(
                    400,
                    &json!({"message": ["phoneNumber must be a string"], "error": "Bad Request", "statusCode": 400}),
                ),
            },
            _ => return None,
        })
    }

    fn event(&mut self, name: &str, engine: Engine) -> Value {
        let session = self.named(name);
        let statuses = session.statuses.iter();
        let statuses = statuses.map(|(status, at)| json!({"status": status, "timestamp": at}));
        let payload = json!({
            "name": name, "status": session.status, "statuses": statuses.collect::<Vec<_>>(), "data": null,
        });
        engine.envelope("session.status", name, &session.me(), &payload)
    }
}
