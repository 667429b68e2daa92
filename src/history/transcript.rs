//! One chat over all its conversations, in pages: what was said, and what people did meanwhile.
//!
//! A page first finds its places in the indexes, and then reads these items only. So a page of a long chat costs as much as one of a
//! short chat, and the size of the file does not matter.

use std::collections::HashMap;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};
use serde_json::json;

use super::chat_names::ChatNames;
use super::cursor::{Cursor, CursorItem};
use super::error::{HistoryError, failed};
use super::event::StoredEvent;
use super::events;
use super::message::StoredMessage;
use super::query::{self, History};
use crate::clock::Millis;
use crate::ids::SessionName;

/// Which page of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TranscriptPage {
    /// The last items.
    Newest,
    /// The items before this one.
    Before(Cursor),
    /// The items after this one.
    After(Cursor),
    /// The message in this row, with what was said before and after it. If the chat has no such message: the last items.
    Around(i64),
}

/// A page of a chat, oldest first.
#[derive(Debug, Default)]
pub struct Transcript {
    /// The items.
    pub items: Vec<TranscriptItem>,
    /// Where the page before begins; `None` if this is the first one.
    pub older: Option<Cursor>,
    /// Where the page after begins; `None` if this is the last one.
    pub newer: Option<Cursor>,
}

/// A message or an event of a chat.
#[derive(Debug)]
pub struct TranscriptItem {
    /// Its name on a page, such as `m17`: the same each time it is read.
    pub key: String,
    /// When.
    pub at: Millis,
    /// What it is.
    pub kind: TranscriptKind,
    place: CursorItem,
}

/// What an item of a transcript is.
#[derive(Debug)]
pub enum TranscriptKind {
    /// Something was said.
    Message(Box<StoredMessage>),
    /// Something was done.
    Event(StoredEvent),
}

impl TranscriptItem {
    /// The place of this item.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::new(self.at, self.place.clone())
    }
}

/// Where to look from a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Older,
    Newer,
}

impl Side {
    /// The comparison and the order of SQL.
    fn sql(self) -> (&'static str, &'static str) {
        match self {
            Side::Older => ("<", "DESC"),
            Side::Newer => (">", "ASC"),
        }
    }
}

