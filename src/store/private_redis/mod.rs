//! The private Redis: a server of our own in the data directory, its socket, and the repair of its files.

pub(crate) mod error;
pub(crate) mod repair;
pub(crate) mod server;
pub(crate) mod socket;
