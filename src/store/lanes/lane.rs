//! A lane that this process holds, and the result for its first reply.

use crate::clock::Millis;
use crate::ids::{ChatId, ConversationId, MessageId};
use crate::store::error::StoreError;
use crate::store::lanes::attempt::Attempt;
use crate::store::lanes::reply::Reply;
use crate::store::scripts::answer::ScriptAnswer;

/// A lane that this process holds, with its first reply.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The chat.
    pub chat: ChatId,
    /// The reply to send, or the stored text if it can't be read.
    pub reply: Result<Reply, String>,
    /// An earlier attempt on the reply that may have succeeded.
    pub doubt: Option<Attempt>,
    /// The id to send to, if the customer last wrote from another id than `chat`.
    pub address: Option<ChatId>,
    pub(crate) element: String,
    /// New each time that the lane is taken.
    pub(crate) token: String,
}

impl Lane {
    /// A lane as scripts return it; its doubt and its address are read from `answer`. `None` if there is no reply.
    pub(crate) fn from_answer(
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

    /// New each time that the lane is taken.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The settlement of its first reply with this verdict.
    pub fn settled(&self, verdict: Verdict) -> Settlement {
        Settlement {
            chat: self.chat.clone(),
            element: self.element.clone(),
            token: self.token.clone(),
            verdict,
        }
    }
}

/// The result for the first reply of a lane.
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
        /// The message that it became, if WAHA said.
        message: Option<MessageId>,
        /// The conversation it belongs to.
        conversation: ConversationId,
        /// The message as it goes into the history, JSON.
        data: String,
    },
    /// We gave up on it.
    Dead {
        /// The conversation it belonged to.
        conversation: ConversationId,
        /// The message as it goes into the history, JSON.
        data: String,
        /// Why, for the operator.
        reason: String,
    },
    /// It will be tried again.
    Retry {
        /// When.
        due: Millis,
        /// The reply to try then; this attempt may have changed it.
        again: Reply,
        /// It may have been sent all the same: this doubt is settled first.
        doubt: bool,
        /// The message id that it was sent with, if WAHA gave one in advance.
        id: Option<MessageId>,
    },
    /// It was not tried: any process may try it from `due` on.
    Release {
        /// When.
        due: Millis,
        /// An earlier attempt is still in doubt.
        doubt: bool,
    },
}
