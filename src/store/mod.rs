//! The store: customers, conversations and replies in Redis. Only this room knows fred.
//!
//! Conversations and lanes change only in Lua scripts (`scripts`), one script for each change. The rest of this room turns
//! the arguments and answers of the scripts into types. Each runtime of a process has its own [`Store`], with its own
//! connection.
//!
//! | room | holds |
//! |---|---|
//! | `connection` | the connection to Redis: connecting and reconnecting, the check of the server's version and settings, and the bells |
//! | `scripts` | the Lua scripts: how they are put together and called, and the names of all keys |
//! | `private_redis` | the private Redis: a server of our own in the data directory, its socket, and the repair of its files |
//! | `actions` | what agents and the owner do by hand: take, say, note, give, close, move, pause |
//! | `agents` | agents: the people who answer customers, what they may take, and whether they are present |
//! | `accounts` | the accounts of agents for the console: hashes of passwords and tokens, logins, canned replies |
//! | `conversations` | conversations: received, waiting, held by a process, handed off, closed; and merging the two ids of one person |
//! | `lanes` | lanes: the replies of each chat, in order, until WAHA takes them or we give up on them |
//! | `sessions` | what we keep for a whole session: its status, history, figures, catching up, and the notifications to its owner |
//! | `snapshots` | all that a server holds at one moment, as it is sent to a replica; putting one back |
//! | `views` | the line and one conversation as people see them; they only read |
//! | `processes` | the processes that share one Redis: their heartbeats, the reload of their flows, whether they can use WAHA, and which one keeps the history |

mod accounts;
mod actions;
mod agents;
mod connection;
mod conversations;
mod error;
mod lanes;
mod private_redis;
mod processes;
mod scripts;
mod sessions;
mod snapshots;
#[expect(clippy::module_inception, reason = "what the room is about")]
mod store;
mod views;

pub use self::store::Store;
pub use accounts::account::{ConsoleAccount, Invitation, ReadAccount};
pub use accounts::canned::Canned;
pub use accounts::logins::Login;
pub use accounts::tokens::StoredToken;
pub use actions::absence::{Returned, WhyReturned};
pub use actions::action::{Acted, Action, ActionKind, Standing};
pub use actions::attend::{CloseByHand, GiveTo, HeadOfLine, Seat};
pub use actions::steer::{MoveTo, PausedLine};
pub use agents::agent::{Agent, AgentRole, MAX_CHATS};
pub use agents::presence::PRESENT_FOR;
pub use connection::bells::{Bell, Bells, NewMessage};
pub use connection::config::{FirstNoticeDelay, RedisServer, StoreConfig, check_url, valid_prefix};
pub use connection::connections::Connections;
pub use connection::files::FilesWritten;
pub use connection::server_check::ServerLook;
pub use conversations::expiry::Expired;
pub use conversations::handoffs::HandedOff;
pub use conversations::held_by::HeldBy;
pub use conversations::held_conversation::HeldConversation;
pub use conversations::ingest::{
    AnswerWords, Hearing, INBOX_BYTES_MAX, INBOX_MAX, Ingest, Ingested, SESSION_INBOX_BYTES_MAX,
};
pub use conversations::left_alone::LeftAlone;
pub use conversations::record::{ByPhone, Record, Recorded};
pub use conversations::step_commit::{Close, Committed, Handoff, StepCommit};
pub use conversations::waiting::{Announcement, DueWaiting, Leave, WaitingConversation};
pub use error::StoreError;
pub use lanes::attempt::Attempt;
pub use lanes::dead_letters::DeadLetter;
pub use lanes::delivery_state::DeliveryState;
pub use lanes::echo_content::EchoContent;
pub use lanes::lane::{Lane, Settlement, Verdict};
pub use lanes::reply::Reply;
pub use lanes::sending::TakenLanes;
pub use private_redis::error::PrivateRedisError;
pub use private_redis::server::{PrivateRedis, private_socket};
pub use private_redis::socket::PrivateSocket;
pub use processes::history_keeper::{Claimed, HistoryClaim, KeptHistory};
pub use processes::reloads::Reloaded;
pub use processes::waha_reports::WahaReport;
pub use scripts::keys::SEEN_TTL;
pub use sessions::audit::AuditKind;
pub use sessions::busy::Unmarked;
pub use sessions::catch_up::CATCH_UP_OVERLAP;
pub use sessions::due::DueTimes;
pub use sessions::erasure::{Erasure, Remembered};
pub use sessions::figures::{Gauges, PICKUP_BOUNDS_MS, QueuePace};
pub use sessions::history::HistoryEntry;
pub use sessions::people::{People, PeopleLine};
pub use sessions::status::{PausedStatus, SessionChange, SessionReport, SessionStanding};
pub use sessions::write_back::ConnectionChanges;
pub use snapshots::error::SnapshotError;
pub use snapshots::fetch::SnapshotOrigin;
pub use snapshots::snapshot_server::{SNAPSHOT, SnapshotServer, end_server_left_in};
pub use views::conversation_view::ConversationView;
pub use views::line_view::{LineKind, LinePart, LinePause, LineRow, LineSection, LineView};
pub use views::unread_words::UnreadWords;
