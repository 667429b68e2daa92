//! WAHA's engines, and how each of them writes messages, answers and events (WAHA's source, `toWAMessage`).

use serde_json::{Value, json};

use super::messages::Said;
use super::state::now_ms;

/// The number that customers write to.
pub(super) const OUR_NUMBER: &str = "5511900000000@c.us";

/// The engine to imitate. Each writes its answers in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Gows,
    Noweb,
    Webjs,
    Wpp,
    /// Says 201 and nothing else; otherwise like Webjs.
    Silent,
}

impl Engine {
    /// As WAHA writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gows => "GOWS",
            Self::Noweb => "NOWEB",
            Self::Webjs | Self::Silent => "WEBJS",
            Self::Wpp => "WPP",
        }
    }

    /// Engines without a browser give message ids in advance, and list the messages of all chats at once.
    pub(super) fn is_native(self) -> bool {
        matches!(self, Self::Gows | Self::Noweb)
    }

    /// The answer to a sendText.
    pub(super) fn sent(self, said: &Said) -> String {
        let Said {
            chat, message_id, ..
        } = said;
        match self {
            Self::Gows => json!({"id": said.id(), "_data": {}}),
            Self::Noweb => json!({
                "key": {"remoteJid": raw(chat), "fromMe": true, "id": message_id},
                "message": {"extendedTextMessage": {"text": said.text}},
                "messageTimestamp": said.at_s().to_string(), "status": "PENDING",
            }),
            Self::Webjs | Self::Wpp => json!({
                "id": {"fromMe": true, "remote": chat, "id": message_id, "_serialized": said.id()}, "ack": 0,
            }),
            Self::Silent => return String::new(),
        }
        .to_string()
    }

    /// A message as events and lists show it (`WAMessage`).
    pub(super) fn message(self, said: &Said) -> Value {
        let Said {
            chat,
            message_id,
            from_me,
            name,
            text,
            ..
        } = said;
        let body = match text.as_str() {
            "" if self.is_native() => Value::Null,
            text => text.into(),
        };
        let (ack, ack_name) = if *from_me {
            (1, "SERVER")
        } else {
            (2, "DEVICE")
        };
        let mut message = json!({
            "id": said.id(), "timestamp": said.at_s(), "from": chat, "fromMe": from_me,
            "source": if *from_me { "api" } else { "app" }, "body": body, "hasMedia": false, "media": null,
            "ack": ack, "ackName": ack_name, "location": null, "vCards": null, "replyTo": null,
        });
        if let Some(media) = &said.media {
            message["hasMedia"] = true.into();
            message["media"] = json!({
                "url": format!("http://localhost:3000/api/files/{}/{}", said.session, said.file_name()),
                "mimetype": media.mimetype, "filename": media.filename,
            });
            if said.download_failed {
                // Without `message`; the stack follows the reason.
                let details = "Error: Failed to fetch stream from https://mmg.example/v/t62/b\n    at getMediaBuffer (/app/x.js:1:1)";
                message["media"] = json!({
                    "url": null, "filename": null, "mimetype": media.mimetype, "error": {"details": details},
                });
            }
        }
        message["_data"] = match self {
            Self::Gows => {
                (message["to"], message["participant"]) = (Value::Null, Value::Null);
                let sender = if *from_me { OUR_NUMBER } else { chat };
                json!({"Info": {"Chat": raw(chat), "Sender": raw(sender), "IsFromMe": from_me, "ID": message_id, "PushName": name}})
            }
            Self::Noweb => json!({
                "key": {"remoteJid": raw(chat), "fromMe": from_me, "id": message_id},
                "messageTimestamp": said.at_s(), "pushName": name, "status": 2,
            }),
            Self::Webjs | Self::Wpp | Self::Silent => {
                let (from, to) = if *from_me {
                    (OUR_NUMBER, chat.as_str())
                } else {
                    (chat.as_str(), OUR_NUMBER)
                };
                (message["from"], message["to"]) = (from.into(), to.into());
                message["vCards"] = json!([]);
                json!({
                    "id": {"fromMe": from_me, "remote": chat, "id": message_id, "_serialized": said.id()},
                    "type": said.media.as_ref().map_or("chat", |media| media.sent_as.raw_type()), "t": said.at_s(), "notifyName": name, "from": from, "to": to,
                })
            }
        };
        message
    }

    /// An edit of the message `original` (a bare id). On NOWEB and GOWS the edit has an id of its own.
    pub(super) fn edit(self, session: &str, edited: &Said, original: &str) -> Value {
        let mut event = self.event("message.edited", session, edited);
        event["payload"]["editedMessageId"] = original.into();
        event["payload"]["body"] = edited.text.as_str().into();
        event
    }

    /// What comes before a message that can't be read yet: for WEBJS and WPP an event of its own, for NOWEB and GOWS a message
    /// without content.
    pub(super) fn placeholder(self, said: &Said) -> Value {
        let empty = Said {
            text: String::new(),
            ..said.clone()
        };
        let name = if self.is_native() {
            "message"
        } else {
            "message.waiting"
        };
        let mut event = self.event(name, &said.session, &empty);
        let content = json!({"placeholderMessage": {"type": 0}});
        match self {
            Self::Gows => event["payload"]["_data"]["Message"] = content,
            Self::Noweb => event["payload"]["_data"]["message"] = content,
            Self::Webjs | Self::Wpp | Self::Silent => {
                event["payload"]["_data"]["type"] = "ciphertext".into();
            }
        }
        event
    }

    /// The event about a message. NOWEB and GOWS give `message` and `message.any` the same envelope id.
    pub(super) fn event(self, event: &str, session: &str, said: &Said) -> Value {
        let of_event = if self.is_native() { "" } else { event };
        let id = format!("{}{of_event}", said.message_id).to_lowercase();
        let id = id.replace('.', "x");
        let me = json!({"id": OUR_NUMBER, "pushName": "Loja Exemplo"});
        let mut envelope = self.envelope(event, session, &me, &self.message(said));
        envelope["id"] = format!("evt_{id:0>26}").into();
        envelope["timestamp"] = said.at_ms.into();
        envelope
    }

    /// Any event. Its id is its own.
    pub(super) fn envelope(self, event: &str, session: &str, me: &Value, payload: &Value) -> Value {
        let mut envelope = json!({
            "id": format!("evt_{:0>26}", fastrand::u128(..1 << 100)), "timestamp": now_ms(), "event": event,
            "session": session, "metadata": {}, "me": me, "payload": payload,
            "environment": {"version": "2026.7.1", "engine": self.name(), "tier": "CORE", "browser": null},
        });
        if self != Self::Gows {
            envelope["engine"] = self.name().into();
        }
        envelope
    }
}

/// A chat id as WhatsApp itself writes it.
fn raw(chat: &str) -> String {
    chat.replace("@c.us", "@s.whatsapp.net")
}
