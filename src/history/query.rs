//! The reading side: messages and conversations, filtered, oldest first, one at a time.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::chat_names::ChatNames;
use super::error::{HistoryError, failed};
use super::event::{EventKind, StoredEvent};
use super::message::{Conversation, Edit, StoredMessage};
use super::schema;
use super::search::Search;
use super::status::Status;
use super::times::length;
use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, SessionName};

/// What to read; an empty query reads everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only this chat, by any id it has had.
    pub chat: Option<ChatNames>,
    /// Only what was said at this time or later; conversations that were not closed before it.
    pub since: Option<Millis>,
    /// Only what was said before this time; conversations that were opened before it.
    pub until: Option<Millis>,
    /// Only the last so many.
    pub last: Option<u32>,
    /// Only conversations with this outcome, or their messages.
    pub outcome: Option<String>,
    /// Only messages and notes with all these words, or conversations that have such a message or note. The last word may
    /// be the beginning of one; accents and case do not matter.
    pub search: Option<String>,
    /// Only this session, as the user typed its name.
    pub session: Option<String>,
    /// Only these sessions; empty: any. It is for readers who may see some of them only.
    pub sessions: Vec<SessionName>,
    /// Only what `customer`, `bot`, `agent`, `phone`, or the agent with this name said, or conversations in which they said something.
    pub author: Option<String>,
    /// Only customers whose WhatsApp name contains this; accents and case do not matter.
    pub name: Option<String>,
}

/// The history file, open for reading. The daemon may write to it at the same time; each query sees the
/// state at its start.
#[derive(Debug)]
pub struct History {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
}

impl History {
    /// Opens the file without changing it.
    ///
    /// # Errors
    /// When there is no such file, or it is of another version, or it does not open.
    pub fn open_read_only(path: &Path) -> Result<History, HistoryError> {
        Ok(History {
            db: schema::open_for_reading(path)?,
            path: path.to_owned(),
        })
    }

