//! What people did with conversations and lines, each stored once; the columns that follow from them are computed again.

use std::ops::ControlFlow;

use rusqlite::{Connection, Row, Rows, Statement, params, params_from_iter};

use super::entry::EventRow;
use super::error::{HistoryError, failed};
use super::event::{EventKind, StoredEvent};
use super::message::StoredMessage;
use super::query::{Filter, History, Query};
use super::search::Search;
use super::status;
use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, SessionName};

impl EventRow {
    /// A person did a step of a conversation. `what`: the detail of the kind.
    pub(super) fn of_step(
        id: &ConversationId,
        chat: &ChatId,
        at: Millis,
        kind: EventKind,
        by: &str,
        what: &str,
    ) -> EventRow {
        EventRow {
            conversation: Some((id.clone(), chat.clone())),
            at,
            kind,
            by: by.to_owned(),
            team: String::new(),
            what: what.to_owned(),
            text: String::new(),
        }
    }
}

/// Stores an event, unless it is there already.
pub(super) fn store(
    db: &Connection,
    session: &SessionName,
    row: &EventRow,
) -> rusqlite::Result<()> {
    let id = row.conversation.as_ref().map_or("", |(id, _)| id.as_str());
    let added = db
        .prepare_cached(include_str!("sql/event.sql"))?
        .execute(params![
            session,
            id,
            row.at,
            row.kind.name(),
            row.by,
            row.team,
            row.what,
            row.text
        ])?;
    if added == 0 {
        return Ok(());
    }
    let Some((id, chat)) = &row.conversation else {
        return Ok(());
    };
    db.prepare_cached(include_str!("sql/conversation.sql"))?
        .execute(params![session, id, chat])?;
    db.prepare_cached(include_str!("sql/people.sql"))?
        .execute(params![session, id])?;
    match row.kind.status_after(&row.what) {
        Some(status) => status::reach(db, session, id, status, row.at),
        None => Ok(()),
    }
}

/// What a timeline is made of.
#[derive(Debug)]
pub enum TimelineItem {
    /// Something was said.
    Message(Box<StoredMessage>),
    /// Something was done.
    Event(StoredEvent),
}

type EachMessage<'e> = &'e mut dyn FnMut(StoredMessage) -> ControlFlow<()>;
type EachItem<'e> = &'e mut dyn FnMut(TimelineItem) -> ControlFlow<()>;

impl History {
    /// Calls `each` with every message that `query` asks for, and with what was done meanwhile, oldest first, until it breaks.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn timeline(
        &self,
        query: &Query,
        mut each: impl FnMut(TimelineItem) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        // Messages and events of the same state of the file.
        self.at_one_moment(|| self.timeline_now(query, &mut each))
    }

    /// As `timeline`, for a caller that reads more of the same state.
    pub(super) fn timeline_now(
        &self,
        query: &Query,
        each: EachItem<'_>,
    ) -> Result<(), HistoryError> {
        if query.last.is_none() {
            return self.interleave(query, |each| self.messages(query, each), each);
        }
        let mut last = Vec::new();
        self.messages(query, |message| {
            last.push(message);
            ControlFlow::Continue(())
        })?;
        let since_then = Query {
            since: last.first().map(|first| first.at).max(query.since),
            ..query.clone()
        };
        let messages = |each: EachMessage<'_>| {
            let _ = last.into_iter().try_for_each(each);
            Ok(())
        };
        self.interleave(&since_then, messages, each)
    }

    /// Calls `each` with every event that `query` asks for, oldest first, until it breaks.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn events(
        &self,
        query: &Query,
        mut each: impl FnMut(StoredEvent) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        self.interleave(query, |_| Ok(()), &mut |item| match item {
            TimelineItem::Event(event) => each(event),
            TimelineItem::Message(_) => ControlFlow::Continue(()),
        })
    }

    /// Puts the events that `query` asks for between `messages`, which are in order of time.
    fn interleave(
        &self,
        query: &Query,
        messages: impl FnOnce(EachMessage<'_>) -> Result<(), HistoryError>,
        each: EachItem<'_>,
    ) -> Result<(), HistoryError> {
        let failed = || failed(&self.path, "reading events");
        let filter = matching(query);
        let select = include_str!("sql/events.sql");
        let sql = format!("{select} {} ORDER BY e.at, e.id", filter.sql());
        let mut statement = self.db.prepare_cached(&sql).map_err(failed())?;
        let mut events = EventReader::new(&mut statement, filter).map_err(failed())?;
        let mut result = Ok(ControlFlow::Continue(()));
        messages(&mut |message| {
            result = events.read_until(Some(message.at), each);
            if matches!(result, Ok(ControlFlow::Continue(()))) {
                result = Ok(each(TimelineItem::Message(Box::new(message))));
            }
            *result.as_ref().unwrap_or(&ControlFlow::Break(()))
        })?;
        if result.map_err(failed())?.is_continue() {
            let _ = events.read_until(None, each).map_err(failed())?;
        }
        Ok(())
    }

    /// Every event that `query` asks for and that was stored after row `after`, in the order in which they were stored.
    pub(super) fn events_after(
        &self,
        query: &Query,
        after: i64,
    ) -> Result<Vec<StoredEvent>, HistoryError> {
        let mut filter = matching(query);
        filter.all("e.id > ?", [after.into()]);
        let select = include_str!("sql/events.sql");
        let sql = format!("{select} {} ORDER BY e.id", filter.sql());
        let read = || {
            let mut statement = self.db.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(filter.values), event)?;
            rows.filter_map(rusqlite::Result::transpose)
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(failed(&self.path, "reading new events"))
    }
}

