//! What is known of each session now: from WAHA, from Redis and from the history.

use std::sync::Arc;

use hyper::StatusCode;
use ring::digest::{SHA256, digest};
use tracing::warn;

use super::answer::{Answer, answer};
use super::console::ConsoleState;
use super::pages::sessions_page;
use super::readers::NoHistory;
use super::request::Request;
use super::session_state::{SessionNow, SessionState, SessionsNow, state_of};
use super::texts::CommonTexts;
use super::view::View;
use super::who::Who;
use crate::clock::Millis;
use crate::describe::describe;
use crate::ids::SessionName;
use crate::store::{SessionStanding, StoreError};
use crate::waha::client::{Client, SendError, Session};

/// How far back the history is searched for the last customer.
const SEARCHED_MS: i64 = 7 * 24 * 3_600_000;

impl ConsoleState {
    /// What is known of the sessions that this agent serves.
    ///
    /// # Errors
    /// If Redis fails.
    pub(super) async fn sessions_now(&self, who: &Who) -> Result<SessionsNow, StoreError> {
        let mut known = self.store.sessions().await?;
        let (client, ours) = (self.client.clone(), known.clone());
        let listed = tokio::task::spawn_blocking(move || listed(&client, &ours)).await;
        let (listed, waha_failed) = match listed {
            Ok(Ok(listed)) => (listed, None),
            Ok(Err(error)) => (Vec::new(), Some(error)),
            // The panic is logged where it happened.
            Err(_) => (Vec::new(), None),
        };
        known.extend(listed.iter().map(|one| one.0.name.clone()));
        known.retain(|session| who.serves(session));
        known.sort();
        known.dedup();
        let mut sessions = Vec::new();
        for name in known {
            let found = listed.iter().find(|(listed, _)| listed.name == name);
            sessions.push(self.session_now(name, found, waha_failed.is_some()).await?);
        }
        Ok(SessionsNow {
            sessions,
            waha_failed,
        })
    }

    async fn session_now(
        &self,
        name: SessionName,
        found: Option<&(Session, Option<String>)>,
        waha_failed: bool,
    ) -> Result<SessionNow, StoreError> {
        let now = Millis::now();
        let standing = self.store.session_standing(&name).await?;
        let (session, searched) = (name.clone(), Millis::new(now.as_i64() - SEARCHED_MS));
        let heard = self
            .readers
            .read(move |history| history.last_heard(&session, searched));
        // If the history can't be read, which the page says elsewhere, nobody knows that it is quiet.
        let (last_heard, heard) = match heard.await {
            Ok(heard) => (heard, heard),
            Err(NoHistory) => (None, Some(now)),
        };
        let status = found.map(|(session, _)| session.status.clone());
        // Our own word is of use only if WAHA still says the same.
        let is_same = |standing: &SessionStanding| Some(&standing.status) == status.as_ref();
        let standing = standing.filter(is_same);
        let since = standing.as_ref().and_then(|standing| standing.since);
        let before = standing
            .as_ref()
            .and_then(|standing| standing.before.as_deref());
        let state = match &status {
            Some(status) => state_of(status, since, before, heard, now),
            None if waha_failed => SessionState::Unknown,
            None => SessionState::Missing,
        };
        Ok(SessionNow {
            name,
            state,
            since,
            account: found.and_then(|(session, _)| session.account.clone()),
            last_heard,
            qr_version: found.and_then(|(_, version)| version.clone()),
            status,
        })
    }

    /// The page of the sessions.
    pub(super) async fn sessions_page(&self, request: &Request, who: &Who) -> Answer {
        let texts = CommonTexts::of(who.language);
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        let now = match self.sessions_now(who).await {
            Ok(now) => now,
            Err(error) => return self.redis_failed(request, Some(who), &error),
        };
        let prefix = self.origin.prefix();
        let view = View::other(who);
        self.page(request, who, &view, ("sessions", texts.sessions), |_| {
            sessions_page(prefix, who.language, &now, |session| {
                self.flows.of(&session.name)
            })
        })
        .await
    }

    /// The picture of the code that pairs a session.
    pub(super) async fn qr(&self, request: &Request, who: &Who, session: &str) -> Answer {
        if let Some(refusal) = self.owners_only(request, who) {
            return refusal;
        }
        let session = SessionName::parse(session).filter(|session| who.serves(session));
        let Some(session) = session else {
            return self.not_found(request, Some(who));
        };
        match self
            .of_waha(&session, |client, session| client.qr(session))
            .await
        {
            Ok(picture) => answer(StatusCode::OK, "image/png", picture),
            Err(SendError::SessionNotWorking { .. }) => self.not_found(request, Some(who)),
            Err(error) => {
                warn!(%session, reason = describe(&error), "WAHA gave no QR code");
                answer(StatusCode::BAD_GATEWAY, "text/plain; charset=utf-8", "")
            }
        }
    }

    /// Asks WAHA on a thread that may block.
    pub(super) async fn of_waha<T: Send + 'static>(
        &self,
        session: &SessionName,
        ask: impl FnOnce(&Client, &SessionName) -> Result<T, SendError> + Send + 'static,
    ) -> Result<T, SendError> {
        let (client, session) = (Arc::clone(&self.client), session.clone());
        let asked = tokio::task::spawn_blocking(move || ask(&client, &session)).await;
        asked.unwrap_or_else(|_| {
            // The panic is logged where it happened.
            Err(SendError::Interrupted {
                reason: "the request to WAHA failed".to_owned(),
            })
        })
    }
}

/// WAHA's sessions, each with the version of its QR code if it shows one. A key that is limited to one session may not list
/// them, but may ask for that one.
fn listed(
    client: &Client,
    ours: &[SessionName],
) -> Result<Vec<(Session, Option<String>)>, SendError> {
    let sessions = match client.sessions() {
        Err(SendError::Refused { status: 403, .. }) => {
            let asked = ours.iter().map(|session| client.session(session));
            asked.filter_map(Result::ok).collect()
        }
        listed => listed?,
    };
    let with_version = sessions.into_iter().map(|session| {
        let shows_code = session.status == "SCAN_QR_CODE";
        let version = shows_code
            .then(|| qr_version(client, &session.name))
            .flatten();
        (session, version)
    });
    Ok(with_version.collect())
}

fn qr_version(client: &Client, session: &SessionName) -> Option<String> {
    match client.qr(session) {
        Ok(picture) => {
            let digest = digest(&SHA256, &picture);
            let bytes = digest.as_ref().iter().take(8);
            Some(bytes.map(|byte| format!("{byte:02x}")).collect())
        }
        // Between two codes there is none, and the status changes at any time.
        Err(SendError::SessionNotWorking { .. }) => None,
        Err(error) => {
            warn!(%session, reason = describe(&error), "WAHA gave no QR code");
            None
        }
    }
}
