//! What the agents share.

pub(crate) mod backoff;
pub(crate) mod echo_content;
pub mod lease;
pub(crate) mod periodic;
pub mod pickup_latency;
pub(crate) mod store_error_log;
