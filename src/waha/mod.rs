//! The contract with WAHA: reading and verifying what it posts to us, and calling its HTTP API.
//!
//! Everything but [`client`] is pure: no I/O, no clock. Reading is tolerant: an authentic event is never refused
//! because a field has an unexpected shape, unless it is nested deeper than anything WAHA writes.

pub mod client;
pub mod event;
pub mod message;
pub mod restriction;
pub mod serialised_id;
pub mod signature;

mod content;
mod depth;
mod label;
mod lenient;
mod payload_reader;
mod repair;
mod what;
mod which_chat;
mod wire;
