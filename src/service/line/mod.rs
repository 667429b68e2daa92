//! Customers who wait: their place in line, and those whose time is over.

pub mod announcer;
pub mod expiry;
