//! A history in a temporary directory, and the entries to put into it.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::json;
use tempfile::TempDir;

use crate::clock::Millis;
use crate::history::*;
use crate::ids::*;

pub(super) const CHAT: &str = "5511999990000@c.us";

/// Another person.
pub(super) const STRANGER: &str = "5521888880000@c.us";

/// The same person's hidden id.
pub(super) const LID: &str = "123456789012345@lid";

pub(super) const fn ms(millis: i64) -> Millis {
    Millis::new(millis)
}

pub(super) struct Rig {
    pub(super) _dir: TempDir,
    pub(super) path: PathBuf,
    pub(super) archive: Archive,
    pub(super) next: u64,
}

/// The bytes of a history without entries.
static FRESH: OnceLock<Vec<u8>> = OnceLock::new();

fn fresh() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.sqlite");
    drop(Archive::open(&path).unwrap());
    std::fs::read(path).unwrap()
}

impl Rig {
    pub(super) fn new() -> Rig {
        // In memory if the system offers it: on a disk, thousands of small synced commits take minutes.
        let dir = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let path = dir.path().join("history.sqlite");
        // Making the tables takes longer than most tests.
        std::fs::write(&path, FRESH.get_or_init(fresh)).unwrap();
        let archive = Archive::open(&path).unwrap();
        Rig {
            _dir: dir,
            path,
            archive,
            next: 1,
        }
    }

    /// Appends entries under the next stream ids.
    pub(super) fn append(&mut self, entries: &[Fields]) -> Appended {
        let entries: Vec<_> = entries
            .iter()
            .map(|fields| {
                self.next += 1;
                entry(&format!("{}-0", self.next), fields)
            })
            .collect();
        self.archive.append(&entries).unwrap()
    }

    pub(super) fn messages(&self, query: &Query) -> Vec<StoredMessage> {
        let mut all = Vec::new();
        History::open_read_only(&self.path)
            .unwrap()
            .messages(query, |message| {
                all.push(message);
                ControlFlow::Continue(())
            })
            .unwrap();
        all
    }

    pub(super) fn all(&self) -> Vec<StoredMessage> {
        self.messages(&Query::default())
    }

    pub(super) fn one(&self) -> StoredMessage {
        let all = self.all();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.into_iter().next().unwrap()
    }

    pub(super) fn found(&self, search: &str) -> Vec<String> {
        let query = Query {
            search: Some(search.to_owned()),
            ..Query::default()
        };
        self.messages(&query)
            .into_iter()
            .map(|message| message.text)
            .collect()
    }

    /// The events with this word, in words and in order.
    pub(super) fn noted(&self, search: &str) -> Vec<String> {
        let mut all = Vec::new();
        let query = Query {
            search: Some(search.to_owned()),
            ..Query::default()
        };
        History::open_read_only(&self.path)
            .unwrap()
            .events(&query, |event| {
                all.push(format!("{} {}", event.at, event.in_words()));
                ControlFlow::Continue(())
            })
            .unwrap();
        all.sort();
        all
    }

    pub(super) fn conversations(&self, query: &Query) -> Vec<Conversation> {
        let mut all = Vec::new();
        History::open_read_only(&self.path)
            .unwrap()
            .conversations(query, |conversation| {
                all.push(conversation);
                ControlFlow::Continue(())
            })
            .unwrap();
        all
    }
}

pub(super) fn session() -> SessionName {
    SessionName::stored("default")
}

pub(super) fn message_id(text: &str) -> Option<MessageId> {
    Some(MessageId::stored(text))
}

pub(super) type Fields = Vec<(&'static str, String)>;

pub(super) fn entry(stream_id: &str, fields: &Fields) -> StreamEntry {
    StreamEntry {
        session: session(),
        stream_id: stream_id.to_owned(),
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    }
}

pub(super) fn inbound(message_id: &str, text: &str, at: i64) -> Fields {
    let data = json!({"chat": CHAT, "stanza": message_id, "direction": "inbound", "author": "customer", "kind": "text",
        "text": text, "media": null, "name": "Ana", "sent_at": at, "received_at": at + 200, "unheard_of": {}});
    vec![
        ("kind", "message".to_owned()),
        ("data", data.to_string()),
        ("conversation", "c1".to_owned()),
    ]
}

pub(super) fn echo(message_id: &str, text: &str, at: i64) -> Fields {
    let data = json!({"chat": CHAT, "stanza": message_id, "direction": "outbound", "author": "phone", "kind": "text",
        "text": text, "sent_at": at, "received_at": at + 300});
    vec![
        ("kind", "message".to_owned()),
        ("data", data.to_string()),
        ("conversation", String::new()),
    ]
}

pub(super) fn reply(
    id: &str,
    message_id: Option<&str>,
    text: &str,
    at: i64,
    state: &str,
) -> Fields {
    let data = json!({"chat": CHAT, "stanza": message_id, "direction": "outbound", "author": "bot", "kind": "text",
        "text": text, "sent_at": at, "reply_id": id});
    vec![
        ("kind", "reply".to_owned()),
        ("data", data.to_string()),
        ("conversation", "c1".to_owned()),
        ("state", state.to_owned()),
        (
            "reason",
            if state == "failed" {
                "no route".to_owned()
            } else {
                String::new()
            },
        ),
    ]
}

pub(super) fn mark(
    kind: &str,
    message_id: &str,
    direction: &str,
    at: i64,
    more: &serde_json::Value,
) -> Fields {
    let mut data = json!({"chat": CHAT, "stanza": message_id, "direction": direction, "at": at});
    for (key, value) in more.as_object().unwrap() {
        data[key] = value.clone();
    }
    vec![("kind", kind.to_owned()), ("data", data.to_string())]
}

pub(super) fn ack(message_id: &str, level: i64, at: i64) -> Fields {
    mark(
        "ack",
        message_id,
        "outbound",
        at,
        &json!({"ack": level, "error": if level < 0 { Some("463") } else { None }}),
    )
}

pub(super) fn step(kind: &str, id: &str, at: i64, more: &[(&'static str, &str)]) -> Fields {
    let mut fields = vec![
        ("kind", kind.to_owned()),
        ("conversation", id.to_owned()),
        ("chat", CHAT.to_owned()),
        ("at", at.to_string()),
    ];
    fields.extend(
        more.iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    fields
}

/// What a timeline shows, in words.
pub(super) fn words(item: &TimelineItem) -> String {
    match item {
        TimelineItem::Message(message) => message.text.clone(),
        TimelineItem::Event(event) => event.in_words(),
    }
}

/// The same entry of another person, whose device uses the same message ids.
pub(super) fn stranger(mut fields: Fields) -> Fields {
    for (_, value) in &mut fields {
        *value = value.replace(CHAT, STRANGER);
    }
    fields
}

/// The same entry under the hidden id.
pub(super) fn hidden(mut fields: Fields) -> Fields {
    for (_, value) in &mut fields {
        *value = value.replace(CHAT, LID);
    }
    fields
}

/// The hidden id turns out to be the chat.
pub(super) fn alias(at: i64) -> Fields {
    vec![
        ("kind", "alias".to_owned()),
        ("lid", LID.to_owned()),
        ("chat", CHAT.to_owned()),
        ("at", at.to_string()),
    ]
}
