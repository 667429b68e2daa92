//! Lanes that a sender holds: taken, settled, looked at.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Millis;
use crate::ids::{ChatId, ProcessId, SessionName};
use crate::store::error::StoreError;
use crate::store::lanes::lane::{Lane, Settlement, Verdict};
use crate::store::scripts::answer::ScriptAnswer;
use crate::store::scripts::arguments::Arguments;
use crate::store::store::Store;

/// The answer to [`Store::take_lanes`].
#[derive(Clone, Debug)]
pub enum TakenLanes {
    /// The lanes that this process now holds.
    Lanes(Vec<Lane>),
    /// The session is paused.
    Paused,
}

impl Store {
    /// Takes up to `count` due lanes for this process.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn take_lanes(
        &self,
        session: &SessionName,
        process: &ProcessId,
        count: usize,
        now: Millis,
    ) -> Result<TakenLanes, StoreError> {
        // So that a server that forgot what was sent does not give it out again.
        self.write_back(session).await?;
        let arguments = Arguments::new().text(process).number(count as i64);
        let script = &self.inner.scripts.take_lanes;
        let mut answer = ScriptAnswer::of(script.run(session, now, arguments).await?)?;
        if !answer.text()?.is_empty() {
            return Ok(TakenLanes::Paused);
        }
        let mut lanes = Vec::new();
        while answer.more() {
            let chat = ChatId::stored(answer.text()?);
            let (element, token) = (answer.text()?, answer.text()?);
            lanes.extend(Lane::from_answer(chat, element, token, &mut answer)?);
        }
        Ok(TakenLanes::Lanes(lanes))
    }

    /// Settles the first reply of a lane. Returns the lane with the next reply, if there is one and this process still
    /// holds the lane.
    ///
    /// # Errors
    /// See [`StoreError`]. Repeating it is safe: no reply is settled twice.
    pub async fn settle(
        &self,
        session: &SessionName,
        settlement: Settlement,
        now: Millis,
    ) -> Result<Option<Lane>, StoreError> {
        let settlement = Arc::new(settlement);
        if let Verdict::Sent { message, .. } = &settlement.verdict {
            let sent = &self.inner.sent;
            if let Some(message) = message {
                sent.note(session, &settlement.chat, message);
            }
            sent.note_settled(session, &settlement, now);
        }
        self.inner.settle.call(session, (settlement, now)).await
    }

    /// The lanes that `process` holds according to Redis. Only their chats and tokens are filled in.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn lanes_of_process(
        &self,
        session: &SessionName,
        process: &ProcessId,
    ) -> Result<Vec<Lane>, StoreError> {
        let sending: Vec<(ChatId, String)> = self
            .inner
            .client
            .hgetall(self.inner.keys.sending(session))
            .await?;
        let ours = |(chat, token): (ChatId, String)| {
            let owner = token.split(' ').next().unwrap_or_default();
            (owner == process.as_str()).then(|| Lane {
                chat,
                reply: Err(String::new()),
                doubt: None,
                address: None,
                element: String::new(),
                token,
            })
        };
        Ok(sending.into_iter().filter_map(ours).collect())
    }

    /// Whether a session is paused.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_paused(&self, session: &SessionName) -> Result<bool, StoreError> {
        let key = self.inner.keys.paused(session);
        self.inner.client.exists(key).await
    }

    /// Whether it is this process' turn to ask WAHA about a paused session: one process asks per `interval`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn turn_to_ask_status(
        &self,
        session: &SessionName,
        interval: Duration,
    ) -> Result<bool, StoreError> {
        let key = self.inner.keys.status_asked(session);
        self.turn(key, interval).await
    }
}
