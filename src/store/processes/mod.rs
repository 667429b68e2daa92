//! The processes that share one Redis: who lives, and who has loaded which flows.

pub(crate) mod heartbeats;
pub(crate) mod reloads;
