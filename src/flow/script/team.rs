//! A team: people with a line of their own, whom a `handoff` names.

use crate::flow::script::hours::Hours;
use crate::ids::NotifyChat;

/// `[team.NAME]` in a flow file.
#[derive(Debug)]
pub(crate) struct Team {
    /// Who is told about customers who wait for this team, in place of `NOTIFY_CHAT`.
    pub(crate) notify: Option<NotifyChat>,
    /// When these people are there; `None`: as the flow says.
    pub(crate) hours: Option<Hours>,
}
