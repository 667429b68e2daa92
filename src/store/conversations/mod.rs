//! Conversations: received, waiting, held by a process, handed off, closed; and merging the two ids of one person.

pub(crate) mod expiry;
pub(crate) mod handoffs;
pub(crate) mod held_by;
pub(crate) mod held_conversation;
pub(crate) mod ingest;
pub(crate) mod left_alone;
pub(crate) mod lids;
pub(crate) mod lifecycle;
pub(crate) mod record;
pub(crate) mod step_commit;
pub(crate) mod waiting;
