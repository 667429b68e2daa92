//! The model of unread messages: a later copy completes them, and the customer edits or withdraws them.

use std::collections::BTreeMap;

use waha_sm::clock::Millis;
use waha_sm::ids::ChatId;
use waha_sm::store::{Hearing, Ingest, Ingested, Record};

use super::session::{Chat, Ending, Session, is_hidden, of};
use crate::harness::ms;

/// What we have of messages, by message id: for each chat, the parts of the content.
pub(super) type Seen = BTreeMap<String, Vec<(String, String)>>;

/// Notes that we have these parts of a message, too.
pub(super) fn note(seen: &mut Seen, id: &str, chat: &str, parts: &str) {
    let marks = seen.entry(id.to_owned()).or_default();
    marks.push((chat.to_owned(), parts.to_owned()));
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
    /// What we have of a message: under the person's ids, then under an id that may be their other one.
    pub(super) fn seen(
        &self,
        seen: &Seen,
        id: &str,
        chat: &str,
    ) -> (Option<String>, Option<String>) {
        let (mut known, mut perhaps) = (None::<String>, None::<String>);
        for (marked, parts) in seen.get(id).into_iter().flatten() {
            let marked = self.chat_of(marked);
            let found = match marked == chat {
                true => &mut known,
                false if is_hidden(&marked) != is_hidden(chat) => &mut perhaps,
                false => continue,
            };
            *found = Some(joined(found.as_deref().unwrap_or_default(), parts));
        }
        (known, perhaps)
    }

    /// Returns the expected answer.
    pub(super) fn ingest(&mut self, one: &Ingest, now: Millis) -> Ingested {
        let (id, from) = (one.id.as_str(), one.from.as_str());
        let other = one.other_id.as_ref().map(ChatId::as_str);
        let history_only = one.hearing == Hearing::HistoryOnly;
        let chat = &self.chat_of_person(from, other, now);
        let (known, perhaps) = self.seen(&self.heard, id, chat);
        if let Some(known) = known {
            if has(&known, &one.parts) {
                return Ingested::Duplicate;
            }
            let it = self.chat_mut(chat);
            let unread = it.unread_mut(id).filter(|_| has(&one.parts, &known));
            match unread {
                Some(unread) => {
                    let (mark, _) = split(unread);
                    let (_, fields) = split(&one.message);
                    *unread = format!("{mark}{fields}");
                }
                None if known.is_empty() && !history_only => return self.hear(one, chat, now),
                None => {}
            }
            let entry = format!("message {} {}", one.message, of(chat, from));
            self.expected.push((entry, None));
            note(&mut self.heard, id, chat, &one.parts);
            return Ingested::Duplicate;
        }
        let copied = |(known, perhaps): &(Option<String>, Option<String>)| {
            let known = known.as_ref().or(perhaps.as_ref());
            known.is_some_and(|known| has(known, &one.parts))
        };
        if copied(&(None, perhaps)) {
            return Ingested::Duplicate;
        }
        if !history_only {
            return self.hear(one, chat, now);
        }
        let recorded = self.seen(&self.recorded, id, chat);
        if copied(&recorded) {
            return Ingested::Duplicate;
        }
        self.known.insert(chat.clone());
        self.entry_of_the_last(format!("message {} {}", one.message, of(chat, from)), chat);
        note(&mut self.recorded, id, chat, &one.parts);
        match recorded.0 {
            Some(_) => Ingested::Duplicate,
            None => Ingested::Recorded { first: false },
        }
    }

    fn hear(&mut self, one: &Ingest, chat: &str, now: Millis) -> Ingested {
        let result = self.hear_in(chat, one, now);
        self.came_from(chat, one.from.as_str(), now);
        note(&mut self.heard, one.id.as_str(), chat, &one.parts);
        result
    }

    /// A customer edits (`text`) or withdraws a message.
    pub(super) fn change(
        &mut self,
        record: &Record,
        id: &str,
        at: Millis,
        text: Option<&str>,
        now: Millis,
    ) {
        let from = record.from.as_str();
        let chat = &self.chat_of(from);
        let what = format!("{} {} {}", record.kind, record.data, of(chat, from));
        self.entry_of_the_last(what, chat);
        if self.seen(&self.heard, id, chat).0.is_some() {
            self.change_unread(chat, id, at, text, now);
        } else {
            self.change_ahead(chat, id, (at, text.map(str::to_owned)));
        }
    }

    fn change_ahead(&mut self, chat: &str, id: &str, change: ChangeAhead) {
        let key = (chat.to_owned(), id.to_owned());
        let counts = match (self.ahead.get(&key), &change.1) {
            (None, _) | (_, None) => true,
            (Some((_, None)), Some(_)) => false,
            (Some((before, Some(_))), Some(_)) => *before <= change.0,
        };
        if counts {
            self.ahead.insert(key, change);
        }
    }

    /// A change that came under one id of a person is about the message that came under the other.
    pub(super) fn merge_changes(&mut self, lid: &str, chat: &str, now: Millis) {
        let of = |one: &str, ahead: &BTreeMap<(String, String), ChangeAhead>| -> Vec<_> {
            let all = ahead.iter().filter(|((of, _), _)| of == one);
            all.map(|((_, id), change)| (id.clone(), change.clone()))
                .collect()
        };
        for (id, change) in of(lid, &self.ahead) {
            self.ahead.remove(&(lid.to_owned(), id.clone()));
            self.change_ahead(chat, &id, change);
        }
        for (id, (at, text)) in of(chat, &self.ahead) {
            self.change_unread(chat, &id, at, text.as_deref(), now);
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
        if let Some(held) = it.conversation.as_mut().and_then(|one| one.held.as_mut())
            && held.unanswered.is_some_and(|since| since > held.taken)
        {
            // Nothing is left to answer.
            held.unanswered = None;
        }
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
