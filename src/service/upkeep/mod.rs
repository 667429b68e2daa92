//! Housekeeping.
//!
//! | file | what it does |
//! |---|---|
//! | [`archiver`] | copies the history stream to SQLite, and trims it |
//! | [`recoverer`] | sends this process' heartbeat, and releases what dead processes held |
//! | [`reloader`] | reloads the flows while the daemon runs |
//! | [`sweeper`] | takes sessions in which nothing is open out of the list that agents poll |

pub mod archiver;
pub mod recoverer;
pub mod reloader;
pub mod sweeper;
