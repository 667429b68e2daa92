//! What several rooms of the service use.
//!
//! | file | what it does |
//! |---|---|
//! | `backoff` | the delay before the next try; the limits stand where something is tried again |
//! | `echo_content` | what a message of ours says, to compare it with replies |
//! | [`lease`] | this process' right to act on what it holds |
//! | [`metrics`] | the figures of `/metrics` |
//! | `periodic` | work at a fixed interval |
//! | [`pickup_latency`] | the time from a message until its worker picks it up |
//! | `said` | a message as an input of the flow |
//! | `store_error_log` | errors of Redis in the log, once a minute |

pub(crate) mod backoff;
pub(crate) mod echo_content;
pub mod lease;
pub mod metrics;
pub(crate) mod periodic;
pub mod pickup_latency;
pub(crate) mod said;
pub(crate) mod store_error_log;
