//! Says what WAHA's answer to a request means (WAHA's source, `AllExceptionsFilter` and the engines).

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use super::outcome::SendError;
use crate::ids::MessageId;
use crate::secret::shown_url;
use crate::waha::json_repair::repaired;
use crate::waha::label::label;
use crate::waha::lenient::{Raw, Texts, lenient};
use crate::waha::one_line::line;
use crate::waha::serialised_id::SerialisedId;

/// How many characters of a reason we keep.
const REASON_MAX: usize = 200;

/// If a server wants us to wait for longer than this, something else is wrong.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Shorter secrets are not hidden in reasons: without any "1", a reason would be useless.
const SECRET_MIN: usize = 4;

lenient! {
    /// The answer to a send. Engines answer in different forms.
    struct Taken {
        "id" => id: Raw<'a>,
        "key" => key: Key<'a>,
        "_data" => data: Key<'a>,
    }

    /// An object with an id.
    struct Key {
        "_serialized" => serialized: Raw<'a>,
        "id" => id: Raw<'a>,
    }

    /// The fields of error answers, and of the answer about a session.
    struct Problem {
        "message" => message: Raw<'a>,
        "error" => error: Raw<'a>,
        "exception" => exception: Exception<'a>,
        "status" => status: Raw<'a>,
        "expected" => expected: Raw<'a>,
    }

    /// The exception in an answer with status 500.
    struct Exception {
        "message" => message: Raw<'a>,
        "details" => details: Raw<'a>,
        "code" => code: Raw<'a>,
    }
}

/// An answer, perhaps an incomplete one.
#[derive(Debug)]
pub(super) struct WahaAnswer {
    pub(super) status: u16,
    /// The body, or why it could not be read completely.
    pub(super) body: Result<Vec<u8>, String>,
}

