//! Notices to the owner: which customers wait for a person, which chats the bot leaves alone, and what is wrong with a session.
//!
//! | file | what it does |
//! |---|---|
//! | [`notifier`] | sends a notice to the owner's chat, once for each cause, and knows the owner's chats |
//! | [`handoffs`] | sends a notice for each customer who waits for a person |
//! | [`left_alone`] | sends a notice for each chat that the bot leaves alone |
//! | `shown_customer` | how the notices name a customer |
//! | `session_status` | stores WAHA's status of a session, pauses its replies, and notifies the owner if they must act |
//! | [`waha_monitor`] | asks WAHA whether it accepts our key, and reports the result |
//! | [`reachability`] | checks whether customers can reach a session, so that nobody times out during an outage |

pub mod handoffs;
pub mod left_alone;
pub mod notifier;
pub mod reachability;
pub(crate) mod session_status;
pub(crate) mod shown_customer;
pub mod waha_monitor;
