//! The agents: the tasks that run as long as the daemon runs.
//!
//! | room | what it does |
//! |---|---|
//! | [`inlet`] | receives webhooks, and fetches messages that were missed |
//! | [`mod@line`] | serves customers who wait in line |
//! | [`handle`] | handles one conversation at a time, from claim to close |
//! | [`deliver`] | sends replies, and finds out whether a reply in doubt was sent |
//! | [`owner`] | notifies the owner, and watches the state of each session |
//! | [`upkeep`] | writes the history, recovers the work of dead processes, reloads flows |
//! | [`accounts`] | how agents prove who they are to the console: passwords, links, logins, API tokens |
//! | [`desk`] | what people do with conversations, for the command line and the console |
//! | [`dead`] | replies that were given up: people send them again or delete them |
//! | [`checkup`] | what works and what does not |
//! | [`person`] | exports and erases all data of a person, for the command line and the console |
//! | [`kit`] | what several rooms use |
//!
//! Each agent has its own file, and all have the same shape: a sentence on its responsibility, a small config, and `run(self,
//! shutdown)`. Agents don't call each other: they communicate through Redis and the history, and `app` gives them what
//! they share. A room imports [`kit`] and no other room of the service; only [`inlet`], [`handle`] and [`deliver`] also
//! import [`owner`].

pub mod accounts;
pub mod checkup;
pub mod dead;
pub mod deliver;
pub mod desk;
pub mod handle;
pub mod inlet;
pub mod kit;
pub mod line;
pub mod owner;
pub mod person;
pub mod upkeep;
