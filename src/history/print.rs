//! How messages and conversations look: text for a terminal, one JSON object per line for programs.

use std::io::{self, Write};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::message::{Conversation, StoredMessage};
use super::status::Status;
use crate::terminal::{jsonl, line, paragraph, time};

impl StoredMessage {
    /// Writes the message for a person, times in `zone`; ends with a newline.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_text(&self, out: &mut impl Write, zone: &TimeZone) -> io::Result<()> {
        let arrow = if self.direction == "inbound" {
            '→'
        } else {
            '←'
        };
        write!(
            out,
            "{}  {}  {}",
            time(self.at, zone),
            line(self.chat.as_str()),
            line(&self.author)
        )?;
        let name = match self.direction.as_str() {
            "inbound" => &self.name,
            _ => &self.by,
        };
        if let Some(name) = name {
            write!(out, " {}", line(name))?;
        }
        write!(out, " {arrow}")?;
        if let Some(attached) = self.attached() {
            write!(out, " [{}]", line(&attached))?;
        }
        if !self.text.is_empty() {
            write!(out, " {}", paragraph(&self.text))?;
        }
        for note in self.notes(zone) {
            write!(out, " ({})", line(&note))?;
        }
        writeln!(out)
    }

    /// Writes the message as one line of JSON with all its fields; ends with a newline.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        jsonl(self, out)
    }

    /// What came with the text, or instead of it.
    fn attached(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.kind != "text" {
            parts.push(self.kind.clone());
        }
        let values = |object: &Option<Value>, keys: &[&str]| -> Vec<String> {
            let object = object.as_ref();
            keys.iter()
                .filter_map(|key| object?.get(key).and_then(shown))
                .collect()
        };
        parts.extend(values(&self.media, &["filename", "mimetype", "url"]));
        parts.extend(
            values(&self.media, &["error"])
                .iter()
                .map(|error| format!("error {error}")),
        );
        parts.extend(values(
            &self.location,
            &["latitude", "longitude", "name", "address"],
        ));
        if let Some(Value::Array(contacts)) = &self.contacts {
            let names = contacts
                .iter()
                .filter_map(Value::as_str)
                .filter_map(|card| {
                    card.lines()
                        .find_map(|line| line.strip_prefix("FN:").map(str::to_owned))
                });
            parts.extend(names);
        }
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// What happened to it afterwards.
    fn notes(&self, zone: &TimeZone) -> Vec<String> {
        let mut notes = Vec::new();
        let known = self.edits.iter().rfind(|edit| edit.text.is_some());
        if let (Some(edit), Some(first)) = (known, &self.first_text) {
            notes.push(format!("edited {}, first: {first}", time(edit.at, zone)));
        }
        if let Some(edit) = self.edits.last().filter(|edit| edit.text.is_none()) {
            notes.push(format!("edited {}, new words unknown", time(edit.at, zone)));
        }
        if let Some(at) = self.revoked_at {
            notes.push(format!("revoked {}", time(at, zone)));
        }
        notes.extend(self.reactions.iter().map(|reaction| reaction.text.clone()));
        if self.failed {
            let why = self.error.as_ref().map(|error| format!(": {error}"));
            notes.push(format!("failed{}", why.unwrap_or_default()));
        } else if self.direction == "outbound" {
            notes.extend(self.ack.and_then(ack_name).map(str::to_owned));
        }
        notes
    }
}

