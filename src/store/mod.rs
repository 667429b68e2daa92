//! Redis: where customers, conversations and replies are kept. The only place that knows fred.
//!
//! State changes in single Lua scripts ([`scripts`]); everything else here turns their arguments and answers into types. Each
//! process has its own [`Store`], and each of its runtimes its own connection.
//!
//! | room | holds |
//! |---|---|
//! | [`connection`] | the connection to Redis: how it is made, lost and found again, what the server says of itself, and the bells |
//! | [`scripts`] | the Lua scripts, the only places where state changes: how they are put together and called, and every key |
//! | [`private_redis`] | the private Redis: a server of our own in the data directory, and the repair of its files |
//! | [`conversations`] | conversations: taken in, waiting, held by a process, handed to a person, closed; two ids of one person become one |
//! | [`lanes`] | lanes: the replies of each chat, in order, until WAHA took them or they were given up on |
//! | [`sessions`] | what is kept of a session as a whole: its status, its history, its figures, what its owner was told |
//! | [`processes`] | the processes that share one Redis: which are alive, and which flows they have loaded |

mod connection;
mod conversations;
mod error;
mod lanes;
mod private_redis;
mod processes;
mod scripts;
mod sessions;
#[expect(clippy::module_inception, reason = "what the room is about")]
mod store;

pub use self::store::Store;
pub use connection::bells::{Bell, Bells};
pub use connection::config::{FirstNotice, RedisServer, StoreConfig, check_url, valid_prefix};
pub use connection::contact::Connections;
pub use conversations::claimed::Claimed;
pub use conversations::handoffs::HandedOff;
pub use conversations::ingest::{INBOX_MAX, Ingest, Ingested};
pub use conversations::record::{ByPhone, Record, Recorded};
pub use conversations::step_commit::{Close, Committed, StepCommit};
pub use conversations::waiting::{Announcement, Leave, WaitingConversation};
pub use error::StoreError;
pub use lanes::attempt::Attempt;
pub use lanes::dead_letters::DeadLetter;
pub use lanes::echo_content::EchoContent;
pub use lanes::lane::{Lane, Settlement, Verdict};
pub use lanes::reply::Reply;
pub use lanes::sending::TakenLanes;
pub use private_redis::error::PrivateRedisError;
pub use private_redis::server::{PrivateRedis, private_socket};
pub use processes::reloads::Reloaded;
pub use scripts::answer::Millis;
pub use scripts::keys::SEEN_TTL;
pub use sessions::catch_up::OVERLAP;
pub use sessions::figures::{Gauges, QueuePace, WAKE_UP_BOUNDS_MS};
pub use sessions::history::HistoryEntry;
pub use sessions::status::{SessionChange, SessionReport};
