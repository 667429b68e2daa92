//! Follows the history: messages and events as they are stored.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::error::HistoryError;
use super::events::TimelineItem;
use super::message::StoredMessage;
use super::query::{History, Query};
use crate::ids::MessageId;

/// A reply that turns out to be a message that WAHA has reported takes that message's row away, and SQLite gives the freed number to the next
/// message. So this many of the last rows are read again.
const READ_AGAIN: i64 = 1_000;

/// Reads what was stored since the last look.
pub struct Follower<'h> {
    history: &'h History,
    query: Query,
    /// The last known state of the file.
    version: i64,
    newest: i64,
    newest_event: i64,
    /// The last rows, and the message in each.
    seen: BTreeMap<i64, SeenMessage>,
}

/// What a message is recognised by.
#[derive(PartialEq)]
struct SeenMessage {
    message: Option<MessageId>,
    reply: Option<String>,
    inbound: bool,
}

impl SeenMessage {
    fn of(message: &StoredMessage) -> Self {
        Self {
            message: message.message_id.clone(),
            reply: message.reply_id.clone(),
            inbound: message.direction == "inbound",
        }
    }

    /// A reply may learn its message id later.
    fn is_same(&self, other: &Self) -> bool {
        self.inbound == other.inbound
            && (self.message.is_some() && self.message == other.message
                || self.reply.is_some() && self.reply == other.reply)
    }
}

impl History {
    /// Calls `each` with the timeline that `query` asks for, and returns a follower of all that comes later.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn follow(
        &self,
        query: &Query,
        mut each: impl FnMut(TimelineItem) -> ControlFlow<()>,
    ) -> Result<Follower<'_>, HistoryError> {
        // Both read the same state of the file, so that no message is between them, or in both.
        self.at_one_moment(|| {
            self.timeline_now(query, &mut each)?;
            let (newest, newest_event, version) = self.newest_rows()?;
            let mut follower = Follower {
                history: self,
                query: Query {
                    last: None,
                    ..query.clone()
                },
                version,
                newest,
                newest_event,
                seen: BTreeMap::new(),
            };
            follower.look(newest, None)?;
            Ok(follower)
        })
    }
}

/// What to do with each new message.
type Each<'e> = &'e mut dyn FnMut(StoredMessage) -> ControlFlow<()>;

impl Follower<'_> {
    /// Calls `each` with every message that was stored since the last call, in the order in which they were stored, and then
    /// with every event.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn look_again(
        &mut self,
        mut each: impl FnMut(TimelineItem) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        let (newest, newest_event, version) = self.history.newest_rows()?;
        if version == self.version {
            return Ok(());
        }
        self.version = version;
        let mut working = ControlFlow::Continue(());
        self.look(
            newest,
            Some(&mut |message| {
                working = each(TimelineItem::Message(Box::new(message)));
                working
            }),
        )?;
        if newest_event > self.newest_event && working.is_continue() {
            let events = self.history.events_after(&self.query, self.newest_event)?;
            self.newest_event = newest_event;
            let _ = events
                .into_iter()
                .map(TimelineItem::Event)
                .try_for_each(each);
        }
        Ok(())
    }

    /// Reads the rows after the newest known one and the last ones before it. `None`: only remembers them.
    fn look(&mut self, newest: i64, mut each: Option<Each<'_>>) -> Result<(), HistoryError> {
        let (after, seen) = (self.newest - READ_AGAIN, &mut self.seen);
        self.history.messages_after(&self.query, after, |message| {
            let row = message.row;
            let this = SeenMessage::of(&message);
            let is_known =
                seen.get(&row) == Some(&this) || seen.values().any(|known| known.is_same(&this));
            seen.insert(row, this);
            match &mut each {
                Some(each) if !is_known => each(message),
                _ => ControlFlow::Continue(()),
            }
        })?;
        self.newest = self.newest.max(newest);
        *seen = seen.split_off(&(self.newest - READ_AGAIN + 1));
        Ok(())
    }
}
