//! The status of sessions: whether they can send and receive now, and since when.

use std::time::Duration;

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::store::error::StoreError;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// After an event that pauses a session, we don't ask WAHA about it for this long, because the event is WAHA's own answer.
/// It is short, because the event of the session's return may be lost.
const ASK_AFTER: Duration = Duration::from_secs(20);

/// What we know about a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionReport<'a> {
    /// WAHA's word for the status; empty if we only know that the session can't send.
    pub status: &'a str,
    /// When the session had this status, by WAHA's clock, if an event says it.
    pub at: Option<Millis>,
    /// The owner must do something about it.
    pub alarm: bool,
    /// A pause that begins with this status and ends within this time does not restart the customers' silence.
    pub grace: Duration,
}

/// What [`SessionReport`] changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// Nothing: we knew something newer.
    Stale,
    /// Nothing: it was already working.
    Works,
    /// It works again.
    Resumed,
    /// It is paused.
    Paused {
        /// Since when.
        since: Millis,
        /// The owner must be notified, for the first time in this pause.
        alarm: bool,
        /// Since when it has this status.
        status_since: Millis,
    },
}

/// What WAHA last said about a paused session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PausedStatus {
    /// WAHA's word.
    pub status: String,
    /// Since when it says this.
    pub since: Millis,
    /// The owner was notified of this pause.
    pub alarmed: bool,
}

/// What WAHA last said about a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionStanding {
    /// WAHA's word; empty if we only know that the session can't send.
    pub status: String,
    /// Since when it says this.
    pub since: Option<Millis>,
    /// Its word before that, if it had said anything.
    pub before: Option<String>,
}

impl Store {
    /// Stores what we know about a session, and pauses or resumes it.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe.
    pub async fn note_status(
        &self,
        session: &SessionName,
        known: SessionReport<'_>,
        now: Millis,
    ) -> Result<SessionChange, StoreError> {
        let arguments = Arguments::new()
            .time(known.at.unwrap_or_default())
            .text(known.status)
            .text(if known.alarm { "1" } else { "" })
            .length(ASK_AFTER)
            .length(known.grace);
        let noted = Box::pin(self.inner.scripts.status.run(session, now, arguments));
        let mut answer = ScriptAnswer::of(self.change_session(session, now, noted).await?)?;
        let (result, since, alarm) = (answer.text()?, answer.time()?, answer.number()? == 1);
        let status_since = answer.time()?;
        let change = match result.as_str() {
            "stale" => SessionChange::Stale,
            "works" => SessionChange::Works,
            "resumed" => SessionChange::Resumed,
            "paused" => SessionChange::Paused {
                since,
                alarm,
                status_since,
            },
            _ => return Err(StoreError::UnexpectedAnswer("a known result")),
        };
        if change == SessionChange::Resumed {
            self.ring_session_works(session).await?;
        }
        Ok(change)
    }

    /// Pauses a session that can't send, until [`Store::resume`]. Returns whether it was not paused before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn pause(&self, session: &SessionName, now: Millis) -> Result<bool, StoreError> {
        let known = SessionReport {
            status: "",
            at: None,
            alarm: false,
            grace: Duration::ZERO,
        };
        let before = self.is_paused(session).await?;
        self.note_status(session, known, now).await?;
        Ok(!before)
    }

    /// Resumes a session after WAHA said that it works. Returns whether it was paused.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn resume(&self, session: &SessionName) -> Result<bool, StoreError> {
        let known = SessionReport {
            status: "WORKING",
            at: None,
            alarm: false,
            grace: Duration::ZERO,
        };
        let change = self.note_status(session, known, Millis::now()).await?;
        Ok(change == SessionChange::Resumed)
    }

    /// What WAHA last said about a paused session; `None` if the session is not paused.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn paused_status(
        &self,
        session: &SessionName,
    ) -> Result<Option<PausedStatus>, StoreError> {
        let (client, keys) = (&self.inner.client, &self.inner.keys);
        let Some(paused): Option<Millis> = client.get(keys.paused(session)).await? else {
            return Ok(None);
        };
        let (status, since, alarmed): (Option<String>, Option<Millis>, Option<Millis>) = client
            .hmget(keys.status(session), ["status", "status_since", "alarmed"])
            .await?;
        Ok(Some(PausedStatus {
            status: status.unwrap_or_default(),
            since: since.unwrap_or(paused),
            alarmed: alarmed == Some(paused),
        }))
    }

    /// What WAHA last said about a session; `None` if it has said nothing yet.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn session_standing(
        &self,
        session: &SessionName,
    ) -> Result<Option<SessionStanding>, StoreError> {
        let fields = ["status", "status_since", "status_before"];
        let key = self.inner.keys.status(session);
        let (status, since, before): (Option<String>, Option<Millis>, Option<String>) =
            self.inner.client.hmget(key, fields).await?;
        Ok(status.map(|status| SessionStanding {
            status,
            since,
            before: before.filter(|before| !before.is_empty()),
        }))
    }

    /// Whether the session began to pause so short a time ago that this does not count for the silence of customers yet.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn pause_does_not_count_yet(
        &self,
        session: &SessionName,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let key = self.inner.keys.status(session);
        let counts_from: Option<Millis> = self.inner.client.hget(key, "counts_from").await?;
        Ok(counts_from.is_some_and(|from| now < from))
    }

    /// Notes whether customers of the session can reach us now. If nobody has noted that for longer than `gap`, they could
    /// not reach us in between; `None`: this process noted it a moment ago.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn note_reachability(
        &self,
        session: &SessionName,
        reachable: bool,
        gap: Option<Duration>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (client, key) = (&self.inner.client, self.inner.keys.status(session));
        let was_unchecked = match gap {
            Some(gap) => {
                let before: Option<Millis> = client.hget(&key, "heard").await?;
                before.is_some_and(|before| now.since(before) > gap)
            }
            None => false,
        };
        if !reachable || was_unchecked {
            client.hset(&key, ("unheard", now)).await?;
        }
        client.hset(&key, ("heard", now)).await
    }

    /// Until when customers of the session last could not reach us, or could not be answered; `None`: not lately. `gap` as
    /// in [`Store::note_reachability`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unreachable_until(
        &self,
        session: &SessionName,
        gap: Duration,
        now: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        if self.is_paused(session).await? {
            return Ok(Some(now));
        }
        let key = self.inner.keys.status(session);
        let fields: Vec<Option<Millis>> = self
            .inner
            .client
            .hmget(key, ["heard", "unheard", "works_since"])
            .await?;
        let [last_reachable, last_unreachable, works_since] = fields[..] else {
            return Err(StoreError::UnexpectedAnswer("three fields"));
        };
        if last_reachable.is_some_and(|at| now.since(at) > gap) {
            return Ok(Some(now));
        }
        Ok(last_unreachable.max(works_since))
    }

    /// How many conversations of a session workers have now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn active_count(&self, session: &SessionName) -> Result<u64, StoreError> {
        let key = self.inner.keys.active(session);
        self.inner.client.hlen(key).await
    }
}
