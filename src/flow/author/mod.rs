//! Tools for people who write flows.

// The steps and the paths between them, for drawings.
pub(crate) mod outline;
// Warnings of probable mistakes.
pub(crate) mod warnings;
// Plays a flow with a simulated customer.
pub(crate) mod rehearsal;
// The tests of a flow: dialogues.
pub(crate) mod dialogue;
