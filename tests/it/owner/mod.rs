//! Notifications to the owner, and chats that the owner answers.

mod handoff;
mod notifications;
mod owner_takeover;
mod session_status;
