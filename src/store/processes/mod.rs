//! The processes that share one Redis: their heartbeats, the reload of their flows, whether they can use WAHA, and which one
//! keeps the history.

pub(crate) mod heartbeats;
pub(crate) mod history_keeper;
pub(crate) mod reloads;
pub(crate) mod waha_reports;
