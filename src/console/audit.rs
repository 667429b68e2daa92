//! Notes in the audit what people did with the program itself. If that fails, the action is done all the same, and the log says so.

use tracing::warn;

use super::console::ConsoleState;
use crate::clock::Millis;
use crate::describe::describe;
use crate::ids::AgentName;
use crate::store::{AuditKind, Store};

/// What was changed, as the audit names it. The page of the log knows these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed<'a> {
    Agent(&'a AgentName),
    TokenOf(&'a AgentName),
    PasswordOf(&'a AgentName),
    Reply(&'a str),
    Unsent,
}

impl Changed<'_> {
    fn words(self) -> String {
        match self {
            Self::Agent(name) => format!("agent {name}"),
            Self::TokenOf(name) => format!("API token of {name}"),
            Self::PasswordOf(name) => format!("password of {name}"),
            Self::Reply(name) => format!("saved reply {name}"),
            Self::Unsent => "unsent messages".to_owned(),
        }
    }
}

impl ConsoleState {
    /// Notes that somebody did something.
    pub(super) async fn note(&self, by: &AgentName, kind: AuditKind, what: &str, text: &str) {
        note(&self.store, by, kind, (what, text)).await;
    }

    /// Notes that somebody changed a setting.
    pub(super) async fn note_change(&self, by: &AgentName, changed: Changed<'_>, how: &str) {
        self.note(by, AuditKind::Setting, &changed.words(), how)
            .await;
    }

    /// Notes that somebody could not log in as an agent. In the background: the answer takes as long for a name that nobody has.
    pub(super) fn note_failed_login(&self, agent: &AgentName) {
        let (store, agent) = (self.store.clone(), agent.clone());
        tokio::spawn(async move {
            if let Ok(Some(agent)) = store.agent(&agent).await {
                note(&store, &agent.name, AuditKind::LoginFailed, ("1", "")).await;
            }
        });
    }
}

async fn note(store: &Store, by: &AgentName, kind: AuditKind, (what, text): (&str, &str)) {
    let noted = store
        .record_audit(kind, by, what, text, Millis::now())
        .await;
    if let Err(error) = noted {
        warn!(
            %by, kind = kind.name(), what,
            reason = describe(&error),
            "an audit line could not be written"
        );
    }
}
