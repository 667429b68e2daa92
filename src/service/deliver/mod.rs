//! The lanes to WAHA: replies leave in order, and a reply in doubt is settled before the next is sent.

pub mod delivery;
mod doubt;
mod reply_content;
pub mod send_config;
pub mod sender;
mod typing;
