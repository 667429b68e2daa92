//! The processes that share one Redis: which are alive, and which flows they have loaded.

pub(crate) mod heartbeats;
pub(crate) mod reloads;
