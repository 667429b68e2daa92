//! Asks WAHA about its sessions, starts and stops them, and pairs them with a phone: by QR code or by a code to type.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::WahaAnswer;
use super::http::{ANSWER_MAX, Client, path_segment};
use super::outcome::SendError;
use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::secret::Secret;
use crate::waha::label::label;
use crate::waha::lenient::{Raw, lenient};
use crate::waha::one_line::line;
use crate::waha::wire::millis;

/// WAHA waits for 3 s after it has stopped a session, and for the engine's browser before that.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(60);

/// The most bytes of the list of sessions that we read: a session's configuration is about 1 kB.
pub(super) const LIST_MAX: u64 = 4 * 1024 * 1024;

/// The most bytes of a picture of a QR code that we read: WAHA's have about 10 kB.
const QR_MAX: u64 = 1024 * 1024;

/// What each PNG begins with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The fewest and the most digits of a phone number with its country (E.164 has 15 at most).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// WhatsApp's codes have eight characters, and a dash in the middle.
const CODE_LENGTHS: std::ops::RangeInclusive<usize> = 4..=16;

/// How many characters of a name we keep.
const NAME_MAX: usize = 100;

/// A session, as WAHA describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub name: SessionName,
    /// WAHA's word for its state. Only `WORKING` is usable.
    pub status: String,
    /// The account that it is paired with, if WAHA knows it.
    pub account: Option<Account>,
    /// The engine, such as `GOWS`, if WAHA names it. A list doesn't.
    pub engine: Option<String>,
    /// When WAHA last heard something from WhatsApp, if it says so (2025.11 and later).
    pub active_at: Option<Millis>,
}

/// A WhatsApp account of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its chat id.
    pub id: ChatId,
    /// The name that customers see.
    pub name: Option<String>,
}

/// What to do with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionOrder {
    /// Starts it, if it isn't started.
    Start,
    /// Stops it and starts it again, still paired.
    Restart,
    /// Stops it. It stays paired.
    Stop,
    /// Ends the pairing. If the session was started, it starts again and shows a new QR code.
    Logout,
}

impl SessionOrder {
    /// WAHA's word for it.
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Logout => "logout",
        }
    }
}

/// The phone number of an account of ours: digits only, with the country's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads a number as people write it, such as `+55 (11) 99999-0000`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('+').unwrap_or(text);
        let is_between_digits = |c: char| matches!(c, ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/');
        let known = (text.chars()).all(|c| c.is_ascii_digit() || is_between_digits(c));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let fits = PHONE_DIGITS.contains(&digits.len()) && !digits.starts_with('0');
        (known && fits).then_some(Self(digits))
    }

    /// The digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

lenient! {
    /// A session in a list, or alone.
    struct Described {
        "name" => name: Raw<'a>,
        "status" => status: Raw<'a>,
        "me" => me: Me<'a>,
        "engine" => engine: Raw<'a>,
        "timestamps" => timestamps: Timestamps<'a>,
    }

    /// The account.
    struct Me {
        "id" => id: Raw<'a>,
        "pushName" => name: Raw<'a>,
    }

    /// The engine of one session.
    struct Engine {
        "engine" => name: Raw<'a>,
    }

    /// Times that WAHA keeps for a session.
    struct Timestamps {
        "activity" => activity: Raw<'a>,
    }

    /// The answer to a request for a code.
    struct Coded {
        "code" => code: Raw<'a>,
    }
}

/// The body of a request for a code.
#[derive(Serialize)]
struct CodeRequest<'a> {
    #[serde(rename = "phoneNumber")]
    phone_number: &'a str,
}

/// A request without fields.
#[derive(Serialize)]
struct Nothing {}

impl Client {
    /// All sessions, those too that are stopped. A key that is limited to one session may not list them
    /// ([`SendError::Refused`] with 403), but may ask for [its session](Self::session).
    ///
    /// # Errors
    ///
    /// As for any request.
    pub fn sessions(&self) -> Result<Vec<Session>, SendError> {
        let answer = self.get("/api/sessions?all=true", LIST_MAX)?;
        let json = answer.whole()?;
        let entries: Vec<&RawValue> =
            serde_json::from_str(&json).map_err(|_| not_waha(&answer, "no list of sessions"))?;
        Ok(entries
            .into_iter()
            .filter_map(|entry| described(entry.get()))
            .collect())
    }

