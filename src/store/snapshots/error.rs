//! Why a snapshot can't be fetched or put back.

use std::io;

use crate::store::error::StoreError;

/// Why a snapshot can't be fetched or put back.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The server gives no snapshot to us.
    #[error("Redis gives no snapshot: {0}")]
    Refused(String),
    /// The connection failed, or the server.
    #[error("the snapshot of Redis was cut off: {0}")]
    Broken(String),
    /// What came can't be written.
    #[error(transparent)]
    Write(io::Error),
    /// The server that reads a snapshot does not start.
    #[error("a redis-server for reading the snapshot did not start: {0}")]
    NotRead(String),
    /// Another part of it is not what it must be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Redis does not take a key.
    #[error(
        "Redis does not take what is in the backup: {0}. It may be older than the Redis that the backup is of: use the same version, or a \
         newer one"
    )]
    NotTaken(String),
}
