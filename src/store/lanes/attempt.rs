//! An attempt to send a reply, as it is stored.

use crate::clock::Millis;
use crate::ids::{ChatId, MessageId};

/// An attempt to send a reply. We don't know whether it succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When a sender took the reply, or was about to send it. If the reply was sent, it was after that.
    pub since: Millis,
    /// Whether we know that it was about to be sent. Only `Store::record_attempt` stores that.
    pub send_begun: bool,
    /// The message id that it was sent with, if WAHA gave one in advance.
    pub id: Option<MessageId>,
    /// The message that WAHA has reported since: the reply was sent.
    pub echo: Option<MessageId>,
    /// The id that it was sent to.
    pub address: ChatId,
}

/// Stands for the message id of an attempt that is about to be made without one.
pub(crate) const WITHOUT_ID: &str = "+";

impl Attempt {
    /// Reads the form that the scripts write.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let since = Millis::new(parts.next()?.parse().ok()?);
        let (id, echo, address) = (parts.next()?, parts.next()?, parts.next()?);
        let known =
            |part: &str| (!matches!(part, "-" | WITHOUT_ID)).then(|| MessageId::stored(part));
        Some(Self {
            since,
            send_begun: id != "-",
            id: known(id),
            echo: known(echo),
            address: ChatId::stored(address),
        })
    }
}
