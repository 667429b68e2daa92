//! The connection to Redis: where commands go, connecting and reconnecting, the check of the server's version and settings, and
//! the bells.

pub(crate) mod bells;
pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod commands;
pub(crate) mod config;
pub(crate) mod connections;
pub(crate) mod contact;
pub(crate) mod error_words;
pub(crate) mod files;
pub(crate) mod node;
pub(crate) mod redirection;
pub(crate) mod redis;
pub(crate) mod redis_command;
pub(crate) mod sent_messages;
pub(crate) mod sentinel_events;
pub(crate) mod server_check;
pub(crate) mod server_door;
pub(crate) mod silences;
pub(crate) mod slot_map;
pub(crate) mod trust;
