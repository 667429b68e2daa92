//! What every test needs: its own Redis, fake WAHA and daemons, which end with the test.

mod corner;
mod daemon;
mod fake_waha;
mod redis;
mod time;
mod wait;

pub(crate) use corner::{Corner, TWO_QUESTIONS, chat};
pub(crate) use daemon::{API_KEY, Daemon, SECRET, SESSION, Setup, binary};
pub(crate) use redis::{Redis, ask, send_signal};
pub(crate) use time::ms;
pub(crate) use wait::{PATIENCE, eventually};
