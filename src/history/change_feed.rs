//! Every change of the history, in order, for those who copy it elsewhere: which row changed, and the row as it is now.
//!
//! A row that changes later comes again, so whoever stores the rows under their keys has what the history has. A position says how far
//! a reader came, and with it another process continues later.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rusqlite::{OptionalExtension, Row, params};
use serde::{Serialize, Serializer};

use super::database_file::Identity;
use super::error::{HistoryError, failed};
use super::event::StoredEvent;
use super::events;
use super::message::{Conversation, StoredMessage};
use super::query::{self, Filter, History};
use super::{database_file, schema};
use crate::ids::{ConversationId, SessionName};

/// How many changes are read at one moment of the file.
const CHANGES_MAX: i64 = 500;

/// A place in the changes: the number of the last one, and the mark of the time in which the file had it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangePosition {
    change: i64,
    mark: String,
}

/// A text that is no [`ChangePosition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no position: write one that `waha-sm history --follow` printed, or 0 for the beginning"
)]
pub struct NotAPosition;

impl FromStr for ChangePosition {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let text = text.trim();
        if text == "0" {
            return Ok(Self::default());
        }
        let (change, mark) = text.split_once('-').ok_or(NotAPosition)?;
        let is_mark = !mark.is_empty() && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
        let change = change.parse().map_err(|_| NotAPosition)?;
        match is_mark && change > 0 {
            true => Ok(Self {
                change,
                mark: mark.to_owned(),
            }),
            false => Err(NotAPosition),
        }
    }
}

impl fmt::Display for ChangePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.change {
            0 => f.write_str("0"),
            change => write!(f, "{change}-{}", self.mark),
        }
    }
}

impl Serialize for ChangePosition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A row that changed, as it is now.
#[derive(Debug, Serialize)]
pub struct ChangedRow {
    /// A copy that has this row and all before it continues here.
    pub position: ChangePosition,
    /// `message`, `conversation` or `event`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Which of its kind.
    pub key: String,
    /// The row; `None`: it is gone.
    pub data: Option<RowData>,
}

/// The content of a row.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum RowData {
    /// Of a message, with all that happened to it.
    Message(Box<StoredMessage>),
    /// Of a conversation, with what people did with it.
    Conversation(Box<Conversation>),
    /// Of what somebody did.
    Event(Box<StoredEvent>),
}

/// Which row changed.
enum RowKey {
    Message(i64),
    Event(i64),
    Conversation(SessionName, ConversationId),
}

/// Reads the changes from a position on, also when the file is replaced meanwhile.
#[derive(Debug)]
pub struct ChangeFeed {
    path: PathBuf,
    history: History,
    file: Option<Identity>,
    position: ChangePosition,
}

impl ChangeFeed {
    /// Opens the file, and continues after `position`.
    ///
    /// # Errors
    /// When the file can't be read, or the position is not one of this file.
    pub fn open(path: &Path, position: ChangePosition) -> Result<Self, HistoryError> {
        let mut feed = Self {
            path: path.to_owned(),
            file: identity(path)?,
            history: History::open_read_only(path)?,
            position: ChangePosition::default(),
        };
        feed.position = feed.history.checked(position)?;
        Ok(feed)
    }

    /// How far it is.
    #[must_use]
    pub fn position(&self) -> &ChangePosition {
        &self.position
    }

    /// Calls `each` with the rows that changed next, until it breaks because it has enough for now. Returns whether there were any.
    ///
    /// # Errors
    /// When the file can't be read any more.
    pub fn next(
        &mut self,
        mut each: impl FnMut(ChangedRow) -> ControlFlow<()>,
    ) -> Result<bool, HistoryError> {
        self.reopen_if_replaced()?;
        let history = &self.history;
        let after = &self.position;
        let mut last = None;
        history.at_one_moment(|| {
            let doing = || failed(&history.path, "reading what changed");
            history.is_of_this_version()?;
            for (change, key) in history.changed_rows(after.change).map_err(doing())? {
                let position = history.position_at(change).map_err(doing())?;
                let row = history.changed_row(position.clone(), &key)?;
                last = Some(position);
                if row.map(&mut each) == Some(ControlFlow::Break(())) {
                    break;
                }
            }
            Ok(())
        })?;
        let any = last.is_some();
        if let Some(last) = last {
            self.position = last;
        }
        Ok(any)
    }

