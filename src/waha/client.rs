//! Calls WAHA: the few requests that we need to serve customers, to pair a phone and to show files, on blocking connections.
//!
//! A client is cheap to clone, and any number of threads may share it. Connections stay open and are reused. The client never
//! repeats a request: [`SendError`] says what a failure means for the reply, and the sender decides what to do.

mod answer;
mod chat;
mod configuration;
mod connect;
mod files;
mod http;
mod media;
mod outcome;
mod questions;
mod sessions;

pub use configuration::{
    ConfiguredHook, ConfiguredRetries, ConfiguredSession, HookPlace, WahaEnvironment, WahaServer,
};
pub use files::{FILE_MAX, FileError, FilePath, NotOurFile, WahaFile};
pub use http::{BadConfig, Client, ClientConfig, TIMEOUT, is_address, is_api_key};
pub use media::{File, FileContent, MEDIA_TIMEOUT, SendAs};
pub use outcome::{SendError, SentMessage};
pub use questions::{AskError, ListedChat, Page};
pub use sessions::{Account, PhoneNumber, Session, SessionOrder};

#[cfg(test)]
mod tests;
