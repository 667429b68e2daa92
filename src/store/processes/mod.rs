//! The processes that share one Redis: their heartbeats, the reload of their flows, and whether they can use WAHA.

pub(crate) mod heartbeats;
pub(crate) mod reloads;
pub(crate) mod waha_reports;
