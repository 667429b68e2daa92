//! Everything said and done, in one SQLite file: written by an archiver, read by anybody at any time.
//!
//! The history is a consequence. Entries come from a stream in batches ([`Archive::append`]) and land
//! together with the position in that stream, in one transaction, so each lands exactly once.
//!
//! - Only this module knows rusqlite. It is synchronous: call it on a blocking thread.
//! - It knows no Redis; a stream entry is an id and a list of strings ([`StreamEntry`]).
//! - Order never matters: acks, edits and claims may come before what they are about, and whatever the
//!   order, the rows come out the same. What arrives is kept as facts; queries put them together.
//! - A person may have two chat ids, a hidden one (`@lid`) and a number: once that is told, both are one chat.
//! - The file may be deleted or replaced while it is open: [`Archive::restore_if_removed`] puts it back.
//! - An entry that nobody understands is kept as it came and counted; it never holds up the others.

mod aliases; // one person, two chat ids
mod archive; // the writing side
mod conversations; // the steps of a conversation
mod entry; // a stream entry, understood
mod error;
mod files; // the file on the disk, and when somebody takes it away
mod marks; // acks, edits, revocations, reactions
mod message; // what a reader gets
mod pairing; // a reply and its echo are one row
mod print; // as text and as JSON
mod query; // the reading side
mod rows; // the table `message`
mod schema; // the tables, and their migrations
mod search;
mod since; // "2h", "yesterday"
mod stream;
#[cfg(test)]
mod tests;
mod trouble; // what SQLite says, and what to do about it

pub use archive::{Appended, Archive};
pub use error::HistoryError;
pub use files::{FILE_NAME, Restored};
pub use message::{Conversation, Edit, StoredMessage, StoredReaction};
pub use query::{History, Query};
pub use since::{SinceError, parse_since};
pub use stream::StreamEntry;
