//! Housekeeping.
//!
//! | file | what it does |
//! |---|---|
//! | [`archive_thread`] | runs what writes the history on a thread of its own |
//! | [`archiver`] | copies the history stream to SQLite, and trims it |
//! | [`health_agent`] | answers `waha-sm health` |
//! | [`history_keeper`] | holds this process' right to write the history |
//! | [`history_watch`] | looks whether another process keeps the history |
//! | [`lookout`] | looks when something is due in each session, and tells the agent that does it |
//! | [`recoverer`] | sends this process' heartbeat, and releases what dead processes held |
//! | [`reloader`] | reloads the flows while the daemon runs |
//! | [`sweeper`] | takes sessions in which nothing is open out of the list that agents poll |
//! | [`tidying`] | removes from the history what is too old, and the bytes of what was deleted |
//! | [`write_back`] | when a connection is lost or made, writes back what this process sent and Redis may have forgotten |

mod archive_thread;
pub mod archiver;
pub mod health_agent;
pub mod history_keeper;
pub mod history_watch;
pub mod lookout;
pub mod recoverer;
pub mod reloader;
pub mod sweeper;
mod tidying;
pub mod write_back;