impl WahaAnswer {
    /// The answer if WAHA did what we asked, else the error. `secrets` are removed from the error's text.
    pub(super) fn judged(
        self,
        retry_after: Option<&str>,
        location: Option<&str>,
        now: SystemTime,
        secrets: &[Option<&str>],
    ) -> Result<Self, SendError> {
        match self.error(retry_after, location, now, secrets) {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    fn error(
        &self,
        retry_after: Option<&str>,
        location: Option<&str>,
        now: SystemTime,
        secrets: &[Option<&str>],
    ) -> Option<SendError> {
        let json = self.text();
        let problem: Problem<'_> = serde_json::from_str(&json).unwrap_or_default();
        let refused = |reason: Option<String>, advice| SendError::Refused {
            status: self.status,
            reason: without_secrets(reason, secrets),
            advice,
        };
        let busy = |reason: Option<String>| SendError::Busy {
            status: self.status,
            retry_after: retry_after.and_then(|text| waiting_time(text, now)),
            reason: without_secrets(reason, secrets),
        };
        Some(match self.status {
            200..=299 if json.trim_start().starts_with('<') => refused(
                Some("a web page".to_owned()),
                "is WAHA_URL the address of WAHA?",
            ),
            200..=299 => return None,
            300..=399 => refused(
                Some(format!(
                    "redirected to {}",
                    location.map_or_else(|| "nowhere".to_owned(), shown_url)
                )),
                "set WAHA_URL to the address that does not redirect (http or https?)",
            ),
            401 => refused(problem.words(), "does WAHA_API_KEY have WAHA's key?"),
            403 => refused(
                problem.words(),
                "does the key in WAHA_API_KEY belong to another session?",
            ),
            404 | 422 if problem.is_about_the_session() => SendError::SessionNotWorking {
                status_word: problem.status.text().and_then(label),
            },
            404 => refused(
                problem.words(),
                "is WAHA_URL the address of WAHA, with its path if it has one?",
            ),
            422 if problem.is_about_plus() => refused(
                problem.words(),
                "update WAHA: before 2026.6.1 only WAHA Plus sends files and has more than one session",
            ),
            422 => refused(
                problem.words(),
                "is WAHA up to date? Before 2026.6 some calls and sessions needed WAHA Plus",
            ),
            501 => refused(problem.words(), "this WAHA's engine can't do that"),
            408 | 429 => busy(problem.words()),
            500 => {
                // Only this part, because the rest of a 500 repeats the text for the customer.
                let message = problem.exception.message.text().map(|m| m.into_owned());
                match problem.exception.permanent() {
                    Some(advice) => refused(message, advice),
                    None => busy(message),
                }
            }
            502..=599 => busy(problem.words()),
            _ => refused(problem.words(), "WAHA does not understand the request"),
        })
    }

    /// Whether WAHA says that it has no message with the id that we asked for.
    pub(super) fn says_no_such_message(&self) -> bool {
        let json = self.text();
        let problem: Problem<'_> = serde_json::from_str(&json).unwrap_or_default();
        match self.status {
            404 => problem
                .words()
                .is_some_and(|words| words.starts_with("Message not found")),
            500 => problem.exception.found_no_message(),
            _ => false,
        }
    }

    /// The bare id of the sent message, in any engine's form.
    pub(super) fn message_id(&self) -> Option<MessageId> {
        let json = self.text();
        let taken: Taken<'_> = serde_json::from_str(&json).ok()?;
        let inner: Key<'_> = taken.id.read();
        [
            taken.id,
            inner.serialized,
            taken.key.id,
            inner.id,
            taken.data.id,
        ]
        .into_iter()
        .find_map(|id| Some(SerialisedId::parse(&id.text()?)?.message))
    }

    /// The state of the session that was asked about.
    pub(super) fn session_status(&self) -> Result<String, SendError> {
        let json = self.whole()?;
        let session: Problem<'_> = serde_json::from_str(&json).unwrap_or_default();
        session
            .status
            .text()
            .and_then(label)
            .ok_or(SendError::Refused {
                status: self.status,
                reason: "no session in the answer".to_owned(),
                advice: "is WAHA_URL the address of WAHA?",
            })
    }

    /// The complete answer; an incomplete one is an error.
    pub(super) fn whole(&self) -> Result<Cow<'_, str>, SendError> {
        match &self.body {
            Ok(body) => Ok(repaired(body)),
            Err(reason) => Err(SendError::Interrupted {
                reason: reason.clone(),
            }),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        let body = self.body.as_deref().unwrap_or_default();
        repaired(body)
    }
}

impl Problem<'_> {
    /// WAHA's words. `message` is a text or, for mistakes in the request, a list of texts.
    fn words(&self) -> Option<String> {
        let list: Texts = self.message.read();
        if !list.0.is_empty() {
            return Some(list.0.join("; "));
        }
        let text = self.message.text().or_else(|| self.error.text());
        text.map(|text| text.into_owned())
    }

    /// Whether WAHA's free edition can't do this.
    fn is_about_plus(&self) -> bool {
        self.words()
            .is_some_and(|words| words.to_ascii_lowercase().contains("plus version"))
    }

    /// Whether the problem is the session: it is in the wrong state, or does not exist.
    fn is_about_the_session(&self) -> bool {
        let says = |words| {
            [self.error, self.message]
                .iter()
                .any(|raw| raw.text().is_some_and(|text| text.contains(words)))
        };
        (self.expected.is_present() && self.status.is_present())
            || says("does not exist")
            || says("Session not found")
            || says("We didn't find a session with name")
            || says("Session status is not as expected")
    }
}

impl Exception<'_> {
    /// Whether GOWS looked for a message and did not find it. It tries several times, for about 3 s, and says how each
    /// attempt failed. If one failed for another reason (a locked database), GOWS doesn't know.
    fn found_no_message(&self) -> bool {
        let text = self.message.text().or_else(|| self.details.text());
        let text = text.unwrap_or_default();
        let Some((asked, attempts)) = text.split_once("All attempts fail:") else {
            return false;
        };
        let mut attempts = attempts
            .lines()
            .map(str::trim)
            .filter(|attempt| !attempt.is_empty())
            .peekable();
        asked.contains("error getting message by id")
            && attempts.peek().is_some()
            && attempts.all(|attempt| {
                let (number, reason) = attempt.split_once(':').unwrap_or_default();
                number.starts_with('#') && reason.trim() == "not found"
            })
    }

    /// If trying again can't help, what to look at.
    fn permanent(&self) -> Option<&'static str> {
        let message = self.message.text().unwrap_or_default().to_ascii_lowercase();
        let is_463 = self.code.number() == Some(463.0)
            || message
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word == "463");
        if message.contains("no lid found") || message.contains("no lid for") {
            Some("the number is not on WhatsApp, or only its @lid can be written to")
        } else if is_463 || message.contains("reachout") {
            Some("WhatsApp forbids this account to start new chats for now")
        } else if message.contains("request failed with status code 4") {
            // This is the text of WAHA's HTTP client (axios), which it uses only to download the files it sends.
            Some(
                "WAHA did not get the file from its address: does that still exist, and may WAHA read it?",
            )
        } else {
            None
        }
    }
}

