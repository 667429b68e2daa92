//! Tools for people who write flows.

pub(crate) mod dialogue;
pub(crate) mod outline;
pub(crate) mod rehearsal;
