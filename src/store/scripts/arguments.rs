//! The arguments of a script's call.

use std::time::Duration;

use fred::types::Value;

use crate::clock::{self, Millis};

/// The arguments of a script call, in the order of its header.
#[derive(Default)]
pub(crate) struct Arguments(pub(crate) Vec<Value>);

impl Arguments {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn text(mut self, text: impl AsRef<str>) -> Self {
        self.push_text(text);
        self
    }

    pub(crate) fn number(mut self, number: i64) -> Self {
        self.push_number(number);
        self
    }

    pub(crate) fn time(mut self, time: Millis) -> Self {
        self.push_time(time);
        self
    }

    /// In milliseconds, as all lengths of time.
    pub(crate) fn length(mut self, length: Duration) -> Self {
        self.push_length(length);
        self
    }

    pub(crate) fn push_text(&mut self, text: impl AsRef<str>) {
        self.0.push(Value::from(text.as_ref()));
    }

    pub(crate) fn push_number(&mut self, number: i64) {
        self.0.push(Value::from(number));
    }

    pub(crate) fn push_time(&mut self, time: Millis) {
        self.push_number(time.as_i64());
    }

    pub(crate) fn push_length(&mut self, length: Duration) {
        self.push_number(clock::millis(length));
    }
}
