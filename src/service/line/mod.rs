//! Serves customers who wait in line.
//!
//! | file | what it does |
//! |---|---|
//! | [`announcer`] | tells customers their place in line, and answers the words that work there |
//! | [`expiry`] | ends a takeover when the owner has been quiet for a while, and a wait for a person when nobody came |

pub mod announcer;
pub mod expiry;
