//! Hostile webhooks, from a seed: a third is forged, the others are signed and have a content that nobody expects.

use fastrand::Rng;
use serde_json::{Value, json};

use super::webhook;

/// The session of honest customers. Nothing here stops it, because a signed event may do that.
const SESSION: &str = "default";
/// So many chats are used again and again, so that events meet each other.
const CHATS: u32 = 400;
/// Most bodies are small; one in so many is large.
const LARGE_ONE_IN: u32 = 400;
/// Bodies are signed with it by somebody who does not know the secret.
const ANOTHER_SECRET: &[u8] = b"not the secret of this waha-sm at all";

/// One webhook.
pub(crate) struct HostileWebhook {
    pub(crate) body: Vec<u8>,
    /// Its headers besides those of HTTP.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) is_forged: bool,
}

/// Makes one webhook after the other; the same seed makes the same ones, except for their times.
pub(crate) struct Hostile {
    random: Rng,
    secret: Vec<u8>,
    /// The ids of messages that came before, for copies, edits and withdrawals.
    known_ids: Vec<(String, String)>,
}

impl Hostile {
    pub(crate) fn new(seed: u64, secret: &str) -> Self {
        Self {
            random: Rng::with_seed(seed),
            secret: secret.as_bytes().to_owned(),
            known_ids: Vec::new(),
        }
    }

    pub(crate) fn webhook(&mut self) -> HostileWebhook {
        if self.random.u8(..3) == 0 {
            self.forged()
        } else {
            let body = self.content();
            let signature = waha_sm::waha::signature::sign(&self.secret, &body);
            HostileWebhook {
                body,
                headers: vec![
                    ("x-webhook-hmac", signature),
                    ("x-webhook-hmac-algorithm", "sha512".to_owned()),
                ],
                is_forged: false,
            }
        }
    }

    /// A body that would be taken, if its signature were right.
    fn forged(&mut self) -> HostileWebhook {
        let (chat, text) = (self.chat(), self.text());
        let body = webhook::message(SESSION, &chat, "Eve", &text)
            .to_string()
            .into_bytes();
        let sign = waha_sm::waha::signature::sign;
        let right = sign(&self.secret, &body);
        let signature = match self.random.u8(..9) {
            0 => None,
            1 => Some(sign(ANOTHER_SECRET, &body)),
            // Of another body.
            2 => Some(sign(&self.secret, b"{}")),
            3 => Some(right[..self.random.usize(..right.len())].to_owned()),
            4 => Some(format!("{right}00")),
            5 => Some(self.with_one_digit_changed(&right)),
            6 => Some("z".repeat(128)),
            7 => Some(format!("sha512={right}")),
            _ => Some(right.clone()),
        };
        // The last kind has the right signature, under another name.
        let algorithm = match &signature {
            Some(signature) if *signature == right => {
                let others = ["sha256", "none", "", "md5", "sha512 ", "sha5120"];
                Some((*self.choose(&others)).to_owned())
            }
            _ => self.random.bool().then(|| "sha512".to_owned()),
        }
        // HTTP removes the space again, and then the name is right.
        .filter(|name| name != "sha512 ")
        .or_else(|| (signature.as_ref() == Some(&right)).then(|| "sha1".to_owned()));
        let mut headers = Vec::new();
        headers.extend(signature.map(|signature| ("x-webhook-hmac", signature)));
        headers.extend(algorithm.map(|name| ("x-webhook-hmac-algorithm", name)));
        HostileWebhook {
            body,
            headers,
            is_forged: true,
        }
    }

    fn with_one_digit_changed(&mut self, signature: &str) -> String {
        let at = self.random.usize(..signature.len());
        let other = if signature.as_bytes()[at] == b'0' {
            "1"
        } else {
            "0"
        };
        format!("{}{other}{}", &signature[..at], &signature[at + 1..])
    }

    fn content(&mut self) -> Vec<u8> {
        let event = match self.random.u8(..16) {
            0 | 1 => return self.broken(),
            2 => self.with_odd_numbers(),
            3 | 4 => self.with_wrong_types(),
            5 => return self.nested(),
            6 => self.with_long_name(),
            7 => self.with_marks(),
            8 => self.with_many_elements(),
            9 => self.unknown_event(),
            10 => self.contact_cards(),
            11 => self.in_odd_session(),
            12 => self.copy(),
            13 | 14 => self.about_others(),
            _ => self.status(),
        };
        event.to_string().into_bytes()
    }

    fn message(&mut self) -> Value {
        let (chat, text) = (self.chat(), self.text());
        let names = ["message", "message.any"];
        let (name, id) = (*self.choose(&names), webhook::new_message_id());
        if self.known_ids.len() < 1_000 {
            self.known_ids.push((chat.clone(), id.clone()));
        } else {
            let at = self.random.usize(..self.known_ids.len());
            self.known_ids[at] = (chat.clone(), id.clone());
        }
        webhook::message_with(name, SESSION, &chat, "Eve", &text, &id)
    }

