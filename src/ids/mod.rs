//! Names and ids, and the chat that the owner names. Each has its own type, so that they can't be confused.
//!
//! All are short texts that never change and are cheap to clone. Text from outside becomes one only if it passes the check
//! ([`SessionName::parse`], [`ChatId::person`], [`MessageId::parse`], `AgentName`'s `FromStr`). Text from Redis, SQLite or the data directory was
//! checked before it was stored, so `stored` accepts it.

mod agent_name;
mod chat_id;
mod conversation_id;
mod message_id;
mod ninth_digit;
mod nonce;
mod notify_chat;
mod process_id;
mod session_name;
mod text;

pub use agent_name::{AgentName, NotAnAgentName};
pub use chat_id::{ChatId, NotAPerson};
pub use conversation_id::ConversationId;
pub use message_id::MessageId;
pub(crate) use ninth_digit::other_spelling;
pub use nonce::nonce;
pub use notify_chat::{NOTIFY_CHAT_LIKE, NotifyChat};
pub use process_id::ProcessId;
pub use session_name::SessionName;
