//! Reads names, ids and points in time from the answers of Redis. Names and ids were checked before they were stored.

use fred::types::{FromValue, Value};

use crate::clock::Millis;
use crate::ids::{AgentName, ChatId, ConversationId, MessageId, ProcessId, SessionName};

macro_rules! from_value {
    ($($name:ident),+) => {
        $(impl FromValue for $name {
            fn from_value(value: Value) -> Result<Self, fred::error::Error> {
                String::from_value(value).map(Self::stored)
            }
        })+
    };
}

from_value!(
    SessionName,
    ChatId,
    ConversationId,
    MessageId,
    ProcessId,
    AgentName
);

impl FromValue for Millis {
    fn from_value(value: Value) -> Result<Self, fred::error::Error> {
        i64::from_value(value).map(Self::new)
    }
}

impl From<Millis> for Value {
    fn from(time: Millis) -> Self {
        time.as_i64().into()
    }
}
