//! The steps: what a worker does at each point of a flow, and where it leads.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::flow::answer::kind::AnswerKind;
use crate::flow::script::say::Saying;
use crate::flow::script::templates::TextId;

/// What a worker does at one point of a flow.
#[derive(Debug)]
pub(crate) enum Step {
    /// Says these, one message each.
    Say {
        messages: Vec<Saying>,
        then: Then,
    },
    Ask(Question),
    /// Sets variables, in this order.
    Set {
        values: Vec<Assignment>,
        then: Then,
    },
    /// Takes the way of the first condition that holds.
    When {
        cases: Vec<Case>,
        otherwise: String,
    },
    /// Asks the shop's own system.
    Call(Calling),
    /// Hands the customer to a person.
    HandOff(HandOff),
    /// Says nothing for so long, and listens to nobody.
    Wait {
        time: Duration,
        then: Then,
    },
}

/// A wait for a person.
#[derive(Debug)]
pub(crate) struct HandOff {
    pub(crate) texts: Vec<TextId>,
    /// After so long without one, the step that follows; none where the wait lasts until somebody comes.
    pub(crate) nobody: Option<(Duration, String)>,
}

/// A variable and what it is set to.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) variable: String,
    pub(crate) formula: Formula,
}

/// How a value comes about.
#[derive(Debug)]
pub(crate) enum Formula {
    /// A text with `{{ }}` in it, filled in.
    Template(TextId),
    Expression(TextId),
}

#[derive(Debug)]
pub(crate) struct Case {
    /// An expression.
    pub(crate) condition: TextId,
    /// The expression as the author wrote it.
    pub(crate) written: String,
    pub(crate) then: Then,
}

/// Where a flow goes after a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Next(String),
    End(String),
}

#[derive(Debug)]
pub(crate) struct Question {
    /// None listens: it asks nothing, and takes what the customer already wrote.
    pub(crate) text: Option<TextId>,
    /// By the folded form of what the customer writes.
    pub(crate) options: HashMap<String, Choice>,
    /// How answers beside the options are taken; none where only the options count.
    pub(crate) free: Option<Free>,
    pub(crate) save: Option<String>,
    pub(crate) invalid: Option<TextId>,
    /// The invalid answer with this number is the last.
    pub(crate) attempts: u32,
    pub(crate) otherwise: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Choice {
    /// As the author wrote it; this is what is saved.
    pub(crate) written: String,
    pub(crate) then: Then,
}

#[derive(Debug)]
pub(crate) struct Free {
    /// None takes any message.
    pub(crate) expect: Option<AnswerKind>,
    pub(crate) then: Then,
}

/// A step that asks the shop's own system.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) url: String,
    /// Of one try.
    pub(crate) timeout: Duration,
    /// Tries in all.
    pub(crate) attempts: u32,
    /// The steps that the answer may choose beside `then`; none: any.
    pub(crate) may: Option<BTreeSet<String>>,
    /// The variables that the answer may set; none: any.
    pub(crate) save: Option<BTreeSet<String>>,
    /// Where the answer chooses nothing.
    pub(crate) then: Then,
    /// Where there is no answer to go by.
    pub(crate) otherwise: String,
}

impl Calling {
    /// Whether the answer may choose this step.
    pub(crate) fn leads_to(&self, step: &str) -> bool {
        let by_default = matches!(&self.then, Then::Next(next) if next == step);
        let may = |may: &BTreeSet<String>| may.contains(step);
        by_default || self.otherwise == step || self.may.as_ref().is_none_or(may)
    }
}
