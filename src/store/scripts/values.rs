//! Names and ids as Redis returns them. They were checked before they were stored.

use fred::types::{FromValue, Value};

use crate::ids::{ChatId, ConversationId, MessageId, ProcessId, SessionName};

macro_rules! from_value {
    ($($name:ident),+) => {
        $(impl FromValue for $name {
            fn from_value(value: Value) -> Result<Self, fred::error::Error> {
                String::from_value(value).map(Self::stored)
            }
        })+
    };
}

from_value!(SessionName, ChatId, ConversationId, MessageId, ProcessId);
