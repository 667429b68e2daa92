//! Tools for people who write flows.

// What leads where, for drawings.
pub(crate) mod outline;
// What is allowed and hardly meant.
pub(crate) mod warnings;
// A flow played with a pretended customer.
pub(crate) mod rehearsal;
// Dialogues that must come out as written.
pub(crate) mod dialogue;
