//! The agents: one file, one shape (what it is responsible for, a `Config`, `run(self, shutdown)`). None knows
//! another; they meet in Redis.

pub mod announcer;
pub mod archiver;
pub mod attendance;
mod backoff;
mod body;
pub mod calls;
pub mod catch_up;
mod complaint;
pub mod delivery;
mod doorbell;
mod doubt;
mod echo_content;
mod followed;
pub mod handoffs;
pub mod hearing;
pub mod intake;
pub mod lease;
pub mod listener;
pub mod metrics;
mod outgoing;
pub mod overdue;
pub mod owner;
pub mod people;
pub mod recoverer;
mod refusals;
pub mod reloader;
mod rounds;
pub mod sender;
mod standing;
mod typing;
pub mod wake_ups;
pub mod worker;