/// WAHA's words for the log: one short line without secrets.
fn without_secrets(reason: Option<String>, secrets: &[Option<&str>]) -> String {
    let mut text = reason.unwrap_or_default();
    for secret in secrets.iter().flatten() {
        if secret.len() >= SECRET_MIN {
            text = text.replace(secret, "(hidden)");
        }
    }
    line(&text, REASON_MAX).unwrap_or_else(|| "no reason given".to_owned())
}

/// Reads `Retry-After`: seconds or a date.
fn waiting_time(text: &str, now: SystemTime) -> Option<Duration> {
    let wait = match text.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text.trim())
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(status: u16, body: &str) -> Result<WahaAnswer, SendError> {
        WahaAnswer {
            status,
            body: Ok(body.as_bytes().to_vec()),
        }
        .judged(None, None, SystemTime::UNIX_EPOCH, &[])
    }

    fn refused(status: u16, body: &str) -> (String, &'static str) {
        match judge(status, body).unwrap_err() {
            SendError::Refused {
                status: reported,
                reason,
                advice,
            } => {
                assert_eq!(reported, status);
                (reason, advice)
            }
            other => panic!("{other:?}"),
        }
    }

    fn busy(status: u16, body: &str) -> String {
        match judge(status, body).unwrap_err() {
            SendError::Busy {
                status: reported,
                retry_after: None,
                reason,
            } => {
                assert_eq!(reported, status);
                reason
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_message_id_is_found_in_the_answer_of_every_engine() {
        for (body, wanted) in [
            (r#"{"id":"true_5511@c.us_3EB0A","_data":{}}"#, Some("3EB0A")),
            (
                r#"{"key":{"remoteJid":"55@s.whatsapp.net","fromMe":true,"id":"3EB0B"},"message":{},"messageTimestamp":"1","status":"PENDING"}"#,
                Some("3EB0B"),
            ),
            (
                r#"{"id":{"fromMe":true,"remote":"55@c.us","id":"3EB0C","_serialized":"true_55@c.us_3EB0D"},"ack":0}"#,
                Some("3EB0D"),
            ),
            (r#"{"id":{"id":"3EB0C"}}"#, Some("3EB0C")),
            (r#"{"_data":{"id":"3EB0E"}}"#, Some("3EB0E")),
            (r#"{"id":7,"key":"x","_data":[]}"#, None),
            (r#"{"id":""}"#, None),
            ("[]", None),
            ("", None),
            ("true", None),
        ] {
            assert_eq!(
                judge(201, body)
                    .unwrap()
                    .message_id()
                    .as_ref()
                    .map(MessageId::as_str),
                wanted,
                "{body}"
            );
        }
    }

    #[test]
    fn a_session_that_cannot_send_is_an_error_of_its_own() {
        let not_working = r#"{"error":"Session status is not as expected. Try again later or restart the session","session":"default","status":"STOPPED","expected":["WORKING"]}"#;
        let unknown = r#"{"error":"Session \"x\" does not exist","session":"x"}"#;
        let not_found = r#"{"message":"Session not found","error":"Not Found","statusCode":404}"#;
        for (status, body, word) in [
            (422, not_working, Some("STOPPED")),
            (422, unknown, None),
            (404, unknown, None),
            (404, not_found, None),
        ] {
            assert_eq!(
                judge(status, body).unwrap_err(),
                SendError::SessionNotWorking {
                    status_word: word.map(str::to_owned)
                }
            );
        }
    }

    #[test]
    fn a_permanent_error_is_refused_with_advice() {
        for (status, body, reason, advice) in [
            (
                401,
                r#"{"message":"Unauthorized","statusCode":401}"#,
                "Unauthorized",
                "WAHA_API_KEY",
            ),
            (
                403,
                r#"{"message":"Forbidden","statusCode":403}"#,
                "Forbidden",
                "another session",
            ),
            (
                400,
                r#"{"message":["chatId must be a string","x"],"error":"Bad Request"}"#,
                "chatId must be a string; x",
                "understand",
            ),
            (404, "<html>nginx</html>", "no reason given", "WAHA_URL"),
            (
                422,
                r#"{"message":"Available only in Plus version","error":"Unprocessable Entity","statusCode":422}"#,
                "Available only in Plus version",
                "only WAHA Plus",
            ),
            (
                422,
                r#"{"message":"WAHA Core support only 'default' session. If you want more, please get WAHA PLUS version."}"#,
                "WAHA Core support only 'default' session. If you want more, please get WAHA PLUS version.",
                "only WAHA Plus",
            ),
            (413, "", "no reason given", "understand"),
            (
                501,
                r#"{"message":"not implemented by 'X' engine"}"#,
                "not implemented by 'X' engine",
                "engine",
            ),
            (
                500,
                r#"{"exception":{"message":"no LID found for 55@c.us"}}"#,
                "no LID found for 55@c.us",
                "number",
            ),
            (
                500,
                r#"{"exception":{"message":"No LID for user"}}"#,
                "No LID for user",
                "number",
            ),
            (
                500,
                r#"{"exception":{"message":"server error 463"}}"#,
                "server error 463",
                "new chats",
            ),
            (
                500,
                r#"{"exception":{"message":"","code":463}}"#,
                "no reason given",
                "new chats",
            ),
            (200, "<!doctype html>", "a web page", "WAHA_URL"),
            (302, "", "redirected to nowhere", "redirect"),
        ] {
            let (said, advised) = refused(status, body);
            assert_eq!(said, reason);
            assert!(advised.contains(advice), "{status}: {advised}");
        }
    }

    #[test]
    fn a_temporary_error_is_busy() {
        let failed = r#"{"statusCode":500,"exception":{"message":"Session closed\n\u001b[31m","name":"Error","stack":"at secret"},"request":{"method":"POST","body":{"text":"customer text"}}}"#;
        assert_eq!(busy(500, failed), "Session closed [31m");
        assert_eq!(
            busy(500, r#"{"exception":{"message":"no 4630 such"}}"#),
            "no 4630 such"
        );
        assert_eq!(
            busy(500, r#"{"message":"Internal server error"}"#),
            "no reason given"
        );
        assert_eq!(busy(502, "<html>"), "no reason given");
        assert_eq!(busy(503, r#"{"message":"starting"}"#), "starting");
        assert_eq!(busy(429, ""), "no reason given");
        let long = format!(r#"{{"exception":{{"message":"{}"}}}}"#, "é".repeat(5000));
        assert_eq!(busy(500, &long).chars().count(), 200);
    }

    #[test]
    fn an_error_repeats_neither_the_key_nor_the_text() {
        let error = WahaAnswer {
            status: 500,
            body: Ok(br#"{"exception":{"message":"bad key k3y-k3y for Dear Ana, 1"}}"#.to_vec()),
        }
        .judged(
            None,
            None,
            SystemTime::UNIX_EPOCH,
            &[Some("k3y-k3y"), Some("Dear Ana"), Some("1"), None],
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "WAHA answered 500: bad key (hidden) for (hidden), 1"
        );
    }

    #[test]
    fn a_waiting_time_is_seconds_or_a_date() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let at = httpdate::parse_http_date(date).unwrap();
        for (text, wanted) in [
            ("5", Some(5)),
            (" 7 ", Some(7)),
            (date, Some(10)),
            ("99999999999999", Some(86_400)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(
                waiting_time(text, at - Duration::from_secs(10)),
                wanted.map(Duration::from_secs),
                "{text}"
            );
        }
        let past = waiting_time(date, at + Duration::from_secs(10));
        assert_eq!(past, Some(Duration::ZERO));
    }

    #[test]
    fn only_some_errors_mean_surely_not_sent() {
        let busy = |status| SendError::Busy {
            status,
            retry_after: None,
            reason: String::new(),
        };
        for status in [500, 502, 504, 408] {
            assert!(!busy(status).is_surely_unsent(), "{status}");
        }
        for status in [429, 503] {
            assert!(busy(status).is_surely_unsent(), "{status}");
        }
    }

    #[test]
    fn a_broken_answer_about_a_session_is_no_status() {
        let answer = |body| WahaAnswer { status: 200, body };
        assert_eq!(
            answer(Ok(br#"{"name":"x","status":"WORKING"}"#.to_vec())).session_status(),
            Ok("WORKING".to_owned())
        );
        assert!(matches!(
            answer(Err("closed".to_owned())).session_status(),
            Err(SendError::Interrupted { .. })
        ));
        assert!(matches!(
            answer(Ok(b"{}".to_vec())).session_status(),
            Err(SendError::Refused { status: 200, .. })
        ));
    }
}
