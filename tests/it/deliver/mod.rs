//! Replies on their way to the customer through WAHA.

mod access;
mod agents;
mod dead_letters;
mod doubt;
mod media;
mod seen;
mod sender;
