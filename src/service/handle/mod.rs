//! One conversation at a time, from claim to close.

pub mod calls;
pub mod conversation;
pub mod dispatcher;
mod doorbell;
