//! A place in a list, from which the next page is read.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::clock::Millis;

/// A place in a list that is ordered by time. Readers get it as an opaque text, and give it back for the next page.
///
/// It is the place of an item, not a count, so a page neither repeats nor leaves out an item if others were stored meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(super) at: Millis,
    pub(super) place: CursorItem,
}

/// The item at this time. Of two at the same time, a message comes before an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CursorItem {
    /// The row of a message.
    Message(i64),
    /// The row of an event.
    Event(i64),
    /// The session and the id of a conversation.
    Conversation(String, String),
}

impl Cursor {
    pub(super) fn new(at: Millis, place: CursorItem) -> Self {
        Self { at, place }
    }
}

impl fmt::Display for CursorItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CursorItem::Message(row) => write!(f, "m{row}"),
            CursorItem::Event(row) => write!(f, "e{row}"),
            CursorItem::Conversation(session, id) => write!(f, "c{session}.{id}"),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.as_i64(), self.place)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a place in a list")]
pub struct NotACursor;

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (at, place) = text.split_once('.').ok_or(NotACursor)?;
        let at = Millis::new(at.parse().map_err(|_| NotACursor)?);
        let row = |row: &str| row.parse().map_err(|_| NotACursor);
        let place = match place.split_at_checked(1).ok_or(NotACursor)? {
            ("m", rest) => CursorItem::Message(row(rest)?),
            ("e", rest) => CursorItem::Event(row(rest)?),
            ("c", rest) => {
                let (session, id) = rest.split_once('.').ok_or(NotACursor)?;
                CursorItem::Conversation(session.to_owned(), id.to_owned())
            }
            _ => return Err(NotACursor),
        };
        Ok(Self { at, place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for text in ["17.m3", "-5.e9", "0.cshop-2.17-1.x"] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
        for text in [
            "", "17", "17.", "17.é", "17.x3", "17.m", "17.mx", "x.m3", "17.cshop",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text}");
        }
    }

    #[test]
    fn at_the_same_time_a_message_comes_before_an_event() {
        let all = ["3.m9", "5.m1", "5.m2", "5.e1", "6.e0"];
        let read: Vec<Cursor> = all.map(|text| text.parse().unwrap()).into();
        assert!(read.is_sorted());
    }
}
