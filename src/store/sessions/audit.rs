//! Audit lines: what people do with this program itself, such as logging in or exporting a customer's data. They go into the history.

use crate::clock::Millis;
use crate::ids::{AgentName, SessionName};
use crate::store::error::StoreError;
use crate::store::store::Store;

/// What an audit line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditKind {
    /// Somebody logged in. The detail: how, such as `password`.
    Login,
    /// Somebody tried to log in and could not. The detail: how often.
    LoginFailed,
    /// Data was exported. The detail: what.
    Exported,
    /// A setting was changed. The detail: which.
    Setting,
    /// A session was started, stopped, paired or logged out. The detail: what was done; the text: the session.
    SessionControl,
}

impl AuditKind {
    /// All of them.
    pub const ALL: [AuditKind; 5] = [
        AuditKind::Login,
        AuditKind::LoginFailed,
        AuditKind::Exported,
        AuditKind::Setting,
        AuditKind::SessionControl,
    ];

    /// As the history names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AuditKind::Login => "login",
            AuditKind::LoginFailed => "login_failed",
            AuditKind::Exported => "exported",
            AuditKind::Setting => "setting",
            AuditKind::SessionControl => "session_control",
        }
    }
}

impl Store {
    /// Writes an audit line: who did what at `now`, with a detail and more words. Never a secret, and no customer's number.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_audit(
        &self,
        kind: AuditKind,
        by: &AgentName,
        what: &str,
        text: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let key = self.inner.keys.history(&SessionName::none());
        let at = now.as_i64().to_string();
        let fields = [
            ("kind", kind.name()),
            ("at", &at),
            ("by", by.as_str()),
            ("what", what),
            ("text", text),
        ];
        let added = self.inner.client.xadd(key, &fields).await;
        added.map(drop)
    }
}
