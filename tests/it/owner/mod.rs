//! What the owner is notified of, and what they answer themselves.

mod handoff;
mod notifications;
mod owner_takeover;
mod session_status;