impl Conversation {
    /// Writes the conversation for a person, times in `zone`; ends with a newline.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_text(&self, out: &mut impl Write, zone: &TimeZone) -> io::Result<()> {
        let began = self.opened_at.or(self.claimed_at).or(self.closed_at);
        let began = began.map_or_else(|| "unknown".to_owned(), |at| time(at, zone));
        write!(out, "{began}  {}", line(self.chat.as_str()))?;
        if let Some(ticket) = self.ticket {
            write!(out, "  #{ticket}")?;
        }
        write!(out, "  {}", line(&self.state()))?;
        if let Some(team) = &self.team {
            write!(out, "  team {}", line(team))?;
        }
        if let Some(holder) = self
            .holder
            .as_ref()
            .filter(|_| self.status != Status::Agent)
        {
            write!(out, "  answered by {}", line(holder))?;
        }
        if let Some(time) = self.waiting {
            write!(out, "  waited {}", duration(time))?;
        }
        if let Some(time) = self.handling {
            write!(out, "  handled in {}", duration(time))?;
        }
        if let Some(time) = self.person_waiting {
            write!(out, "  waited for a person {}", duration(time))?;
        }
        if let Some(rating) = self.rating {
            write!(out, "  rated {rating}")?;
        }
        if self.requeued > 0 {
            write!(out, "  requeued {}", self.requeued)?;
        }
        if let Some(Value::Object(variables)) = &self.variables {
            for (name, value) in variables {
                write!(
                    out,
                    "  {}={}",
                    line(name),
                    line(&shown(value).unwrap_or_default())
                )?;
            }
        }
        writeln!(out)
    }

    /// Where it is, or how it ended, in words.
    fn state(&self) -> String {
        let state = match self.status {
            Status::Closed => self.outcome.as_deref().unwrap_or("closed"),
            Status::Waiting if self.requeued > 0 => "back in line",
            Status::Waiting => "waiting",
            Status::Active => "active now",
            Status::Handoff if self.priority.as_deref() == Some("urgent") => {
                "waiting for a person, urgent"
            }
            Status::Handoff => "waiting for a person",
            Status::Agent => match &self.holder {
                Some(holder) => return format!("with {holder}"),
                None => "with an agent",
            },
            Status::Phone => "answered from the phone",
        };
        state.to_owned()
    }

    /// Writes the conversation as one line of JSON with all its fields; ends with a newline.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        jsonl(self, out)
    }
}

pub(super) fn ack_name(level: i64) -> Option<&'static str> {
    match level {
        1 => Some("sent"),
        2 => Some("delivered"),
        3 => Some("read"),
        4 => Some("played"),
        _ => None,
    }
}

/// Short, like `2m 4s`.
pub(super) fn duration(time: Duration) -> String {
    let duration = match time.as_secs() {
        0 => SignedDuration::from_millis(time.subsec_millis().into()),
        seconds => SignedDuration::from_secs(seconds.cast_signed()),
    };
    format!("{duration:#}")
}

