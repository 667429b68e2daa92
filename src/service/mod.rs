//! The agents: the tasks that run for as long as the daemon does.
//!
//! | room | what it does |
//! |---|---|
//! | [`inlet`] | receives webhooks, and fetches messages that were missed |
//! | [`line`] | serves customers who wait in line |
//! | [`handle`] | handles one conversation at a time, from claim to close |
//! | [`deliver`] | sends replies, and finds out whether a reply in doubt was sent |
//! | [`owner`] | notifies the owner, and watches the state of each session |
//! | [`upkeep`] | history, leases, reloads |
//! | [`kit`] | what several of them use |
//!
//! Every agent has one file of the same shape: a sentence on what it is responsible for, a small config, and `run(self,
//! shutdown)`. Agents don't call each other: they communicate through Redis and the history, and `app` gives them what
//! they share. A room imports
//! [`kit`] and nothing else of the service; only [`inlet`], [`handle`] and [`deliver`] also know [`owner`].

pub mod deliver;
pub mod handle;
pub mod inlet;
pub mod kit;
pub mod line;
pub mod owner;
pub mod upkeep;
