//! The connection to Redis: connecting and reconnecting, the check of the server's version and settings, and the bells.

pub(crate) mod bells;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod connection_watch;
pub(crate) mod error_words;
pub(crate) mod sent_messages;
pub(crate) mod server_check;
