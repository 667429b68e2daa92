//! Ends what is over by time alone: takeovers by the owner, and the wait for a person.

use crate::clock::Millis;
use crate::ids::{ChatId, SessionName};
use crate::store::error::StoreError;
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// What ended by time alone in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// How many takeovers by the owner.
    pub takeovers: u64,
    /// How many waits for a person who did not come: the flow continues.
    pub waits: u64,
    /// How many conversations agents hold: these may have to be given back ([`Store::return_held`]).
    pub held: u64,
}

impl Store {
    /// Whether the owner answers a chat from their own phone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_with_phone(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<bool, StoreError> {
        let key = self.inner.keys.takeover_until(session);
        let until: Option<f64> = self.inner.client.zscore(key, chat.as_str()).await?;
        Ok(until.is_some())
    }

    /// Ends the takeovers and the waits for a person whose time is over, at most `count` of each.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn expire(
        &self,
        session: &SessionName,
        count: usize,
        now: Millis,
    ) -> Result<Expired, StoreError> {
        let arguments = Arguments::new().number(count as i64);
        let script = &self.inner.scripts.expire;
        let mut answer = ScriptAnswer::of(script.run(session, now, arguments).await?)?;
        Ok(Expired {
            takeovers: answer.number()?.unsigned_abs(),
            waits: answer.number()?.unsigned_abs(),
            held: answer.number()?.unsigned_abs(),
        })
    }
}
