//! What a commit gives to this process' sender: a lane that was idle, so that the reply leaves without a bell.

use std::time::Instant;

use crate::ids::SessionName;
use crate::store::Lane;

/// What a commit gives to this process' sender.
#[derive(Debug)]
pub enum HandedOver {
    /// A lane of this session that was idle, and when the commit was begun that took it.
    Lane(SessionName, Box<Lane>, Instant),
    /// The commit's answer was lost: perhaps a lane.
    Unsure,
}