    /// The id of the file, which it keeps when it is moved, copied or restored from a backup.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn file_id(&self) -> Result<String, HistoryError> {
        schema::file_id(&self.db).map_err(failed(&self.path, "reading its id"))
    }

    /// Calls `each` with every message that `query` asks for, oldest first, until it breaks.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn messages(
        &self,
        query: &Query,
        each: impl FnMut(StoredMessage) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        let mut filter = Filter::default();
        filter.messages(query);
        // The plus sign keeps SQLite from reading all messages in order of time when the words match only a few.
        let order = match filter.searches {
            true => ["+m.at", "m.id"],
            false => ["m.at", "m.id"],
        };
        self.read(
            include_str!("sql/messages.sql"),
            filter,
            &order,
            query.last,
            message,
            each,
        )
        .map_err(failed(&self.path, "reading messages"))
    }

    /// Calls `each` with every message that `query` asks for and that was stored after row `after`, in the order in which they
    /// were stored.
    pub(super) fn messages_after(
        &self,
        query: &Query,
        after: i64,
        each: impl FnMut(StoredMessage) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        let mut filter = Filter::default();
        filter.messages(query);
        filter.all("m.id > ?", [after.into()]);
        self.read(
            include_str!("sql/messages.sql"),
            filter,
            &["m.id"],
            None,
            message,
            each,
        )
        .map_err(failed(&self.path, "reading new messages"))
    }

    /// The newest row of the messages and that of the events, and a number that changes when another process writes to the file.
    pub(super) fn newest_rows(&self) -> Result<(i64, i64, i64), HistoryError> {
        let read = || {
            let version = self
                .db
                .pragma_query_value(None, "data_version", |row| row.get(0))?;
            let newest = |sql| self.db.prepare_cached(sql)?.query_row([], |row| row.get(0));
            let message = newest("SELECT coalesce(max(id), 0) FROM message")?;
            let event = newest("SELECT coalesce(max(id), 0) FROM conversation_event")?;
            Ok((message, event, version))
        };
        read().map_err(failed(&self.path, "reading new messages"))
    }

    /// Runs `read`, which may read several times, on one state of the file.
    pub(super) fn at_one_moment<T>(
        &self,
        read: impl FnOnce() -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        let transaction = self
            .db
            .unchecked_transaction()
            .map_err(failed(&self.path, "reading messages"))?;
        let result = read();
        drop(transaction);
        result
    }

    /// Whether anything was said in this chat, in any session.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn knows_chat(&self, chat: &ChatNames) -> Result<bool, HistoryError> {
        let mut filter = Filter::default();
        filter.chat("m", chat);
        let sql = format!("SELECT 1 FROM message m {}", filter.sql());
        let read = || {
            self.db
                .prepare(&sql)?
                .exists(params_from_iter(filter.values))
        };
        read().map_err(failed(&self.path, "looking for a chat"))
    }

    /// The sessions that the history knows.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn sessions(&self) -> Result<Vec<String>, HistoryError> {
        let read = || {
            self.db
                .prepare("SELECT session FROM position WHERE session <> '' ORDER BY session")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(failed(&self.path, "looking for sessions"))
    }

    /// Calls `each` with every conversation that `query` asks for, first opened first, until it breaks.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn conversations(
        &self,
        query: &Query,
        each: impl FnMut(Conversation) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        let mut filter = Filter::conversations(query);
        filter.period_of_conversations(query);
        let order = [BEGAN, "c.ticket", "c.id"];
        self.read(
            include_str!("sql/conversations.sql"),
            filter,
            &order,
            query.last,
            conversation,
            each,
        )
        .map_err(failed(&self.path, "reading conversations"))
    }

    /// Reads what `select` and `filter` ask for, in ascending order of these columns; only the `last` of them if it is given.
    pub(super) fn read<T>(
        &self,
        select: &str,
        filter: Filter,
        order: &[&str],
        last: Option<u32>,
        of: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        mut each: impl FnMut(T) -> ControlFlow<()>,
    ) -> rusqlite::Result<()> {
        let (direction, limit) = match last {
            Some(last) => (" DESC", format!("LIMIT {last}")),
            None => ("", String::new()),
        };
        let order: Vec<String> = order
            .iter()
            .map(|column| format!("{column}{direction}"))
            .collect();
        let sql = format!(
            "{select} {} ORDER BY {} {limit}",
            filter.sql(),
            order.join(", ")
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(filter.values))?;
        if last.is_some() {
            let newest_first: Vec<T> = rows.mapped(of).collect::<Result<_, _>>()?;
            for one in newest_first.into_iter().rev() {
                if each(one).is_break() {
                    break;
                }
            }
            return Ok(());
        }
        while let Some(row) = rows.next()? {
            if each(of(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// When a conversation began: its first step that we know of.
pub(super) const BEGAN: &str = "coalesce(c.opened_at, c.claimed_at, c.closed_at)";

/// Conditions that must all hold, and the values of their question marks in order.
#[derive(Default)]
pub(super) struct Filter {
    conditions: Vec<String>,
    pub(super) values: Vec<Value>,
    searches: bool,
}

impl Filter {
    pub(super) fn all(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.conditions.push(condition.to_owned());
        self.values.extend(values);
    }

    /// Everything that limits messages.
    fn messages(&mut self, query: &Query) {
        self.message_facts(query);
        if let Some(since) = query.since {
            self.all("m.at >= ?", [since.as_i64().into()]);
        }
        if let Some(until) = query.until {
            self.all("m.at < ?", [until.as_i64().into()]);
        }
        self.words(&Search::of(query.search.as_deref().unwrap_or_default()));
    }

    /// Everything that limits messages, except the period and the words.
    pub(super) fn message_facts(&mut self, query: &Query) {
        self.chat_and_session("m", query);
        if let Some(outcome) = &query.outcome {
            self.all(
                "EXISTS (SELECT 1 FROM conversation c WHERE c.session = m.session AND c.id = m.conversation AND c.outcome = ?)",
                [outcome.clone().into()],
            );
        }
        if let Some(author) = &query.author {
            self.all(
                "(m.author = ? OR m.by = ?)",
                [author.clone().into(), author.clone().into()],
            );
        }
    }

    /// The period of conversations.
    pub(super) fn period_of_conversations(&mut self, query: &Query) {
        if let Some(since) = query.since {
            self.all(
                "(c.closed_at IS NULL OR c.closed_at >= ?)",
                [since.as_i64().into()],
            );
        }
        if let Some(until) = query.until {
            self.all(&format!("{BEGAN} < ?"), [until.as_i64().into()]);
        }
    }

    /// Everything that limits conversations, except the period.
    pub(super) fn conversations(query: &Query) -> Filter {
        let mut filter = Filter::default();
        filter.chat_and_session("c", query);
        if let Some(outcome) = &query.outcome {
            filter.all("c.outcome = ?", [outcome.clone().into()]);
        }
        if let Some(author) = &query.author {
            filter.all(
                "EXISTS (SELECT 1 FROM message m WHERE m.chat = c.chat AND m.session = c.session
                    AND m.conversation = c.id AND (m.author = ? OR m.by = ?))",
                [author.clone().into(), author.clone().into()],
            );
        }
        let search = Search::of(query.search.as_deref().unwrap_or_default());
        let (mut words, mut notes) = (Filter::default(), Filter::default());
        words.words(&search);
        notes.words_of_notes(&search);
        if !words.conditions.is_empty() {
            let within = format!(
                "(c.session, c.id) IN (SELECT m.session, m.conversation FROM message m {}
                    UNION SELECT e.session, e.conversation FROM conversation_event e {})",
                words.sql(),
                notes.sql()
            );
            filter.all(&within, words.values.into_iter().chain(notes.values));
        }
        filter
    }

    pub(super) fn chat(&mut self, table: &str, ChatNames(names): &ChatNames) {
        let values = vec!["(?)"; names.len()].join(", ");
        let marks = vec!["?"; names.len()].join(", ");
        // Messages of a hidden id are stored under the chat it belongs to.
        let condition = format!(
            "{table}.chat IN (VALUES {values} UNION SELECT chat FROM alias WHERE lid IN ({marks}))"
        );
        let names = names.iter().cloned().map(Value::from);
        self.all(&condition, names.clone().chain(names));
    }

    fn chat_and_session(&mut self, table: &str, query: &Query) {
        if let Some(chat) = &query.chat {
            self.chat(table, chat);
        }
        if let Some(session) = &query.session {
            self.all(&format!("{table}.session = ?"), [session.clone().into()]);
        }
        if !query.sessions.is_empty() {
            let marks = vec!["?"; query.sessions.len()].join(", ");
            let names = query.sessions.iter().map(|one| one.to_string().into());
            self.all(&format!("{table}.session IN ({marks})"), names);
        }
        if let Some(name) = &query.name {
            self.all(
                &format!(
                    "({table}.session, {table}.chat) IN (SELECT n.session, n.chat FROM customer_name n
                        WHERE instr(folded(n.name), folded(?)))"
                ),
                [name.clone().into()],
            );
        }
    }

    fn words(&mut self, search: &Search) {
        if let Some(expression) = &search.expression {
            self.all(
                "m.id IN (SELECT rowid FROM message_text WHERE message_text MATCH ?)",
                [expression.clone().into()],
            );
            self.searches = true;
        }
        self.symbols(search);
    }

    /// What the index of words doesn't know.
    pub(super) fn symbols(&mut self, search: &Search) {
        for symbol in &search.symbols {
            self.all(
                "(instr(m.text, ?) OR EXISTS (SELECT 1 FROM edit e WHERE e.session = m.session
                    AND e.chat = m.chat AND e.direction = m.direction AND e.stanza = m.stanza AND instr(e.text, ?)))",
                [symbol.clone().into(), symbol.clone().into()],
            );
        }
    }

    /// As `words`, for the texts of events.
    pub(super) fn words_of_notes(&mut self, search: &Search) {
        if let Some(expression) = &search.expression {
            self.all(
                "e.id IN (SELECT rowid FROM note_text WHERE note_text MATCH ?)",
                [expression.clone().into()],
            );
        }
        for symbol in &search.symbols {
            self.all("instr(e.text, ?)", [symbol.clone().into()]);
        }
    }

    /// All conditions as one value, true or false.
    pub(super) fn all_as_value(&self) -> String {
        match self.conditions.is_empty() {
            true => "true".to_owned(),
            false => format!("coalesce({}, false)", self.conditions.join(" AND ")),
        }
    }

    pub(super) fn sql(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.conditions.join(" AND "))
        }
    }
}

pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<StoredMessage> {
    let said: String = row.get(7)?;
    let state: Option<String> = row.get(17)?;
    let reason: Option<String> = row.get(18)?;
    let failed_at: Option<Millis> = row.get(21)?;
    let ack_error: Option<String> = row.get(22)?;
    let edits: Vec<Edit> = list(row, 24)?;
    let known = edits.iter().rev().find_map(|edit| edit.text.clone());
    let (text, first_text) = match known {
        Some(text) => (text, Some(said)),
        None => (said, None),
    };
    Ok(StoredMessage {
        row: row.get(26)?,
        session: row.get(0)?,
        chat: row.get(1)?,
        conversation: row.get(2)?,
        message_id: row.get(3)?,
        direction: row.get(4)?,
        author: row.get(5)?,
        by: row.get(27)?,
        kind: row.get(6)?,
        text,
        first_text,
        edits,
        revoked_at: row.get(23)?,
        media: json(row, 8)?,
        location: json(row, 9)?,
        contacts: json(row, 10)?,
        quoted: row.get(11)?,
        name: row.get(12)?,
        at: row.get(13)?,
        sent_at: row.get(14)?,
        received_at: row.get(15)?,
        reply_id: row.get(16)?,
        ack: row.get(19)?,
        ack_at: row.get(20)?,
        failed: failed_at.is_some() || state.as_deref() == Some("failed"),
        error: ack_error.or(reason),
        state,
        reactions: list(row, 25)?,
    })
}