    /// The daemon restores a file that was deleted, and a person may put a backup in its place.
    fn reopen_if_replaced(&mut self) -> Result<(), HistoryError> {
        let now = identity(&self.path)?;
        // While it is gone, the open file has all there is.
        if now.is_none() || now == self.file {
            return Ok(());
        }
        match Self::open(&self.path, self.position.clone()) {
            Ok(feed) => *self = feed,
            // It is being made.
            Err(HistoryError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn identity(path: &Path) -> Result<Option<Identity>, HistoryError> {
    database_file::identity(path).map_err(|error: io::Error| HistoryError::Unreachable {
        path: path.to_owned(),
        source: error,
    })
}

impl History {
    /// This position, if the file had it.
    fn checked(&self, position: ChangePosition) -> Result<ChangePosition, HistoryError> {
        if position.change == 0 {
            return Ok(position);
        }
        let known = |position: &ChangePosition| {
            let newest: i64 =
                self.db
                    .query_row("SELECT coalesce(max(id), 0) FROM change", [], |row| {
                        row.get(0)
                    })?;
            Ok(position.change <= newest && self.position_at(position.change)? == *position)
        };
        match known(&position).map_err(failed(&self.path, "looking for a position"))? {
            true => Ok(position),
            false => Err(HistoryError::UnknownPosition {
                path: self.path.clone(),
                position: position.to_string(),
            }),
        }
    }

    fn position_at(&self, change: i64) -> rusqlite::Result<ChangePosition> {
        let mark = self
            .db
            .prepare_cached(
                "SELECT mark FROM opening WHERE change < ?1 ORDER BY change DESC LIMIT 1",
            )?
            .query_row([change], |row| row.get(0))
            .optional()?;
        Ok(ChangePosition {
            change,
            mark: mark.unwrap_or_default(),
        })
    }

    /// Another version may have changed the file since it was opened.
    fn is_of_this_version(&self) -> Result<(), HistoryError> {
        schema::check_version(&self.db, &self.path)
    }

    fn changed_rows(&self, after: i64) -> rusqlite::Result<Vec<(i64, RowKey)>> {
        let key = |row: &Row<'_>| {
            let (message, event) = (row.get(1)?, row.get(2)?);
            let key = match (message, event) {
                (Some(id), _) => RowKey::Message(id),
                (_, Some(id)) => RowKey::Event(id),
                _ => RowKey::Conversation(row.get(3)?, row.get(4)?),
            };
            Ok((row.get(0)?, key))
        };
        self.db
            .prepare_cached(include_str!("sql/changes.sql"))?
            .query_map(params![after, CHANGES_MAX], key)?
            .collect()
    }

    /// `None`: a newer version wrote it.
    fn changed_row(
        &self,
        position: ChangePosition,
        key: &RowKey,
    ) -> Result<Option<ChangedRow>, HistoryError> {
        let mut filter = Filter::default();
        let mut data = None;
        let failed = failed(&self.path, "reading a row that changed");
        let (kind, key) = match key {
            RowKey::Message(id) => {
                filter.all("m.id = ?", [(*id).into()]);
                let select = include_str!("sql/messages.sql");
                self.read(select, filter, &["m.id"], None, query::message, |message| {
                    data = Some(RowData::Message(Box::new(message)));
                    ControlFlow::Break(())
                })
                .map_err(failed)?;
                ("message", id.to_string())
            }
            RowKey::Event(id) => {
                filter.all("e.id = ?", [(*id).into()]);
                let select = include_str!("sql/events.sql");
                let mut newer = false;
                self.read(select, filter, &["e.id"], None, events::event, |event| {
                    newer = event.is_none();
                    data = event.map(|event| RowData::Event(Box::new(event)));
                    ControlFlow::Break(())
                })
                .map_err(failed)?;
                if newer {
                    return Ok(None);
                }
                ("event", id.to_string())
            }
            RowKey::Conversation(session, id) => {
                let values = [session.to_string().into(), id.to_string().into()];
                filter.all("c.session = ? AND c.id = ?", values);
                let select = include_str!("sql/conversations.sql");
                self.read(
                    select,
                    filter,
                    &["c.id"],
                    None,
                    query::conversation,
                    |one| {
                        data = Some(RowData::Conversation(Box::new(one)));
                        ControlFlow::Break(())
                    },
                )
                .map_err(failed)?;
                ("conversation", format!("{session}/{id}"))
            }
        };
        Ok(Some(ChangedRow {
            position,
            kind,
            key,
            data,
        }))
    }
}
