//! Messages that were searched for, conversations, and audit lines, in pages: newest first.
//!
//! A page of found messages costs a bounded amount of work, however many messages there are and however few of them fit. A search that
//! reaches the bound returns what it has, perhaps nothing, with the place from which it continues.

use std::collections::HashSet;

use rusqlite::{Row, params, params_from_iter};
use serde_json::json;

use super::chat_names::ChatNames;
use super::cursor::{Cursor, CursorItem};
use super::error::{HistoryError, failed};
use super::event::StoredEvent;
use super::events;
use super::message::{Conversation, StoredMessage};
use super::query::{self, BEGAN, Filter, History, Query};
use super::search::Search;

/// If the words are in no more messages than this, all of these are looked at.
const FEW_MESSAGES: usize = 20_000;
/// If a name is that of no more chats than this, the messages of these chats are looked at.
const FEW_CHATS: usize = 100;
/// Otherwise one page looks at so many messages, newest first.
const LOOKED_AT_MAX: usize = 100_000;

/// A page of found messages, newest first.
#[derive(Debug, Default)]
pub struct FoundPage {
    /// The messages.
    pub hits: Vec<StoredMessage>,
    /// Where the next page begins; `None` if this is the last one. A page that is not the last one may have few hits, or none.
    pub next: Option<Cursor>,
}

/// A page of conversations, newest first.
#[derive(Debug, Default)]
pub struct ConversationPage {
    /// The conversations.
    pub conversations: Vec<Conversation>,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<Cursor>,
}

/// A page of audit lines, newest first.
#[derive(Debug, Default)]
pub struct AuditPage {
    /// The lines.
    pub lines: Vec<StoredEvent>,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<Cursor>,
}

/// Where to look for messages.
enum Among {
    /// These rows: the only ones with the words.
    Rows(Vec<i64>),
    /// The messages of these chats.
    Chats(Vec<String>),
    /// All messages, newest first, up to the bound.
    All,
}

