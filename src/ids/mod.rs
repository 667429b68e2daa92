//! The names and ids that are passed around everywhere: one type each, so that none is taken for another.
//!
//! All are short texts that never change and are cheap to clone. Text from outside becomes one only by the rule of its
//! kind ([`SessionName::parse`], [`ChatId::person`], [`MessageId::parse`]). What Redis, SQLite or the data directory
//! gives back was checked before it was stored: it becomes one by `stored`.

mod chat_id;
mod conversation_id;
mod message_id;
mod process_id;
mod session_name;
mod text;

pub use chat_id::{ChatId, NotAPerson};
pub use conversation_id::ConversationId;
pub use message_id::MessageId;
pub use process_id::ProcessId;
pub use session_name::SessionName;
