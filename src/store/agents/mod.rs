//! Agents: the people who answer customers, what they may take, and whether they are present.

pub(crate) mod agent;
pub(crate) mod presence;
pub(crate) mod registry;
