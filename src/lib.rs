//! waha-sm: an attendance queue for WhatsApp behind WAHA.
//!
//! Customers write; WAHA posts what they wrote; this daemon puts them in line, tells them their place, attends
//! them by a flow, and remembers everything. This page is the architecture; the README is for users.
//!
//! # The way of a message
//!
//! ```text
//! WAHA --POST--> listener --HMAC--> intake --> [ingest] --bell--> worker --flow--> [commit] --> sender --> WAHA
//!                                                 |                                   |            |
//!                                                 +---------- history stream ---------+------------+--> archiver --> SQLite
//!                announcer: who waits, and what changed for them --> [look] [announce] --bell--> sender
//!                catching up: what WAHA heard and we did not --> intake;   people: whose hidden id this is --> [learn]
//! ```
//!
//! What stands in \[brackets\] is one Lua script each (`store/lua/`): the only places where state changes.
//!
//! # What holds everywhere
//!
//! - A `200` to WAHA means: in Redis. Nothing slower than one script happens in the request.
//! - A bell (Pub/Sub) says "look now". Who misses one finds the work on a slow poll. The bell of an inbox brings a numbered
//!   copy of the message: where it is the next number, the look is spared; where not, the inbox is what counts.
//! - A step of a conversation is one commit: inbox consumed, state saved, replies in the lane, history written,
//!   together, or refused because the epoch is not the owner's or the step was committed before.
//! - A lease belongs to a process, which says every half second that it lives. When it falls silent its conversations go
//!   back to the line under their old tickets, and its lanes are due again. Whoever restarts on the same data directory
//!   takes its own back at once.
//! - After any answer of Redis' that was lost, nobody guesses: the conversation is read again, a lane is given back, a
//!   settlement is repeated until it was taken.
//! - An attempt to send is noted before it is made, with the message id where WAHA hands one out. What became of it when
//!   its answer never came is settled before anything is sent again: by WAHA's echo or ack, by asking for the id, or by
//!   looking for the text, or the file with its caption ([`service`], `doubt`).
//! - A message is known by its id, however it comes: by webhook, again, under a person's other id, or listed by WAHA when
//!   we catch up.
//! - A person is one chat, kept under the `@c.us` once that is known, and answered under the id that they wrote from.
//! - A call to the shop's own system is committed under its key before it is made, outside of any lock, and its answer
//!   is one more commit: a crash between the two repeats it under the same key ([`service`], `calls`).
//! - A message of ours that the sender did not send is the owner's, who answers from their own phone: known by the message id,
//!   and by the words while that is not known. The bot steps aside in that chat; what turns out to be ours gives it back.
//! - Who waits for a person keeps the ticket and holds no worker.
//! - Only the sender talks to a chat, only from its lane, in order. A worker never waits for WAHA.
//! - The history is a consequence. The archiver stores the entries and its position in the stream in one SQLite
//!   transaction, and trims the stream only after that.
//! - Calls to Redis that many tasks make at once go out together ([`store`], `batch`): under load a call carries dozens.
//!
//! # Rooms, and who may know whom
//!
//! | room | is | knows |
//! |---|---|---|
//! | [`cli`], [`config`], [`app`], [`data_dir`], [`logging`], [`health`] | composition: settings, roles, the order of start and stop | all |
//! | [`service`] | the agents, one file each; none knows another | store, history, waha, shop, flow, flows |
//! | [`store`] | Redis; the only room that knows fred | flow (media) |
//! | [`history`] | SQLite; the only room that knows rusqlite | terminal |
//! | [`shop`] | the HTTP of a flow's `call` | nothing of ours |
//! | [`waha`] | the contract with WAHA: events, signatures, ids (pure), and its HTTP API | nothing of ours |
//! | `terminal`, [`clock`], `throttle` | leaves: what is safe to look at, what time it is, what is told now and then | nothing of ours |
//! | [`flow`] | what to say: pure, no I/O, no clock, no async, no WAHA | nothing of ours |
//! | [`flows`] | which flow a session follows: read from files, swapped whole when they are read anew | flow |
//!
//! A test (`tests/it/tidy.rs`) holds these walls up. Translation sits in the agent that knows both sides: the attendance
//! turns WAHA's message into the flow's, the delivery turns a reply into a request and a line of the history.
//!
//! # Roles
//!
//! `serve` runs listener and archiver, `work` the rest, `all` both: with two runtimes in one process, the work at a lower
//! priority, so that WAHA is answered at once however much there is to do ([`app`]).

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod data_dir;
pub mod flow;
pub mod flows;
pub mod health;
pub mod history;
pub mod logging;
mod runtime;
pub mod secret;
pub mod service;
pub mod settings;
pub mod shop;
pub mod store;
mod terminal;
mod throttle;
pub mod waha;

/// An error with all that lies behind it and is not in its own text.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