    /// One session.
    ///
    /// # Errors
    ///
    /// [`SendError::SessionNotWorking`] without a status if WAHA doesn't know the session; else as for any request.
    pub fn session(&self, session: &SessionName) -> Result<Session, SendError> {
        let path = format!("/api/sessions/{}", path_segment(session.as_str()));
        let answer = self.get(&path, ANSWER_MAX)?;
        let found = described(&answer.whole()?);
        found.ok_or_else(|| not_waha(&answer, "no session in the answer"))
    }

    /// Starts, restarts, stops or logs out a session. WAHA answers when it has begun; `session.status` events tell the rest.
    /// It is no error if the session is already in that state.
    ///
    /// # Errors
    ///
    /// [`SendError::SessionNotWorking`] without a status if WAHA doesn't know the session; else as for any request. After
    /// [`SendError::Interrupted`] WAHA may still be doing it.
    pub fn order(&self, session: &SessionName, order: SessionOrder) -> Result<(), SendError> {
        let name = path_segment(session.as_str());
        let path = format!("/api/sessions/{name}/{}", order.word());
        match self.post(&path, &Nothing {}, None, Some(CHANGE_TIMEOUT)) {
            // WAHA Core before 2026.3.
            Err(SendError::Refused {
                status: 422,
                reason,
                ..
            }) if order == SessionOrder::Start && reason.contains("already started") => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// The picture (PNG) of the QR code that pairs the session. WhatsApp replaces the code after 60 s, and then each 20 s.
    ///
    /// # Errors
    ///
    /// [`SendError::SessionNotWorking`] if the session does not wait for a code now; else as for any request.
    pub fn qr(&self, session: &SessionName) -> Result<Vec<u8>, SendError> {
        let path = format!(
            "/api/{}/auth/qr?format=image",
            path_segment(session.as_str())
        );
        let answer = self.get_as(&path, "image/png", QR_MAX)?;
        match answer.body {
            Ok(picture) if picture.starts_with(PNG) => Ok(picture),
            Ok(_) => Err(not_waha(&answer, "no picture of a QR code")),
            Err(reason) => Err(SendError::Interrupted { reason }),
        }
    }

    /// A code that the owner types on the phone (Linked devices, "Link with phone number") to pair the session.
    ///
    /// # Errors
    ///
    /// [`SendError::SessionNotWorking`] if the session does not wait for a code now; else as for any request.
    pub fn pairing_code(
        &self,
        session: &SessionName,
        phone: &PhoneNumber,
    ) -> Result<Secret, SendError> {
        let path = format!("/api/{}/auth/request-code", path_segment(session.as_str()));
        let request = CodeRequest {
            phone_number: phone.digits(),
        };
        let answer = self.post(&path, &request, Some(phone.digits()), None)?;
        let json = answer.whole()?;
        let coded: Coded<'_> = serde_json::from_str(&json).unwrap_or_default();
        let is_code = |code: &String| {
            CODE_LENGTHS.contains(&code.len())
                && (code.bytes()).all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let code = coded.code.text().and_then(label).filter(is_code);
        code.map(Secret::new)
            .ok_or_else(|| not_waha(&answer, "no code in the answer"))
    }
}

/// A good status, and a body that WAHA doesn't write.
pub(super) fn not_waha(answer: &WahaAnswer, reason: &str) -> SendError {
    SendError::Refused {
        status: answer.status,
        reason: reason.to_owned(),
        advice: "is WAHA_URL the address of WAHA?",
    }
}

/// `None` if it has no name that can be a session's, or no status.
pub(super) fn described(json: &str) -> Option<Session> {
    let described: Described<'_> = serde_json::from_str(json).ok()?;
    let me = described.me;
    let account = me.id.text().and_then(|id| ChatId::person(&id));
    let engine: Engine<'_> = described.engine.read();
    let engine = described.engine.text().or_else(|| engine.name.text());
    Some(Session {
        name: SessionName::parse(&described.name.text()?)?,
        status: described.status.text().and_then(label)?,
        account: account.map(|id| Account {
            id,
            name: me.name.text().and_then(|name| line(&name, NAME_MAX)),
        }),
        engine: engine.and_then(label),
        active_at: millis(described.timestamps.activity),
    })
}

#[cfg(test)]
mod tests;
