//! Accounts: how agents prove who they are to the console, and what they keep there. It stores no password and no token, only
//! hashes of them.

pub(crate) mod account;
pub(crate) mod canned;
pub(crate) mod logins;
pub(crate) mod tokens;
