//! When something is due next in a session. One look answers for all agents that work by time, so that each of them need not ask.

use crate::clock::Millis;
use crate::ids::SessionName;
use crate::store::error::StoreError;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// The next things that are due in a session, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DueTimes {
    /// The session is paused: WAHA says that it does not work.
    pub paused: bool,
    /// When its next lane is due.
    pub lane: Option<Millis>,
    /// When the announcer looks at a customer next.
    pub notice: Option<Millis>,
    /// When a takeover by the owner ends next, or a customer's wait for a person.
    pub ends: Option<Millis>,
    /// When WAHA is asked next about a hidden id.
    pub lid: Option<Millis>,
    /// Since when a customer has waited for an answer of the agent who holds the conversation: the one who has waited longest.
    pub unanswered_since: Option<Millis>,
    /// Agents hold conversations.
    pub held: bool,
    /// Customers are with a worker, or wait for one.
    pub attended: bool,
    /// The owner must be notified of customers who wait for a person.
    pub unnotified_handoffs: bool,
    /// The owner must be notified of chats that the bot leaves alone.
    pub unnotified_left_alone: bool,
}

impl Store {
    /// Looks when something is due next in a session. A thorough look also rings the bells of what waits there, because a bell may
    /// have been lost.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn due_times(
        &self,
        session: &SessionName,
        thorough: bool,
        now: Millis,
    ) -> Result<DueTimes, StoreError> {
        let arguments = Arguments::new().text(if thorough { "1" } else { "" });
        let script = &self.inner.scripts.due;
        let mut answer = ScriptAnswer::of(script.run(session, now, arguments).await?)?;
        let paused = !answer.text()?.is_empty();
        let mut time = || -> Result<Option<Millis>, StoreError> {
            let text = answer.text()?;
            // Redis writes a score that is no whole number with a point.
            Ok(text.parse::<f64>().ok().map(|at| Millis::new(at as i64)))
        };
        let (lane, notice, ends, lid, unanswered_since) =
            (time()?, time()?, time()?, time()?, time()?);
        let mut flag = || Ok::<bool, StoreError>(!answer.text()?.is_empty());
        Ok(DueTimes {
            paused,
            lane,
            notice,
            ends,
            lid,
            unanswered_since,
            held: flag()?,
            attended: flag()?,
            unnotified_handoffs: flag()?,
            unnotified_left_alone: flag()?,
        })
    }
}
