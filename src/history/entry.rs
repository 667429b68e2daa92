//! Reads a stream entry: flat strings become one of the facts that the archive stores.
//!
//! Tolerant on purpose: it ignores unknown keys, optional ones may be missing, numbers may be floats or strings. If the essential is
//! missing (which chat, which message), the entry is refused with a reason.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::event::EventKind;
use super::ids::any_chat;
use super::stream::StreamEntry;
use crate::clock::Millis;
use crate::describe::describe_json;
use crate::ids::{ChatId, ConversationId, MessageId, SessionName};

/// What an entry says.
#[derive(Debug)]
pub(super) enum Entry {
    /// A message that WAHA reported.
    Message(Row),
    /// A message that our sender sent, or failed to send.
    Reply(Row),
    Mark {
        chat: ChatId,
        key: MessageKey,
        at: Millis,
        mark: Mark,
    },
    Conversation {
        id: ConversationId,
        chat: ChatId,
        at: Millis,
        step: ConversationStep,
    },
    Event(EventRow),
    /// A person is erased, under these ids: when it was asked for, and by whom.
    Erase {
        chats: Vec<ChatId>,
        at: Millis,
        by: String,
    },
    /// What is older than `before` shall go.
    Prune {
        before: Millis,
    },
    /// Two ids turned out to be one chat, at `at`.
    Alias {
        lid: ChatId,
        chat: ChatId,
        at: Millis,
    },
}

/// What identifies a message within its chat.
#[derive(Debug)]
pub(super) struct MessageKey {
    pub(super) direction: &'static str,
    pub(super) message_id: MessageId,
}

/// What happened to a message.
#[derive(Debug)]
pub(super) enum Mark {
    Ack(i64),
    Failed(Option<String>),
    /// The new text, if it is known.
    Edited(Option<String>),
    Revoked,
    Reaction {
        by: String,
        text: String,
    },
}

/// What happened to a conversation.
#[derive(Debug)]
pub(super) enum ConversationStep {
    Opened {
        ticket: Option<i64>,
    },
    Claimed {
        process: String,
    },
    /// It went back to its place in line: its process stopped or died.
    Requeued,
    Closed {
        outcome: Option<String>,
        variables: String,
        by: Option<String>,
    },
}

/// What people did with a conversation, or with a line; a row of the table `conversation_event`. What it lacks is empty.
#[derive(Debug)]
pub(super) struct EventRow {
    /// The conversation and its chat; `None` for what happened to a line.
    pub(super) conversation: Option<(ConversationId, ChatId)>,
    pub(super) at: Millis,
    pub(super) kind: EventKind,
    pub(super) by: String,
    pub(super) team: String,
    pub(super) what: String,
    pub(super) text: String,
}

/// A row of the table `message`; also kept as JSON in the table `echo`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) session: SessionName,
    pub(super) direction: String,
    #[serde(rename = "stanza")]
    pub(super) message_id: Option<MessageId>,
    #[serde(deserialize_with = "any_chat")]
    pub(super) chat: ChatId,
    pub(super) conversation: Option<ConversationId>,
    pub(super) author: String,
    pub(super) kind: String,
    pub(super) text: String,
    pub(super) media: Option<String>,
    pub(super) location: Option<String>,
    pub(super) contacts: Option<String>,
    pub(super) quoted: Option<MessageId>,
    pub(super) name: Option<String>,
    pub(super) sent_at: Millis,
    pub(super) received_at: Option<Millis>,
    pub(super) at: Millis,
    pub(super) reply_id: Option<String>,
    pub(super) state: Option<String>,
    pub(super) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<String>,
}

impl Entry {
    /// The chats that it is about.
    pub(super) fn chats(&self) -> Vec<ChatId> {
        match self {
            Entry::Message(row) | Entry::Reply(row) => vec![row.chat.clone()],
            Entry::Mark { chat, .. } | Entry::Conversation { chat, .. } => vec![chat.clone()],
            Entry::Event(row) => row
                .conversation
                .iter()
                .map(|(_, chat)| chat.clone())
                .collect(),
            Entry::Erase { chats, .. } => chats.clone(),
            Entry::Prune { .. } => Vec::new(),
            Entry::Alias { lid, chat, .. } => vec![lid.clone(), chat.clone()],
        }
    }

    /// Whether something is removed because of it.
    pub(super) fn removes(&self) -> bool {
        matches!(self, Entry::Erase { .. } | Entry::Prune { .. })
    }

