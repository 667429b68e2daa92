//! A checked flow: its steps, texts, opening times and calls.

pub(crate) mod call;
pub(crate) mod definition;
pub(crate) mod hours;
pub(crate) mod media;
pub(crate) mod say;
pub(crate) mod text_key;
pub(crate) mod texts;