    /// Not the chats of honest customers.
    fn chat(&mut self) -> String {
        let number = self.random.u32(..CHATS);
        match self.random.u8(..10) {
            0 => format!("{}@lid", 170_000_000_000_000_u64 + u64::from(number)),
            1 => format!("5521{}@s.whatsapp.net", 970_000_000 + number),
            _ => format!("5521{}@c.us", 970_000_000 + number),
        }
    }

    fn text(&mut self) -> String {
        let texts = [
            "oi",
            "{{ 7 * 7 }}{% for x in range(100000) %}x{% endfor %}",
            "em 9999999 dias",
            "in 99999999999999999999 days",
            "2147483648",
            "0x10 1e400 -0",
            "'; DROP TABLE message; --",
            "redis.call('FLUSHALL')",
            "",
            " ",
        ];
        let text = (*self.choose(&texts)).to_owned();
        if self.is_large() {
            text.repeat(1 + self.random.usize(..60_000) / (text.len() + 1))
        } else {
            text
        }
    }

    fn is_large(&mut self) -> bool {
        self.random.u32(..LARGE_ONE_IN) == 0
    }

    fn choose<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.random.usize(..all.len())]
    }

    fn broken(&mut self) -> Vec<u8> {
        let mut bytes = self.message().to_string().into_bytes();
        match self.random.u8(..6) {
            0 => bytes.truncate(self.random.usize(..bytes.len())),
            1 => bytes.extend_from_slice(b"}}]\x00"),
            2 => {
                for _ in 0..8 {
                    let at = self.random.usize(..bytes.len());
                    bytes[at] = self.random.u8(..);
                }
            }
            3 => bytes.splice(0..0, *b"\xef\xbb\xbf").for_each(drop),
            4 => bytes = br#"{"event":"message","session":"default","payload":{"body":"\ud83d\udc00\u0000"}}"#.to_vec(),
            _ => bytes = (0..self.random.usize(..500)).map(|_| self.random.u8(..)).collect(),
        }
        bytes
    }

    fn odd_number(&mut self) -> Value {
        let numbers = [
            json!(-1),
            json!(0),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1e300),
            json!(-1e300),
            json!(0.000_1),
            json!(99_999_999_999_999_u64),
            json!("1789900801"),
            json!("soon"),
        ];
        self.choose(&numbers).clone()
    }

    fn with_odd_numbers(&mut self) -> Value {
        let mut event = self.message();
        for field in ["/timestamp", "/payload/timestamp", "/payload/ack"] {
            if self.random.bool()
                && let Some(place) = event.pointer_mut(field)
            {
                *place = self.odd_number();
            }
        }
        event
    }

    fn odd_value(&mut self) -> Value {
        match self.random.u8(..8) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!([]),
            3 => json!({}),
            4 => json!([{"a": [null, {"b": {}}]}]),
            5 => json!({"id": {"_serialized": "x", "user": 7}}),
            6 => json!(""),
            _ => self.odd_number(),
        }
    }

    fn with_wrong_types(&mut self) -> Value {
        let mut event = self.message();
        let fields = [
            "/id",
            "/timestamp",
            "/event",
            "/me",
            "/payload",
            "/payload/id",
            "/payload/timestamp",
            "/payload/from",
            "/payload/fromMe",
            "/payload/to",
            "/payload/body",
            "/payload/hasMedia",
            "/payload/media",
            "/payload/location",
            "/payload/vCards",
            "/payload/replyTo",
            "/payload/_data",
            "/payload/_data/Info",
            "/payload/_data/Info/ID",
            "/payload/_data/Info/PushName",
        ];
        for _ in 0..=self.random.u8(..3) {
            let (field, value) = (*self.choose(&fields), self.odd_value());
            if let Some(place) = event.pointer_mut(field) {
                *place = value;
            }
        }
        event
    }

    fn nested(&mut self) -> Vec<u8> {
        let depth = if self.is_large() {
            200_000
        } else {
            self.random.usize(1..2_000)
        };
        let (open, close) = *self.choose(&[("[", "]"), ("{\"a\":", "}")]);
        format!(
            "{{\"event\":\"message\",\"session\":\"{SESSION}\",\"payload\":{}1{}}}",
            open.repeat(depth),
            close.repeat(depth)
        )
        .into_bytes()
    }

    fn with_long_name(&mut self) -> Value {
        let mut event = self.message();
        let length = if self.is_large() { 500_000 } else { 3_000 };
        let name = self
            .choose(&["x", "ã", "👩‍👩‍👧", "\n", "\u{301}"])
            .repeat(length);
        event["payload"]["_data"]["Info"]["PushName"] = name.into();
        event
    }

    fn with_marks(&mut self) -> Value {
        let marks = [
            '\u{0}',
            '\u{7}',
            '\u{8}',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{61c}',
            '\u{200b}',
            '\u{200f}',
            '\u{202e}',
            '\u{2028}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fffd}',
            '\u{e0001}',
            '\r',
            '\n',
            'a',
            ' ',
        ];
        let mut text = || -> String { (0..40).map(|_| *self.choose(&marks)).collect() };
        let (body, name) = (text(), text());
        let mut event = self.message();
        event["payload"]["body"] = body.into();
        event["payload"]["_data"]["Info"]["PushName"] = name.into();
        event
    }

    fn with_many_elements(&mut self) -> Value {
        let mut event = self.message();
        let count = if self.is_large() { 100_000 } else { 300 };
        let field = *self.choose(&["vCards", "mentionedIds", "participants", "media"]);
        event["payload"][field] = (0..count).map(|n| json!(n)).collect();
        event
    }

    fn unknown_event(&mut self) -> Value {
        let mut event = self.message();
        let names = [
            "message.future",
            "",
            "MESSAGE",
            "message\n",
            "engine.event",
            "call.received",
            "poll.vote",
            "group.v2.join",
            "presence.update",
            "label.upsert",
        ];
        event["event"] = (*self.choose(&names)).into();
        event
    }

    fn contact_cards(&mut self) -> Value {
        let mut event = self.message();
        let (count, lines) = if self.is_large() { (20, 2_000) } else { (3, 4) };
        let card = format!(
            "BEGIN:VCARD\nVERSION:3.0\nFN:Eve\n{}END:VCARD",
            "TEL;waid=5511999990000:+55 11 99999-0000\n".repeat(lines)
        );
        event["payload"]["vCards"] = json!(vec![card; count]);
        event
    }

    fn odd_session(&mut self) -> String {
        let names = [
            "a",
            "A-b_9",
            "0",
            "-",
            "__proto__",
            "default2",
            "DEFAULT",
            "constructor",
            "a b",
            "a}b",
            "{a}",
            "a:b",
            "sessão",
            "",
            "../default",
            "*",
            "a\n",
        ];
        (*self.choose(&names)).to_owned()
    }

    fn in_odd_session(&mut self) -> Value {
        // Few chats, so that each session has all of them soon.
        let chat = format!("5521{}@c.us", 970_000_000 + self.random.u32(..5));
        let (text, id) = (self.text(), webhook::new_message_id());
        let session = match self.random.u8(..8) {
            0 => "s".repeat(*self.choose(&[1, 54, 55, 1_000])),
            _ => self.odd_session(),
        };
        webhook::message_with("message", &session, &chat, "Eve", &text, &id)
    }

    /// A message that came before, under another event name or with other words.
    fn copy(&mut self) -> Value {
        let (chat, id) = self.known();
        let (name, text) = (*self.choose(&["message", "message.any"]), self.text());
        webhook::message_with(name, SESSION, &chat, "Eve", &text, &id)
    }

    fn known(&mut self) -> (String, String) {
        if self.known_ids.is_empty() {
            self.message();
        }
        let at = self.random.usize(..self.known_ids.len());
        self.known_ids[at].clone()
    }

    /// An edit, a withdrawal, a reaction or an ack of a message that another chat may have written.
    fn about_others(&mut self) -> Value {
        let (of, id) = self.known();
        let chat = if self.random.bool() {
            of.clone()
        } else {
            self.chat()
        };
        let (new_id, from_me) = (webhook::new_message_id(), self.random.bool());
        let whole = format!("{from_me}_{of}_{id}");
        let names = [
            "message.edited",
            "message.revoked",
            "message.reaction",
            "message.ack",
            "message.waiting",
        ];
        let name = *self.choose(&names);
        let (text, ack) = (self.text(), self.random.i32(-2..9));
        json!({
            "event": name, "session": SESSION, "id": format!("evt_{new_id}"), "timestamp": webhook::now_ms(),
            "me": {"id": "5511900000000@c.us"},
            "payload": {
                "id": if name == "message.ack" { whole.clone() } else { format!("{from_me}_{chat}_{new_id}") },
                "from": chat, "to": chat, "fromMe": from_me, "timestamp": webhook::now_ms() / 1_000,
                "body": text, "ack": ack, "ackName": "READ", "hasMedia": false,
                "editedMessageId": id, "revokedMessageId": id,
                "reaction": {"text": "👍", "messageId": whole},
                "before": {"id": whole, "from": of, "body": "x"},
                "after": {"id": whole, "from": of, "body": ""},
            },
        })
    }

    /// The status of another session: a signed event may stop a session, and honest customers would wait.
    fn status(&mut self) -> Value {
        let statuses = [
            "WORKING",
            "FAILED",
            "STOPPED",
            "SCAN_QR_CODE",
            "STARTING",
            "",
            "working",
            "EXPLODED",
        ];
        let (status, at) = (*self.choose(&statuses), self.odd_number());
        json!({
            "event": "session.status", "session": self.odd_session(), "timestamp": self.odd_number(),
            "id": format!("evt_{}", webhook::new_message_id()),
            "payload": {"name": "x", "status": status, "statuses": [{"status": status, "timestamp": at}]},
        })
    }
}
