//! The answer of a script, read piece by piece.

use fred::prelude::*;

use crate::clock::Millis;
use crate::store::error::StoreError;

/// Reads a script's answer piece by piece, in the order of its header.
pub(crate) struct ScriptAnswer(std::vec::IntoIter<Value>);

impl ScriptAnswer {
    pub(crate) fn of(value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Array(values) => Ok(Self(values.into_iter())),
            _ => Err(StoreError::UnexpectedAnswer("an array")),
        }
    }

    /// An answer that was stored.
    pub(crate) fn of_texts(texts: Vec<String>) -> Self {
        let values: Vec<Value> = texts.into_iter().map(Value::from).collect();
        Self(values.into_iter())
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.0
            .next()
            .and_then(Value::into_string)
            .ok_or(StoreError::UnexpectedAnswer("a string"))
    }

    pub(crate) fn number(&mut self) -> Result<i64, StoreError> {
        self.0
            .next()
            .and_then(|value| value.as_i64())
            .ok_or(StoreError::UnexpectedAnswer("a number"))
    }

    pub(crate) fn time(&mut self) -> Result<Millis, StoreError> {
        self.number().map(Millis::new)
    }

    pub(crate) fn array(&mut self) -> Result<ScriptAnswer, StoreError> {
        let next = self.0.next();
        Self::of(next.ok_or(StoreError::UnexpectedAnswer("an array"))?)
    }

    pub(crate) fn more(&self) -> bool {
        self.0.len() > 0
    }

    /// The rest, as texts.
    pub(crate) fn texts(self) -> Vec<String> {
        self.0.filter_map(Value::into_string).collect()
    }

    pub(crate) fn arrays(self) -> impl Iterator<Item = Result<ScriptAnswer, StoreError>> {
        self.0.map(ScriptAnswer::of)
    }
}
