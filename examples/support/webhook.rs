//! What WAHA posts: message events as its GOWS engine writes them, signed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

static STANZAS: AtomicU64 = AtomicU64::new(1);

/// A bare message id that no other message of this run has.
pub fn new_message_id() -> String {
    format!(
        "3A{:08X}{:010X}",
        std::process::id(),
        STANZAS.fetch_add(1, Ordering::Relaxed)
    )
}

/// Now, in ms since 1970.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

/// The `message` event of a text that a customer wrote.
pub fn message(session: &str, chat: &str, name: &str, text: &str) -> Value {
    message_with("message", session, chat, name, text, &new_message_id())
}

/// As [`message`], with the event's name and the message's bare id chosen.
pub fn message_with(
    event: &str,
    session: &str,
    chat: &str,
    name: &str,
    text: &str,
    message_id: &str,
) -> Value {
    json!({
        "id": format!("evt_{:0>26}", format!("{message_id}{event}").to_lowercase().replace('.', "x")),
        "timestamp": now_ms(),
        "event": event,
        "session": session,
        "metadata": {},
        "me": {"id": "5511900000000@c.us", "pushName": "Loja Exemplo", "lid": "199900000000001@lid"},
        "payload": {
            "id": format!("false_{chat}_{message_id}"),
            "timestamp": now_ms() / 1000,
            "from": chat, "fromMe": false, "source": "app", "to": null, "participant": null,
            "body": text, "hasMedia": false, "media": null, "ack": 2, "ackName": "DEVICE",
            "location": null, "vCards": null, "replyTo": null,
            "_data": {"Info": {"Chat": chat, "Sender": chat, "IsFromMe": false, "ID": message_id, "PushName": name}},
        },
        "environment": {"version": "2026.7.1", "engine": "GOWS", "tier": "CORE", "browser": null},
    })
}

/// The whole request of a signed event, as bytes.
pub fn request(address: SocketAddr, secret: &str, event: &Value) -> Vec<u8> {
    let body = event.to_string();
    let signature = waha_sm::waha::signature::sign(secret.as_bytes(), body.as_bytes());
    format!(
        "POST /webhook HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nX-Webhook-Hmac: {signature}\r\n\
         X-Webhook-Hmac-Algorithm: sha512\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Posts webhooks, as WAHA does.
pub struct Poster {
    url: String,
    secret: Vec<u8>,
    agent: ureq::Agent,
}

impl Poster {
    /// `url` is the daemon's, without a path.
    pub fn new(url: &str, secret: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .max_idle_connections_per_host(64)
            .build();
        Self {
            url: format!("{url}/webhook"),
            secret: secret.as_bytes().to_owned(),
            agent: config.into(),
        }
    }

    /// Posts a signed event. Returns the status, and the body, as JSON if it is JSON.
    pub fn post(&self, event: &Value) -> Result<(u16, Value), ureq::Error> {
        self.post_bytes(event.to_string().as_bytes())
    }

    /// Posts signed bytes.
    pub fn post_bytes(&self, body: &[u8]) -> Result<(u16, Value), ureq::Error> {
        let signature = waha_sm::waha::signature::sign(&self.secret, body);
        self.post_with(
            body,
            &[
                ("x-webhook-hmac", &signature),
                ("x-webhook-hmac-algorithm", "sha512"),
            ],
        )
    }

    /// Posts bytes with exactly these headers.
    pub fn post_with(
        &self,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Result<(u16, Value), ureq::Error> {
        let mut request = self.agent.post(&self.url).content_type("application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.send(body)?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        Ok((
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ))
    }
}
