//! Everything that comes in from WAHA.
//!
//! | file | what it does |
//! |---|---|
//! | [`listener`] | accepts HTTP connections, and closes those that are stuck or have to make room |
//! | `listener/routes` | `/webhook`, `/health`, `/ready` and `/metrics` |
//! | `shares` | shares out connections and memory, and decides who has to make room |
//! | `peer` | who a connection comes from, and which of them signed a webhook lately |
//! | `body` | reads bodies within limits of size, time and memory |
//! | `refusal_log` | logs refused webhooks and closed connections, summed up in a flood |
//! | [`intake`] | decides what an event means and stores it, whether it came by webhook or in a list |
//! | `answer_words` | the words by which a machine's answer can be told from a person's |
//! | [`catch_up`] | asks WAHA for messages whose webhooks were lost |
//! | `catch_up/listing` | the chats and messages that WAHA lists |
//! | `late_takeover` | decides whether the owner still has a chat, if we receive their message late |
//! | [`lid_lookup`] | asks WAHA for the phone number of a hidden id (`@lid`) |
//!
//! Groups, channels and broadcasts are filtered out earlier, in `waha/which_chat`.

mod answer_words;
mod body;
pub mod catch_up;
pub mod intake;
mod late_takeover;
pub mod lid_lookup;
pub mod listener;
mod peer;
mod refusal_log;
mod shares;
