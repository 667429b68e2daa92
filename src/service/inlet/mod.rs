//! What comes in.
//!
//! | file | what it does |
//! |---|---|
//! | [`listener`] | accepts HTTP connections, and closes those that are stuck |
//! | `listener/routes` | `/webhook`, `/health`, `/ready` and `/metrics` |
//! | `body` | reads bodies within limits of size, time and memory |
//! | `refusals` | webhooks with a wrong signature, in the log |
//! | [`intake`] | what an event means, whether it came by webhook or was listed |
//! | [`catch_up`] | asks WAHA for messages whose webhooks were lost |
//! | `catch_up/listing` | the chats and messages that WAHA lists |
//! | `late_takeover` | whether the owner, whose message we learn of late, still has the chat |
//! | [`lid_lookup`] | which phone number a hidden id (`@lid`) belongs to |
//!
//! Groups, channels and broadcasts are left out before anything comes here: `waha/origin`.

mod body;
pub mod catch_up;
pub mod intake;
mod late_takeover;
pub mod lid_lookup;
pub mod listener;
mod refusals;
