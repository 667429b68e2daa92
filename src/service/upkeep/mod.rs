//! Housekeeping.
//!
//! | file | what it does |
//! |---|---|
//! | [`archiver`] | copies the history stream to SQLite, and trims it |
//! | [`recoverer`] | sends this process' heartbeat, and releases what dead processes held |
//! | [`reloader`] | reloads the flows while the daemon runs |

pub mod archiver;
pub mod recoverer;
pub mod reloader;