    /// Reads an entry that entered its stream at `entered_at`.
    ///
    /// # Errors
    /// The reason, if it can't be understood.
    pub(super) fn read(entry: &StreamEntry, entered_at: Millis) -> Result<Entry, String> {
        let kind = field(entry, "kind").ok_or("no field `kind`")?;
        match kind {
            "message" => Ok(Entry::Message(row(entry, entered_at)?)),
            "reply" => {
                let mut row = row(entry, entered_at)?;
                row.state =
                    Some(filled(field(entry, "state")).unwrap_or_else(|| "sent".to_owned()));
                row.reason = filled(field(entry, "reason"));
                Ok(Entry::Reply(row))
            }
            "ack" | "edited" | "revoked" | "reaction" => mark(entry, kind, entered_at),
            "opened" | "claimed" | "requeued" | "closed" => conversation(entry, kind, entered_at),
            "alias" => alias(entry, entered_at),
            "erase" => erase(entry, entered_at),
            "prune" => {
                let before = field(entry, "before").and_then(time);
                let before = before.ok_or("no time `before`")?;
                Ok(Entry::Prune { before })
            }
            other => match EventKind::named(other) {
                Some(kind) => event(entry, kind, entered_at),
                None => Err(format!("unknown kind `{other}`")),
            },
        }
    }
}

/// The data of `message` and `reply`.
#[derive(Deserialize)]
struct MessageData<'a> {
    chat: String,
    #[serde(rename = "stanza")]
    message_id: Option<String>,
    direction: RowDirection,
    author: Option<String>,
    kind: Option<String>,
    text: Option<String>,
    #[serde(borrow)]
    media: Option<&'a RawValue>,
    #[serde(borrow)]
    location: Option<&'a RawValue>,
    #[serde(borrow)]
    contacts: Option<&'a RawValue>,
    quoted: Option<String>,
    name: Option<String>,
    #[serde(default)]
    sent_at: Number,
    #[serde(default)]
    received_at: Number,
    reply_id: Option<String>,
    by: Option<String>,
}

/// The data of `ack`, `edited`, `revoked` and `reaction`.
#[derive(Deserialize)]
struct MarkData<'a> {
    chat: Option<String>,
    #[serde(rename = "stanza")]
    message_id: String,
    direction: RowDirection,
    #[serde(default)]
    at: Number,
    #[serde(default)]
    ack: Number,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    text: Option<String>,
    by: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RowDirection {
    Inbound,
    Outbound,
}

impl RowDirection {
    fn name(self) -> &'static str {
        match self {
            RowDirection::Inbound => "inbound",
            RowDirection::Outbound => "outbound",
        }
    }
}

fn row(entry: &StreamEntry, entered_at: Millis) -> Result<Row, String> {
    let said: MessageData<'_> = data(entry)?;
    // The field says which chat it belongs to; the data, which id it came under.
    let chat = filled(field(entry, "chat")).unwrap_or(said.chat);
    if chat.is_empty() {
        return Err("data: empty `chat`".to_owned());
    }
    let reply = field(entry, "kind") == Some("reply");
    let author = said.author.filter(|author| !author.is_empty());
    let (sent_at, at) = moment(said.sent_at.time(), said.received_at.time(), entered_at);
    Ok(Row {
        session: entry.session.clone(),
        direction: said.direction.name().to_owned(),
        message_id: some(said.message_id).map(MessageId::stored),
        chat: ChatId::stored(chat),
        conversation: filled(field(entry, "conversation")).map(ConversationId::stored),
        // Our sender knows the author better than WAHA does.
        author: filled(field(entry, "author"))
            .or(author)
            .unwrap_or_else(|| {
                match (said.direction, reply) {
                    (RowDirection::Inbound, _) => "customer",
                    (RowDirection::Outbound, true) => "bot",
                    (RowDirection::Outbound, false) => "phone",
                }
                .to_owned()
            }),
        kind: some(said.kind).unwrap_or_else(|| "text".to_owned()),
        text: said.text.unwrap_or_default(),
        media: json(said.media),
        location: json(said.location),
        contacts: json(said.contacts),
        quoted: some(said.quoted).map(MessageId::stored),
        name: some(said.name),
        sent_at,
        received_at: said.received_at.time(),
        at,
        // Only the sender's own report says which reply it is.
        reply_id: some(said.reply_id).filter(|_| reply),
        state: None,
        reason: None,
        by: some(said.by).filter(|_| reply),
    })
}

