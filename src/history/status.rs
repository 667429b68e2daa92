//! Where a conversation is, and since when.

use rusqlite::{Connection, params};
use serde::Serialize;

use crate::clock::Millis;
use crate::ids::{ConversationId, SessionName};

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for a worker.
    Waiting,
    /// A worker handles it.
    Active,
    /// It waits for a person.
    Handoff,
    /// An agent has it.
    Agent,
    /// The owner answers it from their own phone.
    Phone,
    /// It is over.
    Closed,
}

impl Status {
    const ALL: [Status; 6] = [
        Status::Waiting,
        Status::Active,
        Status::Handoff,
        Status::Agent,
        Status::Phone,
        Status::Closed,
    ];

    /// Its name in the file and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Waiting => "waiting",
            Status::Active => "active",
            Status::Handoff => "handoff",
            Status::Agent => "agent",
            Status::Phone => "phone",
            Status::Closed => "closed",
        }
    }

    /// The status with this name.
    pub(super) fn named(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// A conversation has this status since `at`.
pub(super) fn reach(
    db: &Connection,
    session: &SessionName,
    id: &ConversationId,
    status: Status,
    at: Millis,
) -> rusqlite::Result<()> {
    db.prepare_cached(include_str!("sql/status.sql"))?
        .execute(params![session, id, status.name(), at])?;
    Ok(())
}
