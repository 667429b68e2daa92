//! What is noted of an attempt to send a reply.

use crate::ids::{ChatId, MessageId};
use crate::store::scripts::answer::Millis;

/// An attempt to send a reply of which it is not known whether it succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When a sender took the reply in hand, or was about to send it; it was sent after that, if it was.
    pub since: Millis,
    /// Whether it is known that it was about to be sent. Noted only by [`Store::intend`].
    pub begun: bool,
    /// The message id that it was sent with, if that was known beforehand.
    pub id: Option<MessageId>,
    /// The message that WAHA reported since then: the reply was sent.
    pub echo: Option<MessageId>,
    /// Where it was sent to.
    pub address: ChatId,
}

/// What is noted in place of a message id of an attempt that is about to be made without one.
pub(crate) const WITHOUT_ID: &str = "+";

impl Attempt {
    /// As the scripts write it.
    pub(crate) fn read(text: &str) -> Option<Self> {
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
