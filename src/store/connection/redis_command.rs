//! One command to Redis, and the slot of its keys.

use fred::types::Value;
use fred::util::redis_keyslot;

/// One command. Its first key decides where it goes.
#[derive(Clone, Debug)]
pub(crate) struct RedisCommand {
    pub(crate) name: &'static str,
    pub(crate) slot: u16,
    /// All of them, with the keys.
    pub(crate) arguments: Vec<Value>,
}

impl RedisCommand {
    /// A command whose first argument is the key.
    pub(crate) fn new(
        name: &'static str,
        key: String,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Self {
        let slot = redis_keyslot(key.as_bytes());
        let mut all = vec![Value::from(key)];
        all.extend(arguments);
        Self {
            name,
            slot,
            arguments: all,
        }
    }

    /// `EVAL` with the text of a script, or `EVALSHA` with its hash.
    pub(crate) fn script(
        name: &'static str,
        script: Value,
        keys: Vec<String>,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Self {
        let slot = keys.first().map_or(0, |key| redis_keyslot(key.as_bytes()));
        let mut all = vec![script, Value::from(keys.len() as i64)];
        all.extend(keys.into_iter().map(Value::from));
        all.extend(arguments);
        Self {
            name,
            slot,
            arguments: all,
        }
    }
}