/// A JSON value as a person would write it; `None` for null and "".
pub(super) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;
    use crate::history::message::Edit;
    use crate::ids::{ChatId, ConversationId, MessageId, SessionName};
    use crate::terminal::is_unsafe;

    fn message() -> StoredMessage {
        StoredMessage {
            row: 1,
            session: SessionName::stored("default"),
            chat: ChatId::stored("5511999990000@c.us"),
            conversation: None,
            message_id: Some(MessageId::stored("A")),
            direction: "inbound".to_owned(),
            author: "customer".to_owned(),
            by: None,
            kind: "text".to_owned(),
            text: "Olá".to_owned(),
            first_text: None,
            edits: Vec::new(),
            revoked_at: None,
            media: None,
            location: None,
            contacts: None,
            quoted: None,
            name: Some("Ana".to_owned()),
            at: Millis::new(1_789_900_801_123),
            sent_at: Millis::new(1_789_900_801_000),
            received_at: None,
            reply_id: None,
            state: None,
            ack: None,
            ack_at: None,
            failed: false,
            error: None,
            reactions: Vec::new(),
        }
    }

    fn text(message: &StoredMessage) -> String {
        let mut out = Vec::new();
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        message.write_text(&mut out, &zone).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn json(message: &StoredMessage) -> String {
        let mut out = Vec::new();
        message.write_jsonl(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_message_is_one_readable_line() {
        let inbound = message();
        assert_eq!(
            text(&inbound),
            "2026-09-20 07:40:01  5511999990000@c.us  customer Ana → Olá\n"
        );
        let outbound = StoredMessage {
            direction: "outbound".to_owned(),
            author: "bot".to_owned(),
            kind: "document".to_owned(),
            media: Some(
                serde_json::json!({"url": "http://w/f.pdf", "mimetype": "application/pdf", "filename": null}),
            ),
            ack: Some(3),
            ..message()
        };
        assert_eq!(
            text(&outbound),
            "2026-09-20 07:40:01  5511999990000@c.us  bot ← [document application/pdf http://w/f.pdf] Olá (read)\n"
        );
    }

    #[test]
    fn a_message_of_an_agent_names_the_agent() {
        let said = StoredMessage {
            direction: "outbound".to_owned(),
            author: "agent".to_owned(),
            by: Some("ana".to_owned()),
            ack: Some(2),
            ..message()
        };
        assert_eq!(
            text(&said),
            "2026-09-20 07:40:01  5511999990000@c.us  agent ana ← Olá (delivered)\n"
        );
    }

    #[test]
    fn an_edit_says_what_was_there_first_or_that_its_words_are_unknown() {
        let edit = |text: Option<&str>| Edit {
            at: Millis::new(1_789_900_861_000),
            text: text.map(str::to_owned),
        };
        let unread = StoredMessage {
            edits: vec![edit(None)],
            ..message()
        };
        assert!(
            text(&unread).ends_with("→ Olá (edited 2026-09-20 07:41:01, new words unknown)\n"),
            "{}",
            text(&unread)
        );
        let later = StoredMessage {
            first_text: Some("Ola".to_owned()),
            edits: vec![edit(Some("Olá")), edit(None)],
            ..message()
        };
        assert!(
            text(&later).ends_with(
                "→ Olá (edited 2026-09-20 07:41:01, first: Ola) (edited 2026-09-20 07:41:01, new words unknown)\n"
            ),
            "{}",
            text(&later)
        );
    }

    #[test]
    fn nothing_a_customer_writes_steers_the_terminal_or_forges_a_line() {
        let hostile = StoredMessage {
            text: "a\u{1b}[2J\u{9b}2J\u{7f}\rb\u{202e}c\0\n2026-09-20 07:00:02  x@c.us  bot ← pay\u{2028}here".to_owned(),
            name: Some("A\nB\u{1b}]0;x\u{7}".to_owned()),
            ..message()
        };
        let shown = text(&hostile);
        assert!(
            !shown.chars().any(|c| c != '\n' && is_unsafe(c)),
            "{shown:?}"
        );
        assert_eq!(
            shown,
            "2026-09-20 07:40:01  5511999990000@c.us  customer A\\nB\\u{1b}]0;x\\u{7} → \
             a\\u{1b}[2J\\u{9b}2J\\u{7f}\\rb\\u{202e}c\\u{0}\n    2026-09-20 07:00:02  x@c.us  bot ← pay\\u{2028}here\n"
        );
        let line = json(&hostile);
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.trim_end().chars().any(is_unsafe), "{line:?}");
        let back: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["text"], hostile.text);
    }

    #[test]
    fn emojis_made_of_several_characters_stay_whole() {
        let family = StoredMessage {
            text: "👨‍👩‍👧 ok".to_owned(),
            ..message()
        };
        assert!(text(&family).contains("👨‍👩‍👧 ok"));
    }

    #[test]
    fn a_conversation_tells_its_times_and_variables() {
        let conversation = Conversation {
            session: SessionName::stored("default"),
            id: ConversationId::stored("c1"),
            chat: ChatId::stored("5511999990000@c.us"),
            status: Status::Closed,
            ticket: Some(12),
            opened_at: Some(Millis::new(1_789_900_801_000)),
            claimed_at: Some(Millis::new(1_789_900_801_250)),
            closed_at: Some(Millis::new(1_789_900_926_000)),
            outcome: Some("booked".to_owned()),
            variables: Some(serde_json::json!({"cpf": "1\u{1b}", "n": 2})),
            waiting: Some(Duration::from_millis(250)),
            handling: Some(Duration::from_millis(124_750)),
            requeued: 1,
            process: None,
            team: None,
            priority: None,
            holder: None,
            handed_off_at: None,
            taken_at: None,
            person_waiting: None,
            rating: None,
            rated_at: None,
            closed_by: None,
            events: Vec::new(),
        };
        let mut out = Vec::new();
        conversation.write_text(&mut out, &TimeZone::UTC).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "2026-09-20 10:40:01  5511999990000@c.us  #12  booked  waited 250ms  handled in 2m 4s  requeued 1  cpf=1\\u{1b}  n=2\n"
        );
    }
}
