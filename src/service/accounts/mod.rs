//! Accounts: how agents prove who they are to the console, and what they keep there, for the command line and the console.
//!
//! | file | what it does |
//! |---|---|
//! | [`accounts`] | all accounts: a store, and a limit for the work that passwords make |
//! | [`invitations`] | the one-use links that set a password |
//! | [`passwords`] | which passwords are good enough, and their hashes |
//! | [`logins`] | logins to the console: how long they last, and what ends them |
//! | [`tokens`] | API tokens for scripts |
//! | [`staff`] | who answers customers, and what each may take |
//! | [`random_token`] | the random texts that prove something, and their hashes |
//! | [`guard`] | how long to wait after wrong passwords |
//! | [`preferences`] | what an agent chooses for themselves: the language |
//! | [`canned`] | canned replies, which all agents share |

#[expect(clippy::module_inception, reason = "what the room is about")]
pub mod accounts;
pub mod canned;
pub mod guard;
pub mod invitations;
pub mod logins;
pub mod passwords;
pub mod preferences;
pub mod random_token;
pub mod staff;
pub mod tokens;
