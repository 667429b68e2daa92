//! A turn in progress: its replies and used messages so far, and what all kinds of steps share.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use minijinja::Value;
use minijinja::value::merge_maps;

use crate::clock::Millis;
use crate::flow::answer::said::Said;
use crate::flow::script::built_in_texts::TextKey;
use crate::flow::script::checked_flow::Script;
use crate::flow::script::commands::Command;
use crate::flow::script::reply::FlowReply;
use crate::flow::script::step::Then;
use crate::flow::script::templates::TextId;
use crate::flow::turn::advance::{Advance, Fault, Next};
use crate::flow::turn::state::{FlowStage, State};

/// A step that failed, and why.
pub(crate) struct BrokenStep {
    step: String,
    why: Fault,
}

/// Where a turn is.
pub(crate) enum At<'s> {
    Enter(&'s str),
    Asked(&'s str, u32),
    Done(Next),
}

pub(crate) struct FlowTurn<'s> {
    pub(crate) script: &'s Script,
    pub(crate) unread: &'s [Said],
    pub(crate) now: Millis,
    pub(crate) state: State,
    pub(crate) replies: Vec<FlowReply>,
    pub(crate) used: usize,
    pub(crate) last_used: Option<Range<usize>>,
    /// The unread messages open the conversation, so they are not an answer.
    pub(crate) opening: bool,
    pub(crate) steps: usize,
    pub(crate) faults: Vec<Fault>,
    /// What is remembered of the customer has changed.
    remembers: bool,
}

impl<'s> FlowTurn<'s> {
    pub(crate) fn new(script: &'s Script, state: State, unread: &'s [Said], now: Millis) -> Self {
        FlowTurn {
            script,
            unread,
            now,
            state,
            replies: Vec::new(),
            used: 0,
            last_used: None,
            opening: false,
            steps: 0,
            faults: Vec::new(),
            remembers: false,
        }
    }

    /// Remembers these variables for later conversations, as far as they are saved.
    pub(crate) fn remember(&mut self, variables: &[String]) {
        for variable in variables {
            self.remembers |= self.state.remember(variable);
        }
    }

    /// Closes the conversation if an unread message at `from` or later is a word to leave.
    pub(crate) fn leave(&mut self, step: &str, from: usize) -> Option<At<'s>> {
        let leaves = |said: &Said| self.script.command(said) == Some(Command::Leave);
        let place = self.unread.iter().skip(from).position(leaves)?;
        self.used = from + place + 1;
        self.say_built_in(TextKey::Left);
        Some(self.close(step, "left"))
    }

    /// The step that a saved state names, or the start if the flow no longer has it.
    pub(crate) fn find(&mut self, step: &str) -> &'s str {
        let script = self.script;
        match script.steps.get_key_value(step) {
            Some((name, _)) => name,
            None => {
                self.faults.push(Fault::plain(format!(
                    "step `{step}` no longer exists; restarted at `{}`",
                    script.start
                )));
                &script.start
            }
        }
    }

    /// Adds the unread messages to the opening of the conversation.
    pub(crate) fn extend_opening(&mut self) {
        self.opening = true;
        if self.unread.is_empty() {
            return;
        }
        let before = self.state.variables().get("opening").cloned();
        let said = self.unread.iter().map(Said::text_or_kind);
        let said: Vec<String> = before.into_iter().chain(said).collect();
        self.state.save("opening", &said.join("\n"));
        self.last_used = Some(0..self.unread.len());
    }

    /// The moment at which the silence has lasted for `time`.
    pub(crate) fn after(&self, time: Duration) -> Millis {
        self.state.quiet_since + time
    }

    pub(crate) fn follow(&mut self, from: &str, then: &'s Then) -> At<'s> {
        match then {
            Then::Next(step) => At::Enter(step),
            Then::End(outcome) => self.close(from, outcome),
        }
    }

    pub(crate) fn close(&mut self, step: &str, outcome: &str) -> At<'s> {
        self.state.stage = FlowStage::Closed {
            step: step.to_owned(),
        };
        At::Done(Next::Close {
            outcome: outcome.to_owned(),
            resumable: false,
            asks_rating: false,
        })
    }

    pub(crate) fn say(&mut self, step: &str, text: &TextId) -> Result<(), BrokenStep> {
        match self.script.templates.render(text, self.words()) {
            Ok(text) => {
                self.send(text);
                Ok(())
            }
            Err(error) => Err(broken_template(step, &error)),
        }
    }

    pub(crate) fn say_built_in(&mut self, key: TextKey) {
        let (text, fault) = self.script.templates.built_in(key, self.words());
        self.note_text_fault(key, fault.as_ref());
        self.send(text);
    }

    fn note_text_fault(&mut self, key: TextKey, fault: Option<&minijinja::Error>) {
        let failed = |why| format!("the text `{}` failed: {why}", key.name());
        let fault = fault.map(|error| Fault::of_template(error).map(failed));
        self.faults.extend(fault);
    }

    /// As [`say_built_in`](Self::say_built_in), with variables that only this text knows.
    pub(crate) fn say_built_in_with(&mut self, key: TextKey, own: BTreeMap<&str, String>) {
        let words = merge_maps([self.words(), own.into()]);
        let (text, fault) = self.script.templates.built_in(key, words);
        self.note_text_fault(key, fault.as_ref());
        self.send(text);
    }

    /// The variables for templates.
    pub(crate) fn words(&self) -> Value {
        self.script.words(&self.state, self.now)
    }

    pub(crate) fn send(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.replies.push(FlowReply::text(text));
        }
    }

    /// Closes the conversation with an apology after a step failed, so that the customer does not wait for an answer.
    pub(crate) fn close_after_fault(&mut self, broken: BrokenStep) -> Next {
        let in_step = |why| format!("step `{}`: {why}", broken.step);
        self.faults.push(broken.why.map(in_step));
        self.state.stage = FlowStage::Closed { step: broken.step };
        self.say_built_in(TextKey::Trouble);
        Next::Close {
            outcome: "trouble".to_owned(),
            resumable: false,
            asks_rating: false,
        }
    }

    pub(crate) fn finish(mut self, next: Next) -> Advance {
        // A flow that closes without a question has answered the opening. If its messages stayed unread, they would open
        // the next conversation, again and again.
        if self.opening && self.used == 0 {
            self.used = self.unread.len();
        }
        let joined = |part: fn(&Fault) -> &str| {
            let texts: Vec<&str> = self.faults.iter().map(part).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        };
        let fault = joined(|fault| &fault.logged);
        let fault_with_values = joined(|fault| &fault.with_values);
        Advance {
            remember: self.remembers.then(|| self.state.known.json()),
            state: self.state,
            replies: self.replies,
            next,
            consumed: self.used,
            last_used: self.last_used,
            fault,
            fault_with_values,
        }
    }
}

/// `why` names no values.
pub(crate) fn broken(step: &str, why: impl Into<String>) -> BrokenStep {
    BrokenStep {
        step: step.to_owned(),
        why: Fault::plain(why),
    }
}

pub(crate) fn broken_template(step: &str, error: &minijinja::Error) -> BrokenStep {
    BrokenStep {
        step: step.to_owned(),
        why: Fault::of_template(error),
    }
}
