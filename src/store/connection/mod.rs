//! The connection to Redis: how it is made, lost and found again, what the server says of itself, and the bells.

pub(crate) mod bells;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod contact;
pub(crate) mod error_words;
pub(crate) mod inspection;
pub(crate) mod sent_messages;
