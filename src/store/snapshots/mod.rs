//! Snapshots: all that a server holds at one moment, as it is sent to a replica (an RDB file); and putting one back.

pub(crate) mod error;
pub(crate) mod fetch;
pub(crate) mod put_back;
pub(crate) mod replication;
pub(crate) mod snapshot_server;