/// WAHA's time, and the best guess of the exact time.
///
/// WAHA mostly gives whole seconds, we use milliseconds: a question sent at 5.3 s and its answer from 5.9 s, reported as 5.0, would
/// swap places. Within that second, the time of arrival is more exact; after it, the message only arrived late.
fn moment(sent: Option<Millis>, received: Option<Millis>, entered_at: Millis) -> (Millis, Millis) {
    let sent = sent.or(received).unwrap_or(entered_at);
    let at = match received {
        Some(received) if sent.as_i64() % 1000 == 0 => {
            received.clamp(sent, sent + Duration::from_millis(999))
        }
        _ => sent,
    };
    (sent, at)
}

fn mark(entry: &StreamEntry, kind: &str, entered_at: Millis) -> Result<Entry, String> {
    let marked: MarkData<'_> = data(entry)?;
    if marked.message_id.is_empty() {
        return Err("data: empty `stanza`".to_owned());
    }
    let chat = filled(field(entry, "chat"))
        .or(some(marked.chat))
        .ok_or("data: no `chat`")?;
    let mark = match kind {
        "ack" => match marked.ack.0 {
            Some(level) if level < 0 => Mark::Failed(json(marked.error).map(|error| plain(&error))),
            Some(level) => Mark::Ack(level),
            None => return Err("data: no `ack`".to_owned()),
        },
        "edited" => Mark::Edited(some(marked.text)),
        "revoked" => Mark::Revoked,
        _ => Mark::Reaction {
            by: marked.by.unwrap_or_default(),
            text: marked.text.unwrap_or_default(),
        },
    };
    Ok(Entry::Mark {
        chat: ChatId::stored(chat),
        key: MessageKey {
            direction: marked.direction.name(),
            message_id: MessageId::stored(marked.message_id),
        },
        at: marked.at.time().unwrap_or(entered_at),
        mark,
    })
}

fn conversation(entry: &StreamEntry, kind: &str, entered_at: Millis) -> Result<Entry, String> {
    let (id, chat) = conversation_of(entry)?;
    let step = match kind {
        "opened" => ConversationStep::Opened {
            ticket: field(entry, "ticket").and_then(number),
        },
        "claimed" => ConversationStep::Claimed {
            process: field(entry, "process").unwrap_or_default().to_owned(),
        },
        "requeued" => ConversationStep::Requeued,
        _ => ConversationStep::Closed {
            outcome: filled(field(entry, "outcome")),
            variables: variables(field(entry, "variables").unwrap_or_default())?,
            by: filled(field(entry, "by")),
        },
    };
    Ok(Entry::Conversation {
        id,
        chat,
        at: field(entry, "at").and_then(time).unwrap_or(entered_at),
        step,
    })
}

fn conversation_of(entry: &StreamEntry) -> Result<(ConversationId, ChatId), String> {
    let id = filled(field(entry, "conversation")).ok_or("no field `conversation`")?;
    let chat = filled(field(entry, "chat")).ok_or("no field `chat`")?;
    Ok((ConversationId::stored(id), ChatId::stored(chat)))
}

fn event(entry: &StreamEntry, kind: EventKind, entered_at: Millis) -> Result<Entry, String> {
    let get = |name: &str| field(entry, name).unwrap_or_default();
    let mut what = kind.detail().map_or("", get).to_owned();
    let mut team = get("team").to_owned();
    if kind.is_audit() != entry.session.as_str().is_empty() {
        return Err(format!("`{}` in the wrong stream", kind.name()));
    }
    let before = get("before");
    match kind {
        EventKind::Taken if what == "agent" && !before.is_empty() => {
            what = format!("agent:{before}");
        }
        EventKind::Given => {
            if let Some(to) = what.strip_prefix("team:") {
                team = to.to_owned();
            }
        }
        EventKind::Rated if !matches!(what.as_str(), "1" | "2" | "3" | "4" | "5") => {
            return Err(format!("rating: `{what}` is not 1 to 5"));
        }
        _ => {}
    }
    Ok(Entry::Event(EventRow {
        conversation: match kind.is_of_a_conversation() {
            true => Some(conversation_of(entry)?),
            false => None,
        },
        at: field(entry, "at").and_then(time).unwrap_or(entered_at),
        kind,
        by: get("by").to_owned(),
        team,
        what,
        text: get(if kind == EventKind::Handoff {
            "note"
        } else {
            "text"
        })
        .to_owned(),
    }))
}