/// Events in order of time, one ahead.
struct EventReader<'s> {
    rows: Rows<'s>,
    next: Option<StoredEvent>,
}

impl<'s> EventReader<'s> {
    fn new(statement: &'s mut Statement<'_>, filter: Filter) -> rusqlite::Result<Self> {
        let mut reader = EventReader {
            rows: statement.query(params_from_iter(filter.values))?,
            next: None,
        };
        reader.step()?;
        Ok(reader)
    }

    fn step(&mut self) -> rusqlite::Result<Option<StoredEvent>> {
        let mut next = None;
        while next.is_none()
            && let Some(row) = self.rows.next()?
        {
            next = event(row)?;
        }
        Ok(std::mem::replace(&mut self.next, next))
    }

    /// Reads those from before `time`; `None`: all.
    fn read_until(
        &mut self,
        time: Option<Millis>,
        each: EachItem<'_>,
    ) -> rusqlite::Result<ControlFlow<()>> {
        while self
            .next
            .as_ref()
            .is_some_and(|event| time.is_none_or(|time| event.at < time))
        {
            if let Some(event) = self.step()?
                && each(TimelineItem::Event(event)).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn matching(query: &Query) -> Filter {
    let mut filter = Filter::default();
    // Audit lines are about no session.
    filter.all("+e.session <> ''", []);
    // The plus sign keeps SQLite from reading the events of all chats since then.
    let mut at = "e.at";
    if let Some(chat) = &query.chat {
        let mut of_chat = Filter::default();
        of_chat.chat("k", chat);
        let within = format!(
            "(e.session, e.conversation) IN (SELECT k.session, k.id FROM conversation k {})",
            of_chat.sql()
        );
        filter.all(&within, of_chat.values);
        at = "+e.at";
    }
    if let Some(session) = &query.session {
        filter.all("e.session = ?", [session.clone().into()]);
    }
    if let Some(since) = query.since {
        filter.all(&format!("{at} >= ?"), [since.as_i64().into()]);
    }
    if let Some(until) = query.until {
        filter.all(&format!("{at} < ?"), [until.as_i64().into()]);
    }
    if let Some(outcome) = &query.outcome {
        filter.all("c.outcome = ?", [outcome.clone().into()]);
    }
    filter.words_of_notes(&Search::of(query.search.as_deref().unwrap_or_default()));
    filter
}

/// `None` if a newer version wrote it.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<Option<StoredEvent>> {
    let kind: String = row.get(4)?;
    let Some(kind) = EventKind::named(&kind) else {
        return Ok(None);
    };
    Ok(Some(StoredEvent {
        session: row.get(0)?,
        conversation: row.get(1)?,
        chat: row.get(2)?,
        at: row.get(3)?,
        kind,
        by: row.get(5)?,
        team: row.get(6)?,
        what: row.get(7)?,
        text: row.get(8)?,
    }))
}
