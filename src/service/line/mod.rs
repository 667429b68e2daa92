//! Serves customers who wait in line.
//!
//! | file | what it does |
//! |---|---|
//! | [`announcer`] | tells customers their place in line, and answers the words that work there |
//! | [`expiry`] | ends a takeover by the owner after a quiet time, and a wait for a person after its time |

pub mod announcer;
pub mod expiry;
