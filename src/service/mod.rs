//! The agents: what the daemon does all day. One file each, one shape (what it is responsible for, a small config of its
//! own, `run(self, shutdown)`).
//!
//! Agents do not know each other: they meet in Redis and in the history, and `app` hands them what they share.

pub mod deliver;
pub mod handle;
pub mod inlet;
pub mod kit;
pub mod line;
pub mod owner;
pub mod upkeep;