fn alias(entry: &StreamEntry, entered_at: Millis) -> Result<Entry, String> {
    let lid = filled(field(entry, "lid")).ok_or("no field `lid`")?;
    let chat = filled(field(entry, "chat")).ok_or("no field `chat`")?;
    if lid == chat {
        return Err("`lid` and `chat` are the same".to_owned());
    }
    Ok(Entry::Alias {
        lid: ChatId::stored(lid),
        chat: ChatId::stored(chat),
        at: field(entry, "at").and_then(time).unwrap_or(entered_at),
    })
}

fn erase(entry: &StreamEntry, entered_at: Millis) -> Result<Entry, String> {
    let chats = field(entry, "chats").ok_or("no field `chats`")?;
    let chats: Vec<String> =
        serde_json::from_str(chats).map_err(|error| format!("chats: {}", describe_json(&error)))?;
    Ok(Entry::Erase {
        chats: chats.into_iter().map(ChatId::stored).collect(),
        at: field(entry, "at").and_then(time).unwrap_or(entered_at),
        // The version before did not say it.
        by: field(entry, "by").unwrap_or_default().to_owned(),
    })
}

/// The variables as a JSON object. An empty Lua table is encoded as a list, or as nothing.
fn variables(text: &str) -> Result<String, String> {
    if matches!(text.trim(), "" | "[]" | "null") {
        return Ok("{}".to_owned());
    }
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text)
        .map(|_| text.to_owned())
        .map_err(|error| format!("variables: {}", describe_json(&error)))
}

fn data<'a, T: Deserialize<'a>>(entry: &'a StreamEntry) -> Result<T, String> {
    let data = field(entry, "data").ok_or("no field `data`")?;
    serde_json::from_str(data).map_err(|error| format!("data: {}", describe_json(&error)))
}

fn field<'a>(entry: &'a StreamEntry, name: &str) -> Option<&'a str> {
    entry
        .fields
        .iter()
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.as_str())
}

fn filled(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn some(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// JSON as it came; `None` if it is empty.
fn json(raw: Option<&RawValue>) -> Option<String> {
    raw.map(RawValue::get)
        .filter(|json| !matches!(*json, "null" | "[]" | "{}" | "\"\""))
        .map(str::to_owned)
}

/// A JSON string without its quotes; other JSON as it is.
fn plain(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}

fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| whole(text.parse().ok()?))
}

fn time(text: &str) -> Option<Millis> {
    number(text).map(Millis::new)
}

