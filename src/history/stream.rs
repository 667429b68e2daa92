//! An entry of the history stream, as Redis returns it: an id and a list of strings.

use crate::ids::SessionName;

/// An entry of a session's history stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    /// The session whose stream it was read from.
    pub session: SessionName,
    /// Its Redis stream id, `<ms>-<seq>`.
    pub stream_id: String,
    /// Its fields and their values.
    pub fields: Vec<(String, String)>,
}