pub(super) fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let (claimed_at, closed_at): (Option<Millis>, Option<Millis>) = (row.get(5)?, row.get(6)?);
    let status: Option<String> = row.get(13)?;
    Ok(Conversation {
        // A conversation from before the column `status` was added is only known to be claimed or not.
        status: match status.and_then(|name| Status::named(&name)) {
            _ if closed_at.is_some() => Status::Closed,
            Some(status) => status,
            None if claimed_at.is_some() => Status::Active,
            None => Status::Waiting,
        },
        session: row.get(0)?,
        id: row.get(1)?,
        chat: row.get(2)?,
        ticket: row.get(3)?,
        opened_at: row.get(4)?,
        claimed_at,
        closed_at,
        outcome: row.get(7)?,
        variables: json(row, 8)?,
        waiting: length(row, 9)?,
        handling: length(row, 10)?,
        requeued: row.get(11)?,
        process: row.get(12)?,
        team: row.get(14)?,
        priority: row.get(15)?,
        holder: row.get(16)?,
        handed_off_at: row.get(17)?,
        taken_at: row.get(18)?,
        person_waiting: length(row, 19)?,
        rating: row.get(20)?,
        rated_at: row.get(21)?,
        closed_by: row.get(22)?,
        events: events(row)?,
    })
}

fn events(row: &Row<'_>) -> rusqlite::Result<Vec<StoredEvent>> {
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let (session, id, chat): (SessionName, ConversationId, ChatId) =
        (row.get(0)?, row.get(1)?, row.get(2)?);
    let stored: Vec<EventJson> = list(row, 23)?;
    let of_it = |event: EventJson| {
        Some(StoredEvent {
            session: session.clone(),
            conversation: Some(id.clone()),
            chat: Some(chat.clone()),
            at: event.at,
            // A newer version may know more kinds.
            kind: EventKind::named(&event.kind)?,
            by: some(event.by),
            team: some(event.team),
            what: some(event.what),
            text: some(event.text),
        })
    };
    Ok(stored.into_iter().filter_map(of_it).collect())
}

/// An event as conversations.sql lists it.
#[derive(Deserialize)]
struct EventJson {
    at: Millis,
    kind: String,
    by: String,
    team: String,
    what: String,
    text: String,
}

/// JSON as it was stored. Invalid JSON is shown as text: one odd value must not end the list.
fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<serde_json::Value>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.map(|text| serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))))
}

fn list<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<T>> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
