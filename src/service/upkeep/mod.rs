//! Housekeeping: the history, leases of dead processes, figures, and flows that are loaded again.

pub mod archiver;
pub mod metrics;
pub mod recoverer;
pub mod reloader;
