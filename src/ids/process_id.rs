//! The id of a process that claims conversations and sends replies.

use std::sync::Arc;

use crate::ids::text::shared_text;

/// The id of a process, unique among all processes that ever share a Redis. It contains no space, because lane tokens start
/// with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessId(Arc<str>);

shared_text!(ProcessId);

impl ProcessId {
    /// A new id.
    #[must_use]
    pub fn from_random(bytes: [u8; 8]) -> Self {
        Self(format!("{:016x}", u64::from_be_bytes(bytes)).into())
    }
}
