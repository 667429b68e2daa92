//! Notices to the owner: which customers wait for a person, and what is wrong with a session.
//!
//! | file | what it does |
//! |---|---|
//! | [`notifier`] | sends a notice to the owner's chat, once for each cause |
//! | [`notify_chat`] | reads the setting that names this chat |
//! | [`handoffs`] | sends a notice for each customer who waits for a person |
//! | `session_status` | stores WAHA's status of a session, pauses its replies, and notifies the owner if they must act |
//! | [`reachability`] | checks whether customers can reach a session, so that nobody times out during an outage |

pub mod handoffs;
pub mod notifier;
pub mod notify_chat;
pub mod reachability;
pub(crate) mod session_status;
