//! What comes in: webhooks, what was missed while we were away, and whose hidden id a message came from.

mod body;
pub mod catch_up;
pub mod intake;
mod late_takeover;
pub mod lid_lookup;
pub mod listener;
mod refusals;
