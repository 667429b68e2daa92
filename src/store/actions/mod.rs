//! What agents and the owner do to conversations by hand. Each action is one script that compares what the person saw with what
//! is, so that of two who act at once one wins, and the other learns who.

pub(crate) mod absence;
pub(crate) mod action;
pub(crate) mod attend;
pub(crate) mod steer;
