//! Why the daemon could not start, or had to end.

use std::io;
use std::net::SocketAddr;

use crate::data_dir::DataDirError;
use crate::history;
use crate::service::upkeep::history_keeper::NotKeeper;
use crate::store::{self, PrivateRedisError};
use crate::waha::client::BadConfig;

/// Why the daemon ended, although nobody stopped it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// See [`DataDirError`].
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// See [`PrivateRedisError`].
    #[error(transparent)]
    PrivateRedis(#[from] PrivateRedisError),
    /// Redis can't be used.
    #[error("can't use Redis{}: {source}{}", at.as_deref().unwrap_or_default(), source.advice())]
    Store {
        /// Its address, without the password.
        at: Option<String>,
        /// Why.
        source: store::StoreError,
    },
    /// The client for WAHA can't be built from these settings.
    #[error(transparent)]
    Client(#[from] BadConfig),
    /// The history can't be opened.
    #[error(transparent)]
    History(#[from] history::HistoryError),
    /// Another process keeps the history, or another file has it.
    #[error(transparent)]
    NotKeeper(#[from] NotKeeper),
    /// The console's address is in use, or is not an address of this machine.
    #[error(
        "can't listen on {address} for the console: {source}; set CONSOLE_LISTEN to another address or port"
    )]
    Console {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The address is in use, or is not an address of this machine.
    #[error("can't listen on {address}: {source}; set LISTEN to another address or port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A part of the daemon panicked.
    #[error(
        "a part of the daemon crashed, so everything was stopped. Nothing is lost: start it again. This is a bug: please \
         report it with the lines above that say `panicked at`"
    )]
    Panicked,
    /// The operating system refused something basic.
    #[error("can't start: {0}")]
    System(#[from] io::Error),
}
