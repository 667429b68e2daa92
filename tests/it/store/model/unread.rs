//! The model of unread messages: a later copy completes them, and the customer edits or withdraws them.

use waha_sm::clock::Millis;
use waha_sm::ids::ChatId;
use waha_sm::store::{Hearing, Ingest, Ingested, Record, Recorded};

use super::session::{Chat, Ending, Session, of};
use crate::harness::ms;

/// What we have of a message that had its turn.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    parts: String,
    chat: String,
}

/// The latest change of a message that has not come yet; `None`: it was withdrawn.
pub(super) type ChangeAhead = (Millis, Option<String>);

pub(super) fn is_withdrawn(message: &str) -> bool {
    message.starts_with("{\"withdrawn\":true,")
}

fn number(message: &str, field: &str) -> Millis {
    let message: serde_json::Value = serde_json::from_str(message).unwrap();
    ms(message[field].as_i64().unwrap_or(0))
}

pub(super) fn sent_at(message: &str) -> Millis {
    number(message, "sent_at")
}

/// The mark of an edited message, and its other fields.
fn split(message: &str) -> (&str, &str) {
    message.split_at(message.find("\"stanza\"").unwrap())
}

pub(super) fn edited(message: &str, at: Millis, text: &str) -> String {
    if at < number(message, "edited_at") {
        return message.to_owned();
    }
    let (_, fields) = split(message);
    format!("{{\"edited_at\":{at},\"edited_text\":\"{text}\",{fields}")
}

fn has(known: &str, parts: &str) -> bool {
    parts.chars().all(|part| known.contains(part))
}

fn joined(known: &str, parts: &str) -> String {
    let more = parts.chars().filter(|part| !known.contains(*part));
    known.chars().chain(more).collect()
}

impl Chat {
    fn unread_mut(&mut self, id: &str) -> Option<&mut String> {
        let stanza = format!("\"stanza\":\"{id}\"");
        let mut inbox = self.inbox.iter_mut();
        inbox.find(|message| !is_withdrawn(message) && message.contains(&stanza))
    }

    pub(super) fn has_unread(&self) -> bool {
        self.inbox.iter().any(|message| !is_withdrawn(message))
    }
}

impl Session {
    /// Returns the expected answer.
    pub(super) fn ingest(&mut self, one: &Ingest, now: Millis) -> Ingested {
        let (id, from) = (one.id.as_str(), one.from.as_str());
        let other = one.other_id.as_ref().map(ChatId::as_str);
        let history_only = one.hearing == Hearing::HistoryOnly;
        if let Some(Heard { parts: known, chat }) = self.heard.get(id).cloned() {
            let chat = self.chat_of(&chat);
            if has(&known, &one.parts) {
                return Ingested::Duplicate;
            }
            let it = self.chat_mut(&chat);
            let unread = it.unread_mut(id).filter(|_| has(&one.parts, &known));
            match unread {
                Some(unread) => {
                    let (mark, _) = split(unread);
                    let (_, fields) = split(&one.message);
                    *unread = format!("{mark}{fields}");
                }
                None if known.is_empty() && !history_only => return self.hear(one, other, now),
                None => {}
            }
            let entry = format!("message {} {}", one.message, of(&chat, from));
            self.expected.push((entry, None));
            let parts = joined(&known, &one.parts);
            self.heard.insert(id.to_owned(), Heard { parts, chat });
            return Ingested::Duplicate;
        }
        if !history_only {
            return self.hear(one, other, now);
        }
        let known = self.recorded.get(id).cloned();
        if known.as_ref().is_some_and(|known| has(known, &one.parts)) {
            return Ingested::Duplicate;
        }
        let chat = &self.chat_of_person(from, other, now);
        self.known.insert(chat.clone());
        self.entry_of_the_last(format!("message {} {}", one.message, of(chat, from)), chat);
        let parts = joined(known.as_deref().unwrap_or_default(), &one.parts);
        self.recorded.insert(id.to_owned(), parts);
        match known {
            Some(_) => Ingested::Duplicate,
            None => Ingested::Recorded { first: false },
        }
    }

    fn hear(&mut self, one: &Ingest, other: Option<&str>, now: Millis) -> Ingested {
        let id = one.id.as_str();
        let chat = self.chat_of_person(one.from.as_str(), other, now);
        let result = self.hear_in(&chat, one, now);
        self.came_from(&chat, one.from.as_str(), now);
        let parts = one.parts.clone();
        self.heard.insert(id.to_owned(), Heard { parts, chat });
        result
    }

    /// A customer edits (`text`) or withdraws a message. Returns the expected answer.
    pub(super) fn change(
        &mut self,
        record: &Record,
        id: &str,
        at: Millis,
        text: Option<&str>,
        now: Millis,
    ) -> Recorded {
        let from = record.from.as_str();
        let heard = self.heard.get(id).cloned();
        let chat = &self.chat_of(heard.as_ref().map_or(from, |heard| &heard.chat));
        let known = self.known.contains(chat);
        if known {
            let what = format!("{} {} {}", record.kind, record.data, of(chat, from));
            self.entry_of_the_last(what, chat);
        }
        if heard.is_some() {
            self.change_unread(chat, id, at, text, now);
        } else {
            self.change_ahead(id, at, text);
        }
        match known {
            true => Recorded::Recorded,
            false => Recorded::Ignored,
        }
    }

    fn change_ahead(&mut self, id: &str, at: Millis, text: Option<&str>) {
        let counts = match (self.ahead.get(id), text) {
            (None, _) | (_, None) => true,
            (Some((_, None)), Some(_)) => false,
            (Some((before, Some(_))), Some(_)) => *before <= at,
        };
        if counts {
            self.ahead
                .insert(id.to_owned(), (at, text.map(str::to_owned)));
        }
    }

    fn change_unread(&mut self, chat: &str, id: &str, at: Millis, text: Option<&str>, now: Millis) {
        let it = self.chat_mut(chat);
        let Some(unread) = it.unread_mut(id) else {
            return;
        };
        *unread = match text {
            Some(text) => edited(unread, at, text),
            None => format!("{{\"withdrawn\":true,{}", &unread[1..]),
        };
        if it.has_unread() {
            return;
        }
        it.unread = false;
        let waits = |one: &super::session::Conversation| {
            one.waits() && one.person.is_none() && one.rev == 0
        };
        if it.conversation.as_ref().is_some_and(waits) {
            self.drop_notices(chat);
            let ending = Ending {
                outcome: "withdrawn".to_owned(),
                resumable: false,
            };
            self.close(chat, &ending, "", now);
        }
    }
}
