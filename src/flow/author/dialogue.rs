//! Dialogues: what customers of a flow say, what must come back and what must be saved, written beside the flow.

pub(crate) mod difference;
mod play;
mod read;

use std::time::Duration;

use jiff::civil::DateTime;

use crate::flow::answer::said::Said;

/// The answer of a shop that gives none.
pub(crate) const FAIL: &str = "fail";

/// One dialogue, as its author wrote it.
#[derive(Debug, Clone)]
pub struct Dialogue {
    /// What it shows.
    pub name: String,
    /// The line where it begins, counted from 1.
    pub line: usize,
    pub(crate) customer: Option<String>,
    /// The day and the time at which it begins.
    pub(crate) at: Option<DateTime>,
    pub(crate) turns: Vec<DialogueTurn>,
    /// What must hold after the last turn.
    pub(crate) last: ExpectedState,
}

#[derive(Debug, Clone)]
pub(crate) struct DialogueTurn {
    pub(crate) line: usize,
    /// The moment after it, for messages.
    pub(crate) when: String,
    pub(crate) does: DialogueMove,
    /// What the shop answers to calls, in order; none where it does not answer.
    pub(crate) answers: Vec<ShopAnswer>,
    pub(crate) replies: Option<ExpectedTexts>,
    /// The steps that call, in order.
    pub(crate) calls: Option<ExpectedTexts>,
    pub(crate) then: ExpectedState,
}

#[derive(Debug, Clone)]
pub(crate) enum DialogueMove {
    Says(Vec<Said>),
    Waits(Duration),
    /// Only the shop does something.
    Nothing,
    /// The owner writes, from their own phone.
    Phone(String),
}

#[derive(Debug, Clone)]
pub(crate) struct ExpectedTexts {
    pub(crate) line: usize,
    pub(crate) texts: Vec<String>,
    /// Each is a part of some reply, rather than the replies themselves.
    pub(crate) parts: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct ExpectedState {
    pub(crate) outcome: Option<(usize, String)>,
    pub(crate) step: Option<(usize, String)>,
    pub(crate) saved: Vec<(usize, String, String)>,
}

impl ExpectedState {
    pub(crate) fn is_nothing(&self) -> bool {
        self.outcome.is_none() && self.step.is_none() && self.saved.is_empty()
    }
}

/// What the shop answers to a call; without a body it does not answer.
#[derive(Debug, Clone)]
pub(crate) struct ShopAnswer {
    pub(crate) line: usize,
    pub(crate) body: Option<String>,
}

#[cfg(test)]
mod tests;
