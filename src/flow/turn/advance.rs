//! The result of a turn: [`Advance`].

use std::ops::Range;
use std::time::Duration;

use crate::clock::Millis;
use crate::flow::script::reply::FlowReply;
use crate::flow::turn::state::State;

/// The result of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// Where the customer is now.
    pub state: State,
    /// What to send, in order.
    pub replies: Vec<FlowReply>,
    /// What comes next.
    pub next: Next,
    /// How many of the unread messages the flow has used.
    pub consumed: usize,
    /// The unread messages that the flow used last, if it used any: the opening of the conversation, or one answer.
    pub last_used: Option<Range<usize>>,
    /// The flow's mistakes, for the log and the history. A step that failed closed the conversation; if only a
    /// text failed or a step no longer exists, the conversation continued.
    pub fault: Option<String>,
}

/// What comes after a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The flow waits for the customer.
    ///
    /// If the turn used no unread message, the flow pauses: call it again at `wake_at`, with the messages that were left
    /// and those that came since. Calling it earlier changes nothing.
    Wait {
        /// When to advance again if the customer writes nothing.
        wake_at: Millis,
    },
    /// The flow waits for the shop's own system: [`Script::call`](crate::flow::Script::call) says what to ask, and
    /// [`Script::answered`](crate::flow::Script::answered) continues.
    ///
    /// Until then the flow can be advanced with unread messages, but only a word to leave has an effect.
    Call,
    /// The conversation waits for a person.
    HandOff {
        /// When to advance again if nobody comes, counted from now; `None` if it waits without a limit.
        within: Option<Duration>,
    },
    /// The conversation is over.
    Close {
        /// How it ended: the flow's own word, or `left`, `silence`, `invalid`, `trouble`.
        outcome: String,
        /// The customer may come back to the same step.
        resumable: bool,
    },
}
