//! One conversation, from claim to close, and the flow's calls to the shop's own system.

mod burst;
mod calls;
mod changes;
mod limits;
mod recovery;
mod returning;
mod silence;
