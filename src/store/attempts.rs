//! Attempts: what is noted of a reply that is being sent, so that a crash in between leaves a doubt that can be settled.

use crate::ids::{ChatId, MessageId, SessionName};
use fred::interfaces::{HashesInterface, KeysInterface};

use super::batch::Batch;
use super::lanes::Lane;
use super::scripts::{Arguments, StateChange};
use super::{Answer, Error, Millis, Store};

/// An attempt to send a reply of which it is not known whether it succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When a sender took the reply in hand, or was about to send it; it was sent after that, if it was.
    pub since: Millis,
    /// Whether it is known that it was about to be sent. Noted only by [`Store::intend`].
    pub begun: bool,
    /// The message id that it was sent with, if that was known beforehand.
    pub id: Option<MessageId>,
    /// The message that WAHA told of since: it was sent.
    pub echo: Option<MessageId>,
    /// Where it was sent to.
    pub address: ChatId,
}

/// What is noted in place of a message id of an attempt that is about to be made without one.
const WITHOUT_ID: &str = "+";

impl Attempt {
    /// As the scripts write it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let since = parts.next()?.parse().ok()?;
        let (id, echo, address) = (parts.next()?, parts.next()?, parts.next()?);
        let known =
            |part: &str| (!matches!(part, "-" | WITHOUT_ID)).then(|| MessageId::stored(part));
        Some(Self {
            since,
            begun: id != "-",
            id: known(id),
            echo: known(echo),
            address: ChatId::stored(address),
        })
    }
}

impl Store {
    /// Notes that the first reply of a lane is about to be sent now, to which address and with which message id. Returns whether it is still this
    /// process' to send.
    ///
    /// # Errors
    /// As [`Error`] says. It may have been noted all the same: if it is sent, then with this id.
    pub async fn intend(
        &self,
        session: &SessionName,
        lane: &Lane,
        id: Option<&MessageId>,
        address: &ChatId,
        now: Millis,
    ) -> Result<bool, Error> {
        let intended = Intended {
            now,
            address: address.clone(),
            chat: lane.chat.clone(),
            token: lane.token.clone(),
            element: lane.element.clone(),
            id: id.cloned(),
        };
        self.inner.attempt.call(session, intended).await
    }

    /// What is known of an attempt on the first reply of a chat's lane.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn attempt(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<Option<Attempt>, Error> {
        self.connected()?;
        let noted: Option<String> = self
            .inner
            .client
            .hget(self.inner.keys.attempt(session), chat.as_str())
            .await?;
        Ok(noted.as_deref().and_then(Attempt::read))
    }

    /// The first of these messages of ours that no reply of ours is known to have become.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn first_unclaimed(
        &self,
        session: &SessionName,
        messages: &[MessageId],
    ) -> Result<Option<MessageId>, Error> {
        self.connected()?;
        for message in messages {
            let key = self.inner.keys.ours(session, message);
            if self.inner.client.exists::<i64, _>(key).await? == 0 {
                return Ok(Some(message.clone()));
            }
        }
        Ok(None)
    }
}

/// What [`Store::intend`] notes.
#[derive(Debug)]
pub(super) struct Intended {
    chat: ChatId,
    token: String,
    element: String,
    now: Millis,
    id: Option<MessageId>,
    address: ChatId,
}

pub(super) fn attempt_batch(script: StateChange) -> Batch<Intended, bool> {
    Batch::start(move |session: SessionName, items: Vec<Intended>| {
        let script = script.clone();
        async move {
            let now = items.iter().map(|one| one.now).max().unwrap_or(0);
            let mut arguments = Arguments::new();
            for one in &items {
                arguments.push_text(&one.chat);
                arguments.push_text(&one.token);
                arguments.push_text(&one.element);
                arguments.push_text(one.id.as_ref().map_or(WITHOUT_ID, MessageId::as_str));
                arguments.push_text(&one.address);
            }
            let mut answer = Answer::of(script.run(&session, now, arguments).await?)?;
            items.iter().map(|_| Ok(answer.number()? == 1)).collect()
        }
    })
}
