//! What every test needs: its own Redis, fake WAHA and daemons, which end with the test.

pub(crate) mod browser;
mod daemon;
mod fake_waha;
mod redis;
mod redis_address;
mod terminal;
mod test_setup;
mod time;
mod wait;

pub(crate) use daemon::{API_KEY, Daemon, SECRET, SESSION, Setup, binary};
pub(crate) use redis::{Redis, ask, send_signal};
pub(crate) use redis_address::RedisAddress;
pub(crate) use terminal::terminal;
pub(crate) use test_setup::{TWO_QUESTIONS, TestSetup, chat};
pub(crate) use time::ms;
pub(crate) use wait::{PATIENCE, eventually};
