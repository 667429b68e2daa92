//! The agents: what the daemon does all day.
//!
//! | room | what it does |
//! |---|---|
//! | [`inlet`] | takes what comes in: webhooks, and what was missed while we were away |
//! | [`line`] | looks after customers who wait |
//! | [`handle`] | handles one conversation at a time, from claim to close |
//! | [`deliver`] | sends replies, and settles those in doubt |
//! | [`owner`] | notifies the owner, and knows what is wrong with a session |
//! | [`upkeep`] | history, leases, reloads |
//! | [`kit`] | what several of them use |
//!
//! An agent is one file of one shape: what it is responsible for, a small config of its own, `run(self, shutdown)`. Agents
//! don't know each other: they meet in Redis and in the history, and `app` gives them what they share. A room imports
//! [`kit`] and nothing else of the service; only [`inlet`], [`handle`] and [`deliver`] also know [`owner`].

pub mod deliver;
pub mod handle;
pub mod inlet;
pub mod kit;
pub mod line;
pub mod owner;
pub mod upkeep;
