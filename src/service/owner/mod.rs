//! What the owner is told: who waits for a person, and what is wrong with a session.

pub mod handoffs;
pub mod notifier;
pub mod notify_chat;
pub mod reachability;
pub(crate) mod session_status;
