//! The result of a turn: [`Advance`].

use std::ops::Range;
use std::time::Duration;

use minijinja::ErrorKind;

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
    /// If this turn changed what is remembered of the customer: all of it, as JSON for [`State::meet`].
    pub remember: Option<String>,
    /// The flow's mistakes, for the log: without any words or figures of a customer. A step that failed closed the
    /// conversation; if only a text failed or a step no longer exists, the conversation continued.
    pub fault: Option<String>,
    /// The same with the values that a template failed with, for the flow's author, whose own answers they are.
    pub fault_with_values: Option<String>,
}

/// A mistake of the flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// For the log: where and what, without values.
    pub(crate) logged: String,
    /// For the flow's author.
    pub(crate) with_values: String,
}

impl Fault {
    /// A fault whose words name no values.
    pub(crate) fn plain(text: impl Into<String>) -> Fault {
        let text = text.into();
        Fault {
            logged: text.clone(),
            with_values: text,
        }
    }

    /// The words of a template's error may quote what a customer wrote, or figures from it.
    pub(crate) fn of_template(error: &minijinja::Error) -> Fault {
        Fault {
            logged: without_values(error),
            with_values: error.to_string(),
        }
    }

    /// The fault with words around it.
    pub(crate) fn map(self, around: impl Fn(String) -> String) -> Fault {
        Fault {
            logged: around(self.logged),
            with_values: around(self.with_values),
        }
    }
}

/// The kind of a template's error and its place; what is unknown is named only where the name can only be the template's own.
fn without_values(error: &minijinja::Error) -> String {
    let names_itself = matches!(
        error.kind(),
        ErrorKind::SyntaxError
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownTest
            | ErrorKind::TemplateNotFound
    );
    let detail = error.detail().filter(|_| names_itself);
    let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
    let place = match (error.name(), error.line()) {
        (Some(name), Some(line)) => format!(" (in {name}:{line})"),
        (Some(name), None) => format!(" (in {name})"),
        (None, _) => String::new(),
    };
    format!("{}{detail}{place}", error.kind())
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
        /// The team whose line the customer joins; empty: the line of all.
        team: String,
        /// Stands before all in this line who are not urgent.
        urgent: bool,
    },
    /// The conversation is over.
    Close {
        /// How it ended: the flow's own word, or `left`, `silence`, `invalid`, `trouble`.
        outcome: String,
        /// The customer may come back to the same step.
        resumable: bool,
        /// The last reply asks for a rating: the next message may be one
        /// ([`Script::read_rating`](crate::flow::Script::read_rating)).
        asks_rating: bool,
    },
}
