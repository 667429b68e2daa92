//! The arguments of a script's call.

use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;

use crate::clock::{self, Millis};

/// The arguments of a script call, in the order of its header. All texts are in one piece of memory: a batch has hundreds of them.
#[derive(Default)]
pub(crate) struct Arguments {
    texts: Vec<u8>,
    all: Vec<Argument>,
}

enum Argument {
    /// Where the text ends; it begins where the one before ends.
    Text {
        end: usize,
    },
    Number(i64),
}

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
        self.texts.extend_from_slice(text.as_ref().as_bytes());
        let end = self.texts.len();
        self.all.push(Argument::Text { end });
    }

    pub(crate) fn push_number(&mut self, number: i64) {
        self.all.push(Argument::Number(number));
    }

    pub(crate) fn push_time(&mut self, time: Millis) {
        self.push_number(time.as_i64());
    }

    pub(crate) fn push_length(&mut self, length: Duration) {
        self.push_number(clock::millis(length));
    }

    /// As fred sends them. Cheap to clone.
    pub(crate) fn into_values(self) -> Vec<Value> {
        let texts = Bytes::from(self.texts);
        let mut begin = 0;
        let value = |one| match one {
            Argument::Text { end } => {
                let text = texts.slice(begin..end);
                begin = end;
                Value::Bytes(text)
            }
            Argument::Number(number) => Value::from(number),
        };
        self.all.into_iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_argument_is_what_was_pushed() {
        let arguments = Arguments::new().text("é").number(-7).text("").text("more");
        let bytes = |text: &'static str| Value::Bytes(Bytes::from_static(text.as_bytes()));
        let due = [bytes("é"), Value::from(-7), bytes(""), bytes("more")];
        assert_eq!(arguments.into_values(), due);
    }
}
