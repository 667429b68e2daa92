//! The processes that share one Redis: their heartbeats, and the reload of their flows.

pub(crate) mod heartbeats;
pub(crate) mod reloads;
