//! The contract with WAHA: verifies and reads what it posts to us, and calls its HTTP API.
//!
//! Everything except [`client`] is pure: no I/O, no clock. Reading is tolerant: an authentic event is never refused because a
//! field has an unexpected shape. The only exception is an event nested deeper than anything WAHA writes.

pub mod client;
pub mod event;
pub mod message;
pub mod restriction;
pub mod serialised_id;
pub mod signature;

mod content;
mod content_words;
mod json_depth;
mod json_repair;
mod label;
mod lenient;
mod meaning;
mod named_content;
mod one_line;
mod payload_reader;
mod which_chat;
mod wire;
