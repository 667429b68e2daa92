//! Serves customers who wait in line.
//!
//! | file | what it does |
//! |---|---|
//! | [`announcer`] | tells customers their place in line, and answers the words that work there |
//! | [`expiry`] | ends a takeover when the owner has been quiet for a while, and a wait for a person when nobody came |
//! | `pauses` | which pause a customer is told of, and what the log says about it |
//! | `people` | how long a customer waits for a person: who is at work, and whom they hold |

pub mod announcer;
pub mod expiry;
mod pauses;
mod people;
