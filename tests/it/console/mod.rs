//! The console over HTTP, and in a real browser.

mod caller;
mod media;
mod sessions;
