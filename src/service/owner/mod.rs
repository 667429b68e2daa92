//! Messages to the owner: which customers wait for a person, and what is wrong with a session.
//!
//! | file | what it does |
//! |---|---|
//! | [`notifier`] | sends a notice to the owner's chat, once for each cause |
//! | [`notify_chat`] | which chat that is |
//! | [`handoffs`] | notices of customers who wait for a person |
//! | `session_status` | what WAHA's status of a session means: paused or working, and whether the owner must act |
//! | [`reachability`] | whether customers can reach a session, so that nobody times out during an outage |

pub mod handoffs;
pub mod notifier;
pub mod notify_chat;
pub mod reachability;
pub(crate) mod session_status;
