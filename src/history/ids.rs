//! Names and ids as SQLite stores them: their bare text.
//!
//! Nothing is checked again: an entry was checked before it went into the stream, and the history keeps whatever came.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};
use serde::{Deserialize, Deserializer};

use crate::ids::{ChatId, ConversationId, MessageId, SessionName};

macro_rules! stored_as_text {
    ($($name:ident),+) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.as_str()))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str().map($name::stored)
            }
        }
    )+};
}

stored_as_text!(SessionName, ChatId, ConversationId, MessageId);

/// A chat id as JSON, also if it is not a person's: the owner's notices may go to a group.
pub(super) fn any_chat<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ChatId, D::Error> {
    String::deserialize(deserializer).map(ChatId::stored)
}
