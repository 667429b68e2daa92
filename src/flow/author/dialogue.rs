//! Dialogues: the tests of a flow, in a file beside it. They say what a customer writes, and what must come back and be saved.

pub(crate) mod difference;
mod play;
mod read;

use std::time::Duration;

use jiff::civil::DateTime;

use crate::flow::answer::said::Said;

/// In `answers`: this call fails.
pub(crate) const FAIL: &str = "fail";

/// One dialogue from the file.
#[derive(Debug, Clone)]
pub struct Dialogue {
    /// What it shows.
    pub name: String,
    /// Its first line, counted from 1.
    pub line: usize,
    pub(crate) customer: Option<String>,
    /// The date and time at which it begins.
    pub(crate) at: Option<DateTime>,
    pub(crate) turns: Vec<DialogueTurn>,
    /// What must hold after the last turn.
    pub(crate) last: ExpectedState,
}

#[derive(Debug, Clone)]
pub(crate) struct DialogueTurn {
    pub(crate) line: usize,
    /// Names the moment after it, for messages.
    pub(crate) when: String,
    pub(crate) does: DialogueMove,
    /// The answers of the shop to calls, in order.
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
    /// Only the shop answers.
    Nothing,
    /// The owner writes, from their own phone.
    Phone(String),
}

#[derive(Debug, Clone)]
pub(crate) struct ExpectedTexts {
    pub(crate) line: usize,
    pub(crate) texts: Vec<String>,
    /// Each must be a part of some reply. Otherwise they are the whole replies.
    pub(crate) parts: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct ExpectedState {
    pub(crate) outcome: Option<(usize, String)>,
    pub(crate) step: Option<(usize, String)>,
    /// What the person should know whom the customer waits for.
    pub(crate) note: Option<(usize, String)>,
    /// The team for whose people the customer waits; empty: anybody.
    pub(crate) team: Option<(usize, String)>,
    /// How urgent it is.
    pub(crate) priority: Option<(usize, String)>,
    pub(crate) saved: Vec<(usize, String, String)>,
}

impl ExpectedState {
    pub(crate) fn is_nothing(&self) -> bool {
        self.outcome.is_none()
            && self.step.is_none()
            && self.note.is_none()
            && self.team.is_none()
            && self.priority.is_none()
            && self.saved.is_empty()
    }
}

/// An answer of the shop; without a body the call fails.
#[derive(Debug, Clone)]
pub(crate) struct ShopAnswer {
    pub(crate) line: usize,
    pub(crate) body: Option<String>,
}

#[cfg(test)]
mod tests;