/// The whole part of a number: WEBJS has fractional times.
fn whole(number: f64) -> Option<i64> {
    // 2^53: above it floats are not exact, and no time or level is that large.
    (number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

/// An integer that may come as a float, as a string, as null, or not at all.
#[derive(Default)]
struct Number(Option<i64>);

impl Number {
    fn time(&self) -> Option<Millis> {
        self.0.map(Millis::new)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Number, E> {
                Ok(Number(Some(n)))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Number, E> {
                Ok(Number(i64::try_from(n).ok()))
            }
            fn visit_f64<E: de::Error>(self, n: f64) -> Result<Number, E> {
                Ok(Number(whole(n)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                Ok(Number(number(text)))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Number, E> {
                Ok(Number(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: i64) -> Millis {
        Millis::new(millis)
    }

    fn read(fields: &[(&str, &str)]) -> Result<Entry, String> {
        let entry = StreamEntry {
            session: SessionName::stored("default"),
            stream_id: "7-0".to_owned(),
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        Entry::read(&entry, ms(7))
    }

    #[test]
    fn a_message_needs_only_chat_and_direction() {
        let Ok(Entry::Message(row)) = read(&[
            ("kind", "message"),
            ("data", r#"{"chat":"a@c.us","direction":"inbound"}"#),
        ]) else {
            panic!("not a message");
        };
        assert_eq!(
            (row.author.as_str(), row.kind.as_str(), row.text.as_str()),
            ("customer", "text", "")
        );
        assert_eq!((row.sent_at, row.at, row.message_id), (ms(7), ms(7), None));
    }

    #[test]
    fn unknown_keys_nulls_floats_and_strings_are_tolerated() {
        let data = r#"{"chat":"a@c.us","direction":"outbound","stanza":"","text":null,"media":null,"contacts":[],
            "location":{"latitude":-23.5,"longitude":"-46.6"},"sent_at":1710481111853.7,"received_at":"1710481112000","new":{"x":[1]}}"#;
        let Ok(Entry::Message(row)) = read(&[
            ("kind", "message"),
            ("data", data),
            ("conversation", ""),
            ("more", ""),
        ]) else {
            panic!("not a message");
        };
        assert_eq!(
            (row.sent_at, row.received_at),
            (ms(1710481111853), Some(ms(1710481112000)))
        );
        assert_eq!(
            (row.message_id, row.media, row.contacts, row.conversation),
            (None, None, None, None)
        );
        assert_eq!(
            row.location.as_deref(),
            Some(r#"{"latitude":-23.5,"longitude":"-46.6"}"#)
        );
        assert_eq!(row.author, "phone");
    }

    #[test]
    fn the_field_wins_over_the_chat_in_the_data() {
        let Ok(Entry::Message(row)) = read(&[
            ("kind", "message"),
            ("data", r#"{"chat":"1@lid","direction":"inbound"}"#),
            ("chat", "a@c.us"),
        ]) else {
            panic!("not a message");
        };
        assert_eq!(row.chat.as_str(), "a@c.us");
    }

    #[test]
    fn a_whole_second_is_refined_by_when_it_was_received_but_only_within_it() {
        let at = |sent: Option<i64>, received: Option<i64>| {
            let (sent, at) = moment(sent.map(Millis::new), received.map(Millis::new), ms(9));
            (sent.as_i64(), at.as_i64())
        };
        assert_eq!(at(Some(5000), Some(5900)), (5000, 5900));
        assert_eq!(at(Some(5000), Some(605_000)), (5000, 5999));
        assert_eq!(at(Some(5000), Some(4000)), (5000, 5000));
        assert_eq!(at(Some(5123), Some(5900)), (5123, 5123));
        assert_eq!(at(None, Some(5900)), (5900, 5900));
        assert_eq!(at(None, None), (9, 9));
    }

    #[test]
    fn what_lacks_the_essential_is_refused_with_a_reason() {
        for (fields, reason) in [
            (&[("data", "{}")][..], "kind"),
            (&[("kind", "birthday")], "birthday"),
            (&[("kind", "message")], "data"),
            (&[("kind", "message"), ("data", "{")], "data"),
            (
                &[
                    ("kind", "message"),
                    ("data", r#"{"chat":"a@c.us","direction":"sideways"}"#),
                ],
                "`inbound` or `outbound`",
            ),
            (
                &[
                    ("kind", "ack"),
                    (
                        "data",
                        r#"{"chat":"a@c.us","stanza":"A","direction":"outbound"}"#,
                    ),
                ],
                "ack",
            ),
            (
                &[
                    ("kind", "revoked"),
                    ("data", r#"{"stanza":"A","direction":"outbound"}"#),
                ],
                "chat",
            ),
            (
                &[
                    ("kind", "revoked"),
                    ("data", r#"{"stanza":"","direction":"outbound"}"#),
                ],
                "stanza",
            ),
            (&[("kind", "opened"), ("chat", "a@c.us")], "conversation"),
            (&[("kind", "alias"), ("chat", "a@c.us")], "lid"),
            (&[("kind", "erase")], "chats"),
            (&[("kind", "erase"), ("chats", "{}")], "chats"),
            (&[("kind", "alias"), ("lid", "1@lid")], "chat"),
            (
                &[("kind", "alias"), ("lid", "1@lid"), ("chat", "1@lid")],
                "same",
            ),
            (
                &[
                    ("kind", "closed"),
                    ("conversation", "1"),
                    ("chat", "a@c.us"),
                    ("variables", "{"),
                ],
                "variables",
            ),
        ] {
            let error = read(fields).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn an_error_ack_keeps_what_came_with_it() {
        for (error, kept) in [
            (r#""463""#, "463"),
            (r#"{"code":"463"}"#, r#"{"code":"463"}"#),
        ] {
            let data = format!(
                r#"{{"chat":"a@c.us","stanza":"A","direction":"outbound","ack":-1,"error":{error}}}"#
            );
            let Ok(Entry::Mark {
                mark: Mark::Failed(Some(error)),
                ..
            }) = read(&[("kind", "ack"), ("data", &data)])
            else {
                panic!("not a failed ack");
            };
            assert_eq!(error, kept);
        }
    }
}