impl History {
    /// A page of at most `limit` of the messages that `query` asks for, newest first. `query.last` does not count.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn found(
        &self,
        query: &Query,
        from: Option<&Cursor>,
        limit: u32,
    ) -> Result<FoundPage, HistoryError> {
        self.at_one_moment(|| {
            self.found_now(query, from, limit as usize)
                .map_err(failed(&self.path, "searching messages"))
        })
    }

    fn found_now(
        &self,
        query: &Query,
        from: Option<&Cursor>,
        limit: usize,
    ) -> rusqlite::Result<FoundPage> {
        let search = Search::of(query.search.as_deref().unwrap_or_default());
        let with_words = match &search.expression {
            Some(expression) => Some(self.rows_with(expression)?),
            None => None,
        };
        let (among, with_words) = match with_words {
            Some(rows) if rows.len() <= FEW_MESSAGES => (Among::Rows(rows), None),
            with_words => (self.among(query)?, with_words),
        };
        let with_words: Option<HashSet<i64>> = with_words.map(HashSet::from_iter);

        let mut filter = Filter::default();
        filter.message_facts(query);
        filter.symbols(&search);
        let fits = filter.all_as_value();
        let mut values = filter.values;
        let (table, within, at_most) = match among {
            Among::Rows(rows) => {
                values.push(json!(rows).to_string().into());
                let within = "m.id IN (SELECT value FROM json_each(?)) AND";
                ("message m", within, usize::MAX)
            }
            Among::Chats(chats) => {
                values.push(json!(chats).to_string().into());
                let within = "m.chat IN (SELECT value FROM json_each(?)) AND";
                ("message m INDEXED BY message_chat", within, usize::MAX)
            }
            Among::All => ("message m INDEXED BY message_at", "", LOOKED_AT_MAX),
        };
        let (at, row) = match from {
            Some(Cursor {
                at,
                place: CursorItem::Message(row),
            }) => (at.as_i64(), *row),
            Some(Cursor { at, .. }) => (at.as_i64(), 0),
            None => (i64::MAX, i64::MAX),
        };
        values.extend([at.into(), row.into()]);
        values.push(query.since.map_or(i64::MIN, |since| since.as_i64()).into());
        values.push(query.until.map_or(i64::MAX, |until| until.as_i64()).into());
        let sql = format!(
            "SELECT m.at, m.id, {fits} FROM {table}
             WHERE {within} (m.at, m.id) < (?, ?) AND m.at >= ? AND m.at < ? ORDER BY m.at DESC, m.id DESC"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut hits: Vec<Cursor> = Vec::new();
        let mut next = None;
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            let place = Cursor::new(row.get(0)?, CursorItem::Message(row.get(1)?));
            looked_at += 1;
            let id: i64 = row.get(1)?;
            if row.get(2)? && with_words.as_ref().is_none_or(|ids| ids.contains(&id)) {
                if hits.len() == limit {
                    next = hits.last().cloned();
                    break;
                }
                hits.push(place);
            } else if looked_at >= at_most {
                next = Some(place);
                break;
            }
        }
        Ok(FoundPage {
            hits: self.in_this_order(&hits)?,
            next,
        })
    }

    /// A page of at most `limit` audit lines, newest first: what people did with the program itself.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn audit(&self, from: Option<&Cursor>, limit: u32) -> Result<AuditPage, HistoryError> {
        let (at, row) = match from {
            Some(Cursor {
                at,
                place: CursorItem::Event(row),
            }) => (at.as_i64(), *row),
            Some(Cursor { at, .. }) => (at.as_i64(), 0),
            None => (i64::MAX, i64::MAX),
        };
        let sql = concat!(
            include_str!("sql/events.sql"),
            "WHERE e.session = '' AND e.conversation = '' AND (e.at, e.id) < (?1, ?2) ORDER BY e.at DESC, e.id DESC LIMIT ?3"
        );
        let of = |row: &Row<'_>| {
            let place = Cursor::new(row.get(3)?, CursorItem::Event(row.get(9)?));
            Ok((place, events::event(row)?))
        };
        let read = || {
            self.db
                .prepare_cached(sql)?
                .query_map(params![at, row, i64::from(limit) + 1], of)?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let mut read = read().map_err(failed(&self.path, "reading audit lines"))?;
        let is_last = read.len() <= limit as usize;
        read.truncate(limit as usize);
        let next = read.last().filter(|_| !is_last);
        Ok(AuditPage {
            next: next.map(|(place, _)| place.clone()),
            lines: read.into_iter().filter_map(|(_, line)| line).collect(),
        })
    }

    fn in_this_order(&self, places: &[Cursor]) -> rusqlite::Result<Vec<StoredMessage>> {
        let rows: Vec<i64> = places
            .iter()
            .filter_map(|cursor| match cursor.place {
                CursorItem::Message(row) => Some(row),
                CursorItem::Event(_) | CursorItem::Conversation(..) => None,
            })
            .collect();
        let mut read = self.messages_in(&rows)?;
        Ok(rows.iter().filter_map(|row| read.remove(row)).collect())
    }

    /// The rows of all messages with these words.
    fn rows_with(&self, expression: &str) -> rusqlite::Result<Vec<i64>> {
        self.db
            .prepare_cached("SELECT rowid FROM message_text WHERE message_text MATCH ?1")?
            .query_map([expression], |row| row.get(0))?
            .collect()
    }

    /// Where to look, if the words don't say it.
    fn among(&self, query: &Query) -> rusqlite::Result<Among> {
        let (sql, value) = match (&query.chat, &query.name) {
            (Some(ChatNames(names)), _) => (
                "SELECT value FROM json_each(?1)
                 UNION SELECT chat FROM alias WHERE lid IN (SELECT value FROM json_each(?1))",
                json!(names).to_string(),
            ),
            (None, Some(name)) => (
                "SELECT DISTINCT chat FROM customer_name WHERE instr(folded(name), folded(?1))",
                name.clone(),
            ),
            (None, None) => return Ok(Among::All),
        };
        let mut statement = self.db.prepare_cached(sql)?;
        let chats = statement.query_map([value], |row| row.get(0))?;
        let chats: Vec<String> = chats.take(FEW_CHATS + 1).collect::<rusqlite::Result<_>>()?;
        Ok(match chats.len() {
            0..=FEW_CHATS => Among::Chats(chats),
            _ => Among::All,
        })
    }

    /// A page of at most `limit` of the conversations that `query` asks for, newest first. `query.last` does not count.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn conversation_page(
        &self,
        query: &Query,
        from: Option<&Cursor>,
        limit: u32,
    ) -> Result<ConversationPage, HistoryError> {
        let mut filter = Filter::conversations(query);
        filter.period_of_conversations(query);
        // Only an event is known of some, and not when they began.
        filter.all(&format!("{BEGAN} IS NOT NULL"), []);
        if let Some(Cursor {
            at,
            place: CursorItem::Conversation(session, id),
        }) = from
        {
            filter.all(
                &format!("({BEGAN}, c.session, c.id) < (?, ?, ?)"),
                [
                    at.as_i64().into(),
                    session.clone().into(),
                    id.clone().into(),
                ],
            );
        }
        let sql = format!(
            "{} {} ORDER BY {BEGAN} DESC, c.session DESC, c.id DESC LIMIT {}",
            include_str!("sql/conversations.sql"),
            filter.sql(),
            u64::from(limit) + 1
        );
        let read = || {
            self.db
                .prepare_cached(&sql)?
                .query_map(params_from_iter(filter.values), query::conversation)?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let mut conversations = read().map_err(failed(&self.path, "reading conversations"))?;
        let is_last = conversations.len() <= limit as usize;
        conversations.truncate(limit as usize);
        let next = conversations.last().filter(|_| !is_last).and_then(|last| {
            let (session, id) = (last.session.to_string(), last.id.to_string());
            Some(Cursor::new(
                last.began()?,
                CursorItem::Conversation(session, id),
            ))
        });
        Ok(ConversationPage {
            conversations,
            next,
        })
    }
}
