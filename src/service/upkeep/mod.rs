//! Housekeeping.
//!
//! | file | what it does |
//! |---|---|
//! | [`archiver`] | copies the history stream to SQLite, and trims it |
//! | [`recoverer`] | sends the heartbeat of this process, and takes back what dead processes held |
//! | [`reloader`] | loads the flows again while the daemon runs |

pub mod archiver;
pub mod recoverer;
pub mod reloader;
