//! A lane in this process' hands, and what became of its first reply.

use crate::ids::{ChatId, ConversationId, MessageId};
use crate::store::error::StoreError;
use crate::store::lanes::attempt::Attempt;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::answer::{Millis, ScriptAnswer};

/// A lane in this process' hands, with its first reply.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The chat, in its normal form.
    pub chat: ChatId,
    /// The reply to send, or what stands in its place but can't be read.
    pub reply: Result<Reply, String>,
    /// An attempt on the reply that may have succeeded.
    pub doubt: Option<Attempt>,
    /// The id to send to, where the customer last wrote from another than `chat`.
    pub address: Option<ChatId>,
    pub(crate) element: String,
    /// Tells this taking of the lane from every other.
    pub(crate) token: String,
}

impl Lane {
    /// A lane as scripts hand it over, with what is in doubt and the address still to come from `answer`; nothing if
    /// there is no reply.
    pub(crate) fn handed(
        chat: ChatId,
        element: String,
        token: String,
        answer: &mut ScriptAnswer,
    ) -> Result<Option<Self>, StoreError> {
        let (doubt, address) = (answer.text()?, answer.text()?);
        if element.is_empty() {
            return Ok(None);
        }
        let reply = Reply::from_element(&element).ok_or_else(|| element.clone());
        Ok(Some(Self {
            chat,
            reply,
            doubt: Attempt::read(&doubt),
            address: Some(address)
                .filter(|address| !address.is_empty())
                .map(ChatId::stored),
            element,
            token,
        }))
    }

    /// Tells this taking of the lane from every other.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What became of its first reply.
    pub fn settled(&self, verdict: Verdict) -> Settlement {
        Settlement {
            chat: self.chat.clone(),
            element: self.element.clone(),
            token: self.token.clone(),
            verdict,
        }
    }
}

/// What became of the first reply of a lane.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub(crate) chat: ChatId,
    pub(crate) element: String,
    pub(crate) token: String,
    pub(crate) verdict: Verdict,
}

/// See [`Settlement`].
#[derive(Clone, Debug)]
pub enum Verdict {
    /// WAHA took it.
    Sent {
        /// The message that it became, if WAHA told.
        message: Option<MessageId>,
        /// The conversation it belongs to.
        conversation: ConversationId,
        /// The message as it goes into the history, JSON.
        data: String,
    },
    /// Given up on.
    Dead {
        /// The conversation it belonged to.
        conversation: ConversationId,
        /// The message as it goes into the history, JSON.
        data: String,
        /// Why, for the operator.
        reason: String,
    },
    /// To be tried again.
    Retry {
        /// When.
        due: Millis,
        /// With what was learnt from this attempt.
        again: Reply,
        /// It may have been sent all the same: that is settled first.
        doubt: bool,
    },
    /// Not tried: somebody else may, from then on.
    Release {
        /// When.
        due: Millis,
        /// An earlier attempt is still in doubt.
        doubt: bool,
    },
}
