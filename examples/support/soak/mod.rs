//! The parts of the soak.

pub(crate) mod account;
pub(crate) mod agents;
pub(crate) mod customers;
pub(crate) mod faults;
pub(crate) mod processes;
pub(crate) mod redis;
pub(crate) mod report;
pub(crate) mod world;
