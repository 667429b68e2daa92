//! What several rooms of the service use.
//!
//! | file | what it does |
//! |---|---|
//! | `backoff` | the delay before the next attempt; each caller sets its own limits |
//! | [`duties`] | which sessions this process looks after |
//! | `echo_content` | the content of an outbound message, to compare it with replies |
//! | `flow_input` | converts a message into the flow's input |
//! | [`handover`] | lanes on their way from the conversations to the sender |
//! | `heard_form` | what a flow hears of a message, if that is not all of it |
//! | [`lease`] | this process' right to act on what it holds |
//! | `message_parts` | the parts of a message's content, to see whether a later copy brings more |
//! | [`metrics`] | the figures of `/metrics` |
//! | `periodic` | work at a fixed interval |
//! | [`pickup_latency`] | the time from a customer's message until its worker picks it up |
//! | [`readiness`] | whether this process can do its work |
//! | `session_pages` | which busy sessions the archiver looks at in one round |
//! | `session_queue` | sessions that an agent looks at one after the other |
//! | `session_rounds` | work on many sessions, some of them at once |
//! | [`shared_reading`] | what many ask for at once, read from Redis once for all of them |
//! | `store_error_log` | logs errors from Redis, at most once a minute |
//! | [`touched`] | what changed in the history, for screens |
//! | `unread_message` | reads a message of an inbox, which may have been edited or withdrawn |
//! | [`waha_access`] | whether this process can use WAHA; nothing is sent while WAHA refuses our key |

pub(crate) mod backoff;
pub mod duties;
pub(crate) mod echo_content;
pub(crate) mod flow_input;
pub mod handover;
pub(crate) mod heard_form;
pub mod lease;
pub(crate) mod message_parts;
pub mod metrics;
pub(crate) mod periodic;
pub mod pickup_latency;
pub mod readiness;
pub(crate) mod session_pages;
pub(crate) mod session_queue;
pub(crate) mod session_rounds;
pub mod shared_reading;
pub(crate) mod store_error_log;
pub mod touched;
pub(crate) mod unread_message;
pub mod waha_access;
