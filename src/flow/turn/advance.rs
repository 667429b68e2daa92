//! What comes of a turn.

use std::ops::Range;
use std::time::Duration;

use crate::flow::script::reply::FlowReply;
use crate::flow::turn::state::State;

/// What came of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// Where the customer is now.
    pub state: State,
    /// What to send, in order.
    pub replies: Vec<FlowReply>,
    /// What comes next.
    pub next: Next,
    /// How many of the unread messages were used up.
    pub consumed: usize,
    /// Which of the unread messages the flow has heard last, if it has heard any: what opened the conversation, or one
    /// answer.
    pub heard: Option<Range<usize>>,
    /// What was wrong with the flow, for the log and the history. Where a step broke, the conversation
    /// was closed; where only a text broke or a step was gone, it went on.
    pub fault: Option<String>,
}

/// What comes after a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The customer has the word.
    ///
    /// A turn that used up nothing of what was unread pauses: it wants to be asked again at `wake_at`, with
    /// what was left and what came since, and gains nothing from being asked before.
    Wait {
        /// When to advance again if they say nothing, in milliseconds since the epoch.
        wake_at: u64,
    },
    /// The shop's own system has the word: [`Script::call`](crate::flow::Script::call) tells what to ask it, and [`Script::answered`](crate::flow::Script::answered) goes on.
    ///
    /// Until then the flow can be advanced with what is unread, which only a word to leave changes.
    Call,
    /// The conversation waits for a person.
    HandOff {
        /// When to advance again if nobody comes, counted from now; none where it waits for as long as it takes.
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
