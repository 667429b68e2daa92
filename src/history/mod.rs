//! Everything said and done, in one SQLite file: written by an archiver, read by anyone at any time.
//!
//! The history follows from the stream. Entries come from it in batches ([`Archive::append`]) and are stored in one transaction
//! with the position in the stream, so each is stored exactly once.
//!
//! - Only this module knows rusqlite. It is synchronous: call it on a blocking thread.
//! - It knows no Redis; a stream entry is an id and a list of strings ([`StreamEntry`]).
//! - Order never matters: acks, edits and claims may come before what they are about, and the rows are the same in any order. Arrivals
//!   are stored as facts; queries put them together.
//! - A person may have two chat ids, a hidden one (`@lid`) and a number: once that is known, both are one chat.
//! - The file may be deleted or replaced while it is open: [`Archive::restore_if_removed`] puts it back.
//! - An entry that can't be understood is stored as it came and counted; it never blocks the others.

mod aliases; // one person, two chat ids
mod archive; // the writing side
mod change_feed; // which rows changed, in order
mod chat_names; // a chat as a person names it
mod clean; // removes the bytes of what was deleted
mod conversations; // the steps of a conversation
pub mod copy; // of the whole file, for a backup
mod csv_table; // for spreadsheets
mod cursor; // a place in a list
mod daily; // the sum of each day
mod database_file; // the file on the disk, and what to do if it is removed
mod entry; // from a stream entry to a fact
mod erase; // a person
mod erasures; // that persons were erased
mod error;
mod event; // what somebody did, as a reader gets it
mod events; // the same as it is stored
mod first_messages; // of conversations
mod follow; // messages as they are stored
mod found_words; // in a text
mod growth; // of the file
mod ids; // names and ids as SQLite stores them
mod last_heard; // whether customers still reach a session
mod last_words; // of the chats in a line
mod message; // what a reader gets
mod message_changes; // acks, edits, revocations, reactions
mod names; // of customers
mod pages; // found messages and conversations, newest first
mod pairing; // a reply and its echo are one row
mod print; // as text and as JSON
mod prune; // what is older than the history shall keep
mod query; // the reading side
mod ratings;
mod report; // how long it took, and how it ended
mod rows; // the table `message`
mod schema; // the tables, and their migrations
mod search;
mod since; // "2h", "2026-11-22"
mod spread; // median and ninth decile
mod sqlite_trouble; // what SQLite says, and what to do about it
mod status; // where a conversation is
mod stream;
mod temporary_files; // of SQLite
#[cfg(test)]
mod tests;
mod times; // times as SQLite stores them
mod transcript; // one chat, in pages

pub use archive::{Appended, Archive};
pub use change_feed::{ChangeFeed, ChangePosition, ChangedRow, NotAPosition, RowData};
pub use chat_names::{ChatNames, NotAChat};
pub use csv_table::{CsvReader, CsvRow, CsvTable};
pub use cursor::{Cursor, NotACursor};
pub use daily::{DailySum, rating_mean};
pub use database_file::{FILE_NAME, FILE_NAMES, Restored};
pub use erasures::StoredErasure;
pub use error::HistoryError;
pub use event::{EventKind, StoredEvent};
pub use events::TimelineItem;
pub use follow::Follower;
pub use found_words::found_words;
pub use growth::HistoryGrowth;
pub use last_words::{LastSaid, LastWords, StoredMedia};
pub use message::{Conversation, Edit, StoredMessage, StoredReaction};
pub use pages::{AuditPage, ConversationPage, FoundPage};
pub use prune::{Prunable, Pruned};
pub use query::{History, Query};
pub use ratings::StoredRating;
pub use report::{Report, ReportRow, ReportSpan};
pub use since::{SinceError, parse_since, parse_until, since_in, until_in};
pub use spread::Spread;
pub use status::Status;
pub use stream::StreamEntry;
pub use temporary_files::keep_temporary_files_in;
pub use transcript::{Transcript, TranscriptItem, TranscriptKind, TranscriptPage};