impl History {
    /// A page of at most `limit` messages and events of a chat, over all its conversations, oldest first.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn transcript(
        &self,
        session: &SessionName,
        chat: &ChatNames,
        page: &TranscriptPage,
        limit: u32,
    ) -> Result<Transcript, HistoryError> {
        let limit = limit as usize;
        self.at_one_moment(|| {
            self.transcript_now(session, chat, page, limit)
                .map_err(failed(&self.path, "reading a chat"))
        })
    }

    fn transcript_now(
        &self,
        session: &SessionName,
        chat: &ChatNames,
        page: &TranscriptPage,
        limit: usize,
    ) -> rusqlite::Result<Transcript> {
        use Side::{Newer, Older};
        let chats = self.kept_chats(session, chat)?;
        let places =
            |from: Option<&Cursor>, side, limit| self.places(session, &chats, from, side, limit);
        let (older, newer) = match page {
            TranscriptPage::Newest => (places(None, Older, limit + 1)?, Vec::new()),
            TranscriptPage::Before(cursor) => {
                let found = places(Some(cursor), Older, limit + 1)?;
                let mut page = self.page_of(found, Vec::new(), limit, 0)?;
                page.newer = page.items.last().map(TranscriptItem::cursor);
                return Ok(page);
            }
            TranscriptPage::After(cursor) => {
                let found = places(Some(cursor), Newer, limit + 1)?;
                let mut page = self.page_of(Vec::new(), found, 0, limit)?;
                page.older = page.items.first().map(TranscriptItem::cursor);
                return Ok(page);
            }
            TranscriptPage::Around(row) => match self.time_of(session, &chats, *row)? {
                None => (places(None, Older, limit + 1)?, Vec::new()),
                Some(at) => {
                    let before = limit / 2;
                    let just_before = Cursor::new(at, CursorItem::Message(*row - 1));
                    let this = Cursor::new(at, CursorItem::Message(*row));
                    let older = places(Some(&this), Older, before + 1)?;
                    let newer = places(Some(&just_before), Newer, limit - before + 1)?;
                    return self.page_of(older, newer, before, limit - before);
                }
            },
        };
        self.page_of(older, newer, limit, 0)
    }

    /// The ids under which the history keeps the messages of this chat: a hidden id is kept under the chat it belongs to.
    pub(super) fn kept_chats(
        &self,
        session: &SessionName,
        ChatNames(names): &ChatNames,
    ) -> rusqlite::Result<Vec<String>> {
        self.db
            .prepare_cached(
                "SELECT value FROM json_each(?2)
                 UNION SELECT chat FROM alias WHERE lid IN (SELECT value FROM json_each(?2)) AND session = ?1",
            )?
            .query_map(params![session, json!(names).to_string()], |row| row.get(0))?
            .collect()
    }

    /// When the message in this row was said, if it is one of these chats'.
    fn time_of(
        &self,
        session: &SessionName,
        chats: &[String],
        row: i64,
    ) -> rusqlite::Result<Option<Millis>> {
        self.db
            .prepare_cached(
                "SELECT at FROM message WHERE id = ?1 AND session = ?2 AND chat IN (SELECT value FROM json_each(?3))",
            )?
            .query_row(params![row, session, json!(chats).to_string()], |row| row.get(0))
            .optional()
    }

    /// The next `limit` places of these chats on one side of `from`, nearest first. `None`: from the end.
    fn places(
        &self,
        session: &SessionName,
        chats: &[String],
        from: Option<&Cursor>,
        side: Side,
        limit: usize,
    ) -> rusqlite::Result<Vec<Cursor>> {
        let at = from.map_or(i64::MAX, |from| from.at.as_i64());
        // Of what was at the same time as `from`, messages come first.
        let (message, event) = match from.map(|from| &from.place) {
            Some(CursorItem::Message(row)) => (*row, -1),
            Some(CursorItem::Event(row)) => (i64::MAX, *row),
            Some(CursorItem::Conversation(..)) | None => (i64::MAX, i64::MAX),
        };
        let limit_sql = i64::try_from(limit).unwrap_or(i64::MAX);
        let (compare, order) = side.sql();
        let messages = format!(
            "SELECT at, id FROM message INDEXED BY message_chat
             WHERE chat = ?1 AND session = ?2 AND (at, id) {compare} (?3, ?4) ORDER BY at {order}, id {order} LIMIT ?5"
        );
        let events = format!(
            "SELECT e.at, e.id FROM conversation k
             CROSS JOIN conversation_event e ON e.session = k.session AND e.conversation = k.id
             WHERE k.chat = ?1 AND k.session = ?2 AND (e.at, e.id) {compare} (?3, ?4)
             ORDER BY e.at {order}, e.id {order} LIMIT ?5"
        );
        type Make = fn(i64) -> CursorItem;
        let mut all: Vec<Cursor> = Vec::new();
        for (sql, row, of) in [
            (messages, message, CursorItem::Message as Make),
            (events, event, CursorItem::Event as Make),
        ] {
            let mut statement = self.db.prepare_cached(&sql)?;
            for chat in chats {
                let found = statement
                    .query_map(params![chat, session, at, row, limit_sql], |row| {
                        Ok(Cursor::new(row.get(0)?, of(row.get(1)?)))
                    })?;
                for place in found {
                    all.push(place?);
                }
            }
        }
        all.sort_unstable();
        if side == Side::Older {
            all.reverse();
        }
        all.truncate(limit);
        Ok(all)
    }

    /// The page with these places, nearest first on each side. A place beyond the limit of its side only says that there are more.
    fn page_of(
        &self,
        mut older: Vec<Cursor>,
        mut newer: Vec<Cursor>,
        older_max: usize,
        newer_max: usize,
    ) -> rusqlite::Result<Transcript> {
        let more_before = older.len() > older_max;
        let more_after = newer.len() > newer_max;
        older.truncate(older_max);
        newer.truncate(newer_max);
        older.reverse();
        older.extend(newer);
        let items = self.items(older)?;
        Ok(Transcript {
            older: items
                .first()
                .filter(|_| more_before)
                .map(TranscriptItem::cursor),
            newer: items
                .last()
                .filter(|_| more_after)
                .map(TranscriptItem::cursor),
            items,
        })
    }

    fn items(&self, places: Vec<Cursor>) -> rusqlite::Result<Vec<TranscriptItem>> {
        let (mut messages, mut events) = (Vec::new(), Vec::new());
        for place in &places {
            match place.place {
                CursorItem::Message(row) => messages.push(row),
                CursorItem::Event(row) => events.push(row),
                CursorItem::Conversation(..) => {}
            }
        }
        let mut messages = self.messages_in(&messages)?;
        let mut events = self.events_in(&events)?;
        let item = |Cursor { at, place }| {
            let kind = match place {
                CursorItem::Message(row) => {
                    TranscriptKind::Message(Box::new(messages.remove(&row)?))
                }
                CursorItem::Event(row) => TranscriptKind::Event(events.remove(&row)?),
                CursorItem::Conversation(..) => return None,
            };
            Some(TranscriptItem {
                key: place.to_string(),
                at,
                kind,
                place,
            })
        };
        Ok(places.into_iter().filter_map(item).collect())
    }

    /// The messages in these rows.
    pub(super) fn messages_in(
        &self,
        rows: &[i64],
    ) -> rusqlite::Result<HashMap<i64, StoredMessage>> {
        let sql = concat!(
            include_str!("sql/messages.sql"),
            "WHERE m.id IN (SELECT value FROM json_each(?1))"
        );
        let of = |row: &Row<'_>| query::message(row).map(|message| (message.row, message));
        self.db
            .prepare_cached(sql)?
            .query_map([json!(rows).to_string()], of)?
            .collect()
    }

    /// The events in these rows. Those of a newer version are left out.
    fn events_in(&self, rows: &[i64]) -> rusqlite::Result<HashMap<i64, StoredEvent>> {
        let sql = concat!(
            include_str!("sql/events.sql"),
            "WHERE e.id IN (SELECT value FROM json_each(?1))"
        );
        let mut found = HashMap::new();
        let mut statement = self.db.prepare_cached(sql)?;
        let mut read = statement.query(params_from_iter([Value::from(json!(rows).to_string())]))?;
        while let Some(row) = read.next()? {
            if let Some(event) = events::event(row)? {
                found.insert(row.get(9)?, event);
            }
        }
        Ok(found)
    }
}
